import { describe, expect, it } from "vitest";
import { herokuPrefix } from "../../src/core/log-format.ts";
import { compare } from "./comparison.ts";
import { checkTalk, createTally, quantile } from "./oracles.ts";

const at = (ms: number) => new Date(Date.UTC(2026, 10, 21) + ms).toISOString();
const app = (text: string, ms = 0) => `${herokuPrefix(at(ms), "app", "web.1", false)}${text}`;
const own = (text: string) => `${herokuPrefix(at(0), "procman", "procman", false)}${text}`;
const gap = (lines: number) => own(`${lines} lines (99 bytes) are missing here: full`);

describe("tally", () => {
  it.each<[rows: string[], problem: RegExp | undefined]>([
    [[app("#a 1;"), app("#b 1;"), app("#a 2;"), app("anything")], undefined],
    [[app("#a 1;"), gap(2), app("#a 4;")], undefined],
    [[app("#a 1;"), app("#a 1")], undefined],
    [[app("#a 1;"), app("#a 3;")], /lines 2 to 2 of a are missing/],
    [[app("#a 2;")], /lines 1 to 1 of a/],
    [[app("#a 1;"), gap(1), app("#a 4;")], /speak of 1 in all/],
    [[app("#a 1;"), app("#a 3;"), gap(1)], /are missing/],
    [[app("#a 1;"), app("#a 2;"), app("#a 2;")], /behind/],
    [[app("#a 1;"), app("#a 2;"), app("#a 1;")], /behind/],
  ])("%j: %s", (rows, problem) => {
    const tally = createTally();
    const take = () => {
      for (const row of rows) tally.take(row);
    };
    if (problem === undefined) expect(take).not.toThrow();
    else expect(take).toThrow(problem);
  });
});

it("tally knows what a guardian has salvaged", () => {
  const take = (after: "life" | "death", ms: number) => {
    const tally = createTally(after);
    for (const row of [app("#a 1;"), app("#a 9;", ms)]) tally.take(row);
  };
  expect(() => take("death", 1_000)).not.toThrow();
  expect(() => take("death", 1_001)).toThrow(/missing/);
  expect(() => take("life", 1_000)).toThrow(/missing/);
});

describe("comparison of screen and log", () => {
  it.each<[screen: string[], log: string[], problem: RegExp | undefined]>([
    [[app("a"), own("b")], [app("a", 5), own("b")], undefined],
    [[app("a"), app("b"), app("c")], [app("a"), gap(1), app("c")], undefined],
    [[app("a"), app("bcd"), app("c")], [app("a"), app("bc"), gap(1), app("c")], undefined],
    [[app("a"), app("b"), app("c")], [app("a"), app("c"), app("d")], /where the screen has/],
    [[app("a"), app("b")], [app("a")], /1 lines are not in the log/],
    [[app("a")], [app("a"), app("a")], /the log has/],
    [[app("a"), app("b")], [app("a"), gap(2)], /count 1 lines that were never printed/],
    [[app("a"), gap(2), app("d")], [app("a"), app("b"), app("c"), app("d")], undefined],
    [[app("a"), gap(1), app("d")], [app("a"), app("b"), app("c"), app("d")], /the log has/],
    [
      [app("a"), gap(2), app("d"), app("e"), app("f")],
      [app("a"), app("b"), gap(3), app("f")],
      undefined,
    ],
    [[app("a"), gap(3), app("e")], [app("a"), gap(2), app("d"), app("e")], undefined],
  ])("%#", (screen, log, problem) => {
    const check = () => {
      const comparison = compare();
      for (const row of screen) comparison.screen(row);
      for (const row of log) comparison.log(row);
      comparison.end();
    };
    if (problem === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(problem);
  });
});

describe("what was said", () => {
  const said = { status: 0, stdout: "", stderr: "" };

  it.each([
    { stderr: "TypeError: x\n    at go (/a/b.cjs:1:2)\n" },
    { stderr: "node:internal/errors\n" },
    { stderr: "Uncaught Error\n" },
    { status: 134 },
  ])("is refused: %j", (end) => {
    expect(() => checkTalk({ ...said, ...end })).toThrow();
  });

  it.each([{ status: 143 }, { status: 3, stderr: "procman is not running at all\n" }])(
    "is fine: %j",
    (end) => {
      expect(() => checkTalk({ ...said, ...end })).not.toThrow();
    },
  );
});

it("finds a quantile", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2], 0.99)).toBe(2);
});
