import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHerokuLine } from "../../src/core/log-format.ts";
import type { LogQuery } from "../../src/core/log-query.ts";
import { createSelector } from "../../src/logs/select-lines.ts";
import { everything, logLine, startMs } from "../support/log-files.ts";

function select(query: Partial<LogQuery>, text: string): readonly string[] {
  const rows = createSelector({ ...everything, ...query })(Buffer.from(text, "latin1"));
  return rows.map((row) => row.text);
}

const log = [
  logLine("web.1", "[worker.1] is a name in a text"),
  logLine("worker.1", "one"),
  logLine("worker.12", "twelve"),
  logLine("worker.1", "exited", { source: "procman" }),
  logLine("procman", "scaled", { source: "procman" }),
  logLine("router", "at=info", { source: "router" }),
  logLine("superworker.1", "another", { timeMs: startMs + 1_000 }),
  "no line of the log procman[worker.1]: at all\n",
];

describe("what a query means", () => {
  it.each<[name: string, query: Partial<LogQuery>, lines: readonly number[]]>([
    ["everything", {}, [0, 1, 2, 3, 4, 5, 6, 7]],
    ["a type", { types: ["worker"] }, [1, 2, 3]],
    ["a type that is the end of another", { types: ["superworker"] }, [6]],
    ["a type that is the beginning of another", { types: ["work"] }, []],
    ["an instance", { names: ["worker.1"] }, [1, 3]],
    ["what is about no instance", { names: ["procman"] }, [4]],
    ["several of them", { types: ["superworker", "web"], names: ["worker.12"] }, [0, 2, 6]],
    ["the same twice", { types: ["worker"], names: ["worker.1"] }, [1, 2, 3]],
    ["a source", { source: "procman" }, [3, 4]],
    ["the router", { source: "router" }, [5]],
    ["the router by its name", { names: ["router"] }, [5]],
    ["the app", { source: "app" }, [0, 1, 2, 6]],
    ["all but the app", { source: "system" }, [3, 4, 5]],
    ["a type and a source", { types: ["worker"], source: "app" }, [1, 2]],
    ["since then", { sinceMs: startMs }, [0, 1, 2, 3, 4, 5, 6]],
    ["since later", { sinceMs: startMs + 1 }, [6]],
    ["until then", { untilMs: startMs }, [0, 1, 2, 3, 4, 5]],
    ["until earlier", { untilMs: startMs - 1 }, []],
    ["only then", { sinceMs: startMs, untilMs: startMs, types: ["worker"] }, [1, 2, 3]],
    ["a pattern", { pattern: /^t|noth/ }, [2, 6]],
    ["a pattern, not in the prefix", { pattern: /worker/ }, [0, 7]],
    ["all of it", { types: ["worker"], source: "app", pattern: /^o/ }, [1]],
  ])("%s", (_, query, lines) => {
    expect(select(query, log.join(""))).toEqual(lines.map((index) => log[index]));
  });

  it("is seen without colours, and as UTF-8", () => {
    const coloured = logLine("web.1", "\x1b[31mcaf\xc3\xa9\x1b[0m!");
    expect(select({ pattern: /^café!$/ }, coloured)).toEqual([coloured]);
  });

  it("includes a last line that lacks its newline", () => {
    const line = logLine("worker.1", "torn");
    for (const query of [{}, { types: ["worker"] }, { source: "app" as const }]) {
      expect(select(query, line.slice(0, -1))).toEqual([line]);
    }
  });
});

describe("the pieces of a line", () => {
  const pieces = [
    logLine("web.1", "Name? "),
    logLine("worker.1", "between"),
    logLine("web.1", "+Bob"),
    logLine("web.1", "+ and more"),
    logLine("web.1", "Bob"),
    logLine("web.1", "+!"),
    logLine("worker.1", "+orphan"),
  ];

  it.each<[name: string, query: Partial<LogQuery>, lines: readonly number[]]>([
    ["of a type", { types: ["web"] }, [0, 2, 3, 4, 5]],
    ["when the first matches", { pattern: /Name/ }, [0, 2, 3]],
    ["from the first that matches on", { pattern: /Bob/ }, [2, 3, 4, 5]],
    ["of a line of another source", { pattern: /between/, source: "app" }, [1, 6]],
  ])("%s", (_, query, lines) => {
    expect(select(query, pieces.join(""))).toEqual(lines.map((index) => pieces[index]));
  });

  it("count with the line that they continue", () => {
    const starts = (query: Partial<LogQuery>) =>
      createSelector({ ...everything, ...query })(Buffer.from(pieces.join(""), "latin1")).map(
        (row) => row.isStart,
      );
    expect(starts({ types: ["web"] })).toEqual([true, false, false, true, false]);
    expect(starts({ pattern: /Bob/ })).toEqual([true, false, true, false]);
  });
});

describe("any bytes", () => {
  it("give the lines that a simple reader finds", () => {
    const word = fc.constantFrom(
      ...["[worker.", "[worker.1]", " procman[", "worker.1", "\xff", "\n", "\r", ": ", "", "x"],
    );
    const line = fc.oneof(
      fc.array(word, { maxLength: 6 }).map((words) => `${words.join("")}\n`),
      fc
        .tuple(
          fc.constantFrom("worker.1", "worker.2", "web.1", "procman"),
          fc.constantFrom<("app" | "procman" | "router")[]>("app", "procman", "router"),
          fc.array(
            word.filter((text) => text !== "\n"),
            { maxLength: 4 },
          ),
        )
        .map(([name, source, words]) => logLine(name, words.join(""), { source })),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const all = lines.join("").split("\n").slice(0, -1);
        const parsed = all.map((text) => ({ text, line: parseHerokuLine(text) }));
        const expected = parsed.filter((row) => row.line?.name.startsWith("worker."));
        expect(select({ types: ["worker"] }, lines.join(""))).toEqual(
          expected.map((row) => `${row.text}\n`),
        );
        const system = parsed.filter(({ line }) => line !== undefined && line.source !== "app");
        expect(select({ source: "system" }, lines.join(""))).toEqual(
          system.map((row) => `${row.text}\n`),
        );
        expect(select({}, lines.join("")).join("")).toBe(lines.join(""));
      }),
    );
  });

  it("never make it fail, in 100,000 mutated lines", () => {
    const random = mulberry(20_261_121);
    const lines = Array.from({ length: 100_000 }, () => mutate(log, random));
    for (const query of [
      {},
      { types: ["worker"] },
      { source: "system" as const },
      { pattern: /o/ },
    ]) {
      select(query, lines.join(""));
    }
    for (const line of lines) parseHerokuLine(line);
    expect(lines.length).toBe(100_000);
  });
});

/** Numbers from 0 to 1, the same for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A line with one byte replaced, one part left out, or its end cut off. */
function mutate(lines: readonly string[], random: () => number): string {
  const pick = (below: number) => Math.floor(random() * below);
  const line = lines[pick(lines.length)] ?? "";
  const at = pick(line.length);
  switch (pick(3)) {
    case 0:
      return line.slice(0, at) + String.fromCharCode(pick(256)) + line.slice(at + 1);
    case 1:
      return line.slice(0, at) + line.slice(at + pick(20));
    default:
      return line.slice(0, at);
  }
}
