import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogQuery } from "../../src/core/log-query.ts";
import { startOfLog } from "../../src/logs/position.ts";
import { readHistory } from "../../src/logs/read-history.ts";
import { createSelector } from "../../src/logs/select-lines.ts";
import { everything, logLine, makeLogFolder, startMs } from "../support/log-files.ts";

const a = logLine("web.1", "a");
const b = logLine("worker.1", "b");
const c = logLine("web.1", "c");

async function read(path: string, lines: number, query: Partial<LogQuery> = {}): Promise<string> {
  const { text } = await readHistory(path, { ...everything, ...query }, lines);
  return text;
}

describe("the last lines", () => {
  it.each<[lines: number, text: string]>([
    [0, ""],
    [1, c],
    [2, b + c],
    [3, a + b + c],
    [100, a + b + c],
    [Number.POSITIVE_INFINITY, a + b + c],
  ])("%d of three, over two segments", async (lines, text) => {
    using folder = makeLogFolder();
    folder.write([a + b, c]);
    expect(await read(folder.path, lines)).toBe(text);
  });

  it("are none where there is no log, or an empty one", async () => {
    using folder = makeLogFolder();
    expect(await readHistory(folder.path, everything, 10)).toEqual({
      text: "",
      position: startOfLog,
    });
    folder.write([""]);
    const { text, position } = await readHistory(folder.path, everything, 10);
    expect([text, position.number, position.offsetBytes]).toEqual(["", 1, 0]);
  });

  it("are there without app.log too", async () => {
    using folder = makeLogFolder();
    folder.write([a, b]);
    renameSync(join(folder.path, "app.log"), join(folder.path, "app.000002.log"));
    expect(await read(folder.path, 2)).toBe(a + b);
  });

  it("do not have the one that is being written", async () => {
    using folder = makeLogFolder();
    folder.write([a, b + c.slice(0, -1)]);
    const { text, position } = await readHistory(folder.path, everything, 10);
    expect([text, position.offsetBytes]).toEqual([a + b, b.length]);
  });

  it("have one that was torn, and is written no more", async () => {
    using folder = makeLogFolder();
    folder.write([a + b.slice(0, -1), c]);
    expect(await read(folder.path, 2)).toBe(b + c);
    expect(await read(folder.path, 1, { types: ["worker"] })).toBe(b);
  });

  it("come with the pieces that continue them", async () => {
    using folder = makeLogFolder();
    const pieces = [logLine("web.1", "+1"), logLine("web.1", "+2")];
    folder.write([a + b + c + pieces[0], pieces[1] ?? ""]);
    expect(await read(folder.path, 1, { types: ["web"] })).toBe(c + pieces.join(""));
    expect(await read(folder.path, 2, { types: ["web"] })).toBe(a + c + pieces.join(""));
  });

  it("are no more than there is room for", async () => {
    using folder = makeLogFolder();
    folder.write([a + b, c]);
    const room = c.length + b.length;
    expect((await readHistory(folder.path, everything, 9, room)).text).toBe(b + c);
    expect((await readHistory(folder.path, everything, 9, room - 1)).text).toBe(c);
    const query = { ...everything, pattern: /./ };
    expect((await readHistory(folder.path, query, 9, room)).text).toBe(b + c);
  });

  it("are found behind lines longer than what is read at once", async () => {
    using folder = makeLogFolder();
    const giant = logLine("web.1", "x".repeat(3 * 2 ** 20));
    folder.write([a + giant, b + giant + c]);
    expect((await read(folder.path, 4)) === giant + b + giant + c).toBe(true);
    expect(await read(folder.path, 9, { types: ["worker"] })).toBe(b);
  });

  it("since some time need no more to be read than has come since", async () => {
    using folder = makeLogFolder();
    const later = logLine("web.1", "later", { timeMs: startMs + 60_000 });
    folder.write([a.repeat(20_000), a.repeat(20_000) + later]);
    const query = { sinceMs: startMs + 1 };
    expect(await read(folder.path, 9, query)).toBe(later);
  });

  it("are not read from what a symlink shows", async () => {
    using folder = makeLogFolder();
    mkdirSync(folder.path, { recursive: true });
    const victim = join(folder.path, "victim");
    writeFileSync(victim, a);
    symlinkSync(victim, join(folder.path, "app.log"));
    symlinkSync(victim, join(folder.path, "app.000001.log"));
    expect(await read(folder.path, 9)).toBe("");
  });
});

describe("any log", () => {
  const line = fc
    .tuple(
      fc.constantFrom("web.1", "web.2", "worker.1", "procman"),
      fc.constantFrom("app" as const, "procman" as const, "router" as const),
      fc.constantFrom("", "+"),
      // Around the sizes in which a file is read.
      fc.constantFrom(0, 1, 50, 3_000, 65_000),
      fc.constantFrom("error", "fine"),
      fc.integer({ min: 0, max: 3 }),
    )
    .map(([name, source, mark, length, word, seconds]) =>
      logLine(name, `${mark}${word} ${"x".repeat(length)}`, {
        source,
        timeMs: startMs + 1_000 * seconds,
      }),
    );
  const query = fc.record({
    types: fc.subarray(["web", "worker"]),
    names: fc.subarray(["web.2", "procman"]),
    source: fc.constantFrom(undefined, "app" as const, "system" as const, "router" as const),
    sinceMs: fc.constant(undefined),
    pattern: fc.constantFrom(undefined, /error/),
  });

  it("gives the end of what a selection of all its lines gives", async () => {
    using folder = makeLogFolder();
    const segment = fc.array(line, { maxLength: 12 }).map((lines) => lines.join(""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        query,
        fc.integer({ min: 0, max: 12 }),
        async (segments, query, lines) => {
          folder.write(segments);
          const rows = createSelector(query)(Buffer.from(segments.join(""), "latin1"));
          const starts = rows.flatMap(({ isStart }, index) => (isStart ? [index] : []));
          const first = starts.length < lines ? 0 : (starts.at(-lines) ?? 0);
          const expected = lines === 0 ? [] : rows.slice(first);
          const { text } = await readHistory(folder.path, query, lines);
          expect(text === expected.map((row) => row.text).join("")).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });
});
