import { describe, expect, it } from "vitest";
import { type LogRequest, readLogRequest } from "../../src/cli/log-request.ts";
import { everything } from "../support/log-files.ts";

const nowMs = Date.UTC(2026, 10, 21, 14, 32, 1);

function read(options: Readonly<Record<string, string | true>>): LogRequest | { problem: string } {
  return readLogRequest(new Map(Object.entries(options)), nowMs);
}

describe("what procman logs is asked for", () => {
  it("is the last 100 lines of all", () => {
    expect(read({})).toEqual({ query: everything, lines: 100, isFollowed: false });
  });

  it.each<[options: Record<string, string | true>, query: object]>([
    [{ ps: "worker" }, { types: ["worker"], names: [] }],
    [
      { ps: "worker, clock,", dyno: "web.1" },
      { types: ["worker", "clock"], names: ["web.1"] },
    ],
    [{ ps: "worker.2" }, { types: [], names: ["worker.2"] }],
    [{ dyno: "worker" }, { types: ["worker"], names: [] }],
    [{ dyno: "procman" }, { types: ["procman"], names: ["procman"] }],
    [{ ps: "api" }, { types: ["api"], names: ["api"] }],
    [{ source: "app" }, { source: "app" }],
    [{ source: "procman" }, { source: "procman" }],
    [{ source: "router" }, { source: "router" }],
    [{ source: "heroku" }, { source: "system" }],
    [{ since: "10m" }, { sinceMs: nowMs - 600_000 }],
    [{ since: "2h" }, { sinceMs: nowMs - 7_200_000 }],
    [{ since: "30s" }, { sinceMs: nowMs - 30_000 }],
    [{ since: "90" }, { sinceMs: nowMs - 90_000 }],
    [{ since: "999999999d" }, { sinceMs: 0 }],
    [{ since: "2026-11-21T14:32:01.123456+00:00" }, { sinceMs: nowMs + 123 }],
    [{ since: "2026-11-21T15:32:01+01:00" }, { sinceMs: nowMs }],
    [{ since: "2026-11-21 14:32" }, { sinceMs: new Date(2026, 10, 21, 14, 32).getTime() }],
    [{ since: "2026-11-21" }, { sinceMs: new Date(2026, 10, 21).getTime() }],
    [{ grep: "a|b" }, { pattern: /a|b/ }],
  ])("%j", (options, query) => {
    expect(read(options)).toMatchObject({ query });
  });

  it.each<[options: Record<string, string | true>, rest: object]>([
    [{ num: "0" }, { lines: 0 }],
    [{ num: "500", since: "10m" }, { lines: 500 }],
    [{ since: "10m" }, { lines: Number.POSITIVE_INFINITY }],
    [{ tail: true }, { isFollowed: true }],
    [{ follow: true }, { isFollowed: true }],
  ])("%j", (options, rest) => {
    expect(read(options)).toMatchObject(rest);
  });

  it.each<[options: Record<string, string>, problem: string]>([
    [{ num: "-1" }, '--num "-1" is no number of lines; give one such as 500'],
    [{ num: "ten" }, '--num "ten" is no number of lines'],
    [{ ps: "" }, '--ps "" names nothing; give a name such as web or web.1'],
    [{ dyno: "," }, '--dyno "," names nothing'],
    [{ source: "web" }, '--source "web" is no source; give app, procman, router or heroku'],
    [
      { since: "yesterday" },
      '--since "yesterday" is no time; give one such as 30s, 10m, 2h, 1d or',
    ],
    [{ since: "2026-13-01" }, '--since "2026-13-01" is no time'],
    [{ since: "" }, '--since "" is no time'],
    [{ grep: "(" }, '--grep "(" is no regular expression: '],
  ])("%j is refused", (options, problem) => {
    expect(read(options)).toMatchObject({ problem: expect.stringContaining(problem) });
  });
});
