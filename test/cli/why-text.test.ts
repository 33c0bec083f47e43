import { describe, expect, it } from "vitest";
import { type Account, formatAccounts } from "../../src/cli/why-text.ts";

const nowMs = Date.UTC(2026, 10, 21, 14, 32, 1);
const now = { timeMs: nowMs, offsetMinutes: 0 };

function timeOf(agoMs: number): string {
  return new Date(nowMs - agoMs).toISOString();
}

function account(name: string, given: Partial<Account> = {}): Account {
  return {
    name,
    type: name.replace(/\.\d+$/, ""),
    state: "up",
    updated_at: timeOf(4_000),
    restarts: 0,
    restart_in_ms: null,
    reason: null,
    failures: 0,
    last_end: null,
    ran_well: null,
    changes: null,
    lines: [],
    ...given,
  };
}

const failed = {
  code: 1,
  cause: "exited with code 1 after 3 s",
  asked: false,
  started_at: timeOf(8_000),
  ended_at: timeOf(5_000),
};
const crashed = { state: "crashed", last_end: failed, restart_in_ms: 1_900 };
const unchanged = { added: [], removed: [], changed: [] };

describe("a process with which nothing is wrong", () => {
  it.each<[name: string, given: Partial<Account>, text: string]>([
    ["up", {}, "is up since 2026/11/21 14:31:57 +0000 (~ 4s ago); nothing is wrong with it"],
    [
      "up again after somebody restarted it",
      { last_end: { ...failed, asked: true }, restarts: 1 },
      "is up since 2026/11/21 14:31:57 +0000 (~ 4s ago); nothing is wrong with it",
    ],
    [
      "that has ended well",
      { state: "exited", last_end: { ...failed, code: 0 } },
      "has ended well, 2026/11/21 14:31:57 +0000 (~ 4s ago); start it again with: procman restart web.1",
    ],
    [
      "that was stopped",
      { state: "down", last_end: { ...failed, asked: true } },
      "is stopped since 2026/11/21 14:31:57 +0000 (~ 4s ago); start it again with: procman restart web.1",
    ],
  ])("%s", (_, given, text) => {
    expect(formatAccounts([account("web.1", given)], now)).toBe(`web.1 ${text}\n`);
  });
});

describe("a process that has failed", () => {
  it("has its cause, its last lines and what comes next", () => {
    const lines = ["one", "two"].map((text) => ({ time: timeOf(6_000), text }));
    const one = account("web.1", { ...crashed, restarts: 4, failures: 3, lines });
    expect(formatAccounts([one], now)).toBe(
      [
        "=== web.1: crashed",
        "cause     exited with code 1 after 3 s",
        "ended     2026/11/21 14:31:56 +0000 (~ 5s ago)",
        "restarts  4, 3 failures in a row",
        "next      started again in 1.9 s; at once with: procman restart web.1",
        "changed   unknown; it has not run well yet",
        "printed   one",
        "          two",
        "",
      ].join("\n"),
    );
  });

  it.each<[state: string, next: string]>([
    [
      "parked",
      "none, because trying again cannot help; mend what is wrong, then: procman restart web.1",
    ],
    ["exited", "none; start it with: procman restart web.1"],
    ["down", "none; start it with: procman restart web.1"],
    ["up", "none; it is up since 2026/11/21 14:31:57 +0000 (~ 4s ago)"],
  ])("and is %s", (state, next) => {
    const text = formatAccounts([account("web.1", { state, last_end: failed })], now);
    expect(text).toContain(`\nnext      ${next}\n`);
    expect(text).toContain("\nprinted   nothing that the log has kept\n");
  });

  it.each<[name: string, given: Partial<Account>, text: string]>([
    [
      "nothing",
      { changes: { command: null, environment: unchanged } },
      "it ran well until 2026/11/21 14:31:41 +0000 (~ 20s ago); neither its command nor its environment has changed",
    ],
    [
      "its command and its environment",
      {
        changes: {
          command: { before: "node a.js", now: "node b.js" },
          environment: { added: ["A", "B"], removed: ["C"], changed: ["D"] },
        },
      },
      [
        "it ran well until 2026/11/21 14:31:41 +0000 (~ 20s ago)",
        "command: node a.js",
        "    now: node b.js",
        "environment: A, B added",
        "environment: C removed",
        "environment: D changed",
      ].join(`\n${" ".repeat(10)}`),
    ],
    [
      "nothing, as it runs well again",
      {
        state: "up",
        ran_well: { until: null },
        changes: { command: null, environment: unchanged },
      },
      "it runs well now; neither its command nor its environment has changed",
    ],
  ])("after %s has changed", (_, given, text) => {
    const one = { ...crashed, ran_well: { until: timeOf(20_000) }, ...given };
    expect(formatAccounts([account("web.1", one)], now)).toContain(`\nchanged   ${text}\nprinted`);
  });

  it("has a giant line cut off", () => {
    const lines = [{ time: timeOf(6_000), text: "x".repeat(1_001) }];
    const text = formatAccounts([account("web.1", { ...crashed, lines })], now);
    expect(text).toContain(`printed   ${"x".repeat(1_000)}…\n`);
  });
});

describe("several processes", () => {
  it("are told of, the worst first, when they have failed", () => {
    const text = formatAccounts(
      [
        account("a.1", { ...crashed, state: "up" }),
        account("a.2"),
        account("a.3", crashed),
        account("b.1", { ...crashed, state: "parked" }),
      ],
      now,
    );
    expect(text.match(/^=== .*/gm)).toEqual(["=== b.1: parked", "=== a.3: crashed", "=== a.1: up"]);
    expect(text).not.toContain("a.2");
  });

  it("have a line each when none has", () => {
    const text = formatAccounts([account("a.1"), account("b.1")], now);
    expect(text).toMatch(/^a\.1 is up .*\nb\.1 is up .*\n$/);
  });
});
