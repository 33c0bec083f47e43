import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseHerokuLine } from "../../src/core/log-format.ts";
import type { LogQuery } from "../../src/core/log-query.ts";
import { followLog, type NewLines, nextOf } from "../../src/logs/follow-log.ts";
import {
  type Position,
  parsePosition,
  printPosition,
  startOfLog,
} from "../../src/logs/position.ts";
import { readHistory } from "../../src/logs/read-history.ts";
import { everything, logLine, makeLogFolder } from "../support/log-files.ts";
import { buildLogWriter, type LogWriterProgram } from "../support/log-writer.ts";

let writer: LogWriterProgram;

beforeAll(() => {
  writer = buildLogWriter();
});

afterAll(() => writer[Symbol.dispose]());

interface Follower extends AsyncDisposable {
  /** Reads on until there are so many lines more, and gives these. */
  lines(count: number): Promise<readonly string[]>;
  position(): Position;
}

function follow(
  path: string,
  position: Position,
  query: Partial<LogQuery> = {},
  givenUp: AbortSignal = new AbortController().signal,
): Follower {
  const stream = followLog(path, { ...everything, ...query }, position, givenUp);
  let last = position;
  let rest: string[] = [];
  return {
    async lines(count) {
      while (rest.length < count) {
        const next = await stream.next();
        if (next.done) throw new Error(`ended after ${rest.join(", ")}`);
        last = next.value.position;
        rest.push(...linesOf(next.value.text));
      }
      const taken = rest.slice(0, count);
      rest = rest.slice(count);
      return taken;
    },
    position: () => last,
    async [Symbol.asyncDispose]() {
      await stream.return();
    },
  };
}

/** The texts of lines; one that is none makes the test fail. */
function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => parseHerokuLine(line)?.text ?? `not a line: ${line}`);
}

const line = (text: string, name = "web.1") => logLine(name, text);
const gap =
  "lines are missing here, nobody knows how many: they were deleted before they were read";

async function endOf(path: string): Promise<Position> {
  return (await readHistory(path, everything, 0)).position;
}

describe("what comes after", () => {
  it.each<[numbers: number[], current: number, isThere: boolean, next: unknown]>([
    [[], 0, false, undefined],
    [[1], 0, false, { number: 1, isGap: false }],
    [[1, 2], 1, true, { number: 2, isGap: false }],
    [[1, 2], 2, true, undefined],
    [[4, 5, 6], 3, false, { number: 4, isGap: false }],
    [[5, 6], 3, false, { number: 5, isGap: true }],
    [[1, 3], 1, true, { number: 3, isGap: true }],
    // The log was deleted, and has begun anew.
    [[1], 1, false, { number: 1, isGap: false }],
    [[1], 7, false, { number: 1, isGap: false }],
    [[1, 2], 1, false, { number: 1, isGap: false }],
    [[2, 3], 7, false, { number: 2, isGap: true }],
    // Only this one was deleted.
    [[4, 5, 7], 6, false, { number: 7, isGap: false }],
  ])("of %j, the %d, there: %s", (numbers, current, isThere, next) => {
    expect(nextOf(numbers, current, isThere)).toEqual(next);
  });
});

describe("a follower", () => {
  it("gets what is there behind its place, and what comes", async () => {
    using folder = makeLogFolder();
    folder.write([line("a") + line("b")]);
    await using follower = follow(folder.path, startOfLog);
    expect(await follower.lines(2)).toEqual(["a", "b"]);
    const next = follower.lines(1);
    appendFileSync(join(folder.path, "app.log"), line("c"));
    expect(await next).toEqual(["c"]);
  });

  it("gets what its query means, and nothing else", async () => {
    using folder = makeLogFolder();
    folder.write([line("a") + line("b", "worker.1")]);
    await using follower = follow(folder.path, startOfLog, { types: ["worker"] });
    expect(await follower.lines(1)).toEqual(["b"]);
    appendFileSync(join(folder.path, "app.log"), line("c"));
    const next = follower.lines(1);
    appendFileSync(join(folder.path, "app.log"), line("d", "worker.1"));
    expect(await next).toEqual(["d"]);
  });

  it("gets a line when it is whole", async () => {
    using folder = makeLogFolder();
    const whole = line("whole");
    folder.write([line("a") + whole.slice(0, 50)]);
    await using follower = follow(folder.path, startOfLog);
    expect(await follower.lines(1)).toEqual(["a"]);
    const next = follower.lines(2);
    appendFileSync(join(folder.path, "app.log"), whole.slice(50, 60));
    appendFileSync(join(folder.path, "app.log"), whole.slice(60) + line("b"));
    expect(await next).toEqual(["whole", "b"]);
  });

  it("waits for a log that is not there yet", async () => {
    using folder = makeLogFolder();
    await using follower = follow(folder.path, startOfLog);
    const next = follower.lines(1);
    folder.write([line("first")]);
    expect(await next).toEqual(["first"]);
  });

  it("goes on where a printed position says", async () => {
    using folder = makeLogFolder();
    folder.write([line("a"), line("b")]);
    const position = parsePosition(printPosition(await endOf(folder.path))) ?? startOfLog;
    appendFileSync(join(folder.path, "app.log"), line("c"));
    renameSync(join(folder.path, "app.log"), join(folder.path, "app.000002.log"));
    writeFileSync(join(folder.path, "app.log"), line("d"));
    await using follower = follow(folder.path, position);
    expect(await follower.lines(2)).toEqual(["c", "d"]);
    appendFileSync(join(folder.path, "app.log"), line("e"));
    await using later = follow(folder.path, follower.position());
    expect(await later.lines(1)).toEqual(["e"]);
  });

  it("reads the torn end of a segment as a line", async () => {
    using folder = makeLogFolder();
    folder.write([line("a").slice(0, -1), line("b")]);
    await using follower = follow(folder.path, startOfLog);
    expect(await follower.lines(2)).toEqual(["a", "b"]);
  });

  it("reads a segment to its end after it was renamed, and after it was deleted", async () => {
    using folder = makeLogFolder();
    folder.write([line("a")]);
    await using follower = follow(folder.path, startOfLog);
    expect(await follower.lines(1)).toEqual(["a"]);
    appendFileSync(join(folder.path, "app.log"), line("b"));
    folder.write([line("other"), line("c"), line("d")], 2);
    rmSync(join(folder.path, "app.000002.log"));
    expect(await follower.lines(4)).toEqual(["b", gap, "c", "d"]);
  });

  it("goes on when the log is deleted and made anew", async () => {
    using folder = makeLogFolder();
    folder.write([line("a"), line("b"), line("c")]);
    await using follower = follow(folder.path, startOfLog);
    expect(await follower.lines(3)).toEqual(["a", "b", "c"]);
    const next = follower.lines(1);
    rmSync(join(folder.path, ".."), { recursive: true });
    folder.write([line("d")]);
    expect(await next).toEqual(["d"]);
  });

  it("says so when its place is gone", async () => {
    using folder = makeLogFolder();
    folder.write([line("a") + line("b")]);
    const position = await endOf(folder.path);
    folder.write([line("c")], 9);
    rmSync(join(folder.path, "app.log"));
    writeFileSync(join(folder.path, "app.log"), line("c") + line("d") + line("e"));
    for (const gone of [
      { ...position, number: 7 },
      { ...position, ino: position.ino + 1_000_000 },
      { ...position, offsetBytes: position.offsetBytes + 3 },
      { ...position, offsetBytes: 1_000_000 },
    ]) {
      await using follower = follow(folder.path, gone);
      expect(await follower.lines(4)).toEqual([gap, "c", "d", "e"]);
    }
  });

  it("begins again, and says so, when the file was emptied", async () => {
    using folder = makeLogFolder();
    folder.write([line("a")]);
    await using follower = follow(folder.path, startOfLog);
    expect(await follower.lines(1)).toEqual(["a"]);
    const next = follower.lines(1);
    truncateSync(join(folder.path, "app.log"));
    expect(await next).toEqual([gap]);
    appendFileSync(join(folder.path, "app.log"), line("b"));
    expect(await follower.lines(1)).toEqual(["b"]);
  });

  it("ends when it is given up, also while it waits", async () => {
    using folder = makeLogFolder();
    folder.write([line("a")]);
    for (const path of [folder.path, join(folder.path, "none")]) {
      const givenUp = new AbortController();
      const position = path === folder.path ? await endOf(path) : startOfLog;
      const stream = followLog(path, everything, position, givenUp.signal);
      const next = stream.next();
      givenUp.abort();
      expect(await next).toEqual({ done: true, value: undefined });
    }
  });

  it("never holds more than a piece", async () => {
    using folder = makeLogFolder();
    folder.write([line("x".repeat(60_000)).repeat(50), "no end ".repeat(100_000)]);
    const stream = followLog(folder.path, everything, startOfLog, new AbortController().signal);
    const pieces: NewLines[] = [];
    let bytes = 0;
    while (bytes < 3_000_000) {
      const next = await stream.next();
      if (next.done) break;
      pieces.push(next.value);
      bytes += next.value.text.length;
    }
    await stream.return();
    for (const { text } of pieces) expect(text.length).toBeLessThanOrEqual(256 * 2 ** 10 + 1);
  });
});

describe("beside a writer in another process", () => {
  const count = 3_000;
  const expected = Array.from({ length: count }, (_, index) => `line ${index}`);

  it("gets every line once, in order, over more than 50 rotations", async () => {
    using folder = makeLogFolder();
    await using follower = follow(folder.path, startOfLog);
    mkdirSync(folder.path, { recursive: true });
    writer.start(folder.path, { count, segmentBytes: 3_000, segments: 1_000 });
    expect(await follower.lines(count)).toEqual(expected);
    expect(readdirSync(folder.path).length).toBeGreaterThan(50);
  });

  it("gets each line once between history and live, whenever it begins", async () => {
    using folder = makeLogFolder();
    mkdirSync(folder.path, { recursive: true });
    const child = writer.start(folder.path, { count, segmentBytes: 20_000, segments: 1_000 });
    await using first = follow(folder.path, startOfLog);
    const watched: Promise<readonly string[]>[] = [];
    for (let begun = 0; begun < 10; begun += 1) {
      await first.lines(count / 20);
      const { text, position } = await readHistory(folder.path, everything, count);
      const history = linesOf(text);
      watched.push(
        (async () => {
          await using follower = follow(folder.path, position);
          return [...history, ...(await follower.lines(count - history.length))];
        })(),
      );
    }
    for (const lines of await Promise.all(watched)) expect(lines).toEqual(expected);
    expect(child.pid).toBeGreaterThan(0);
  });

  it("says where lines are missing, when the writer is too fast", async () => {
    using folder = makeLogFolder();
    mkdirSync(folder.path, { recursive: true });
    await using follower = follow(folder.path, startOfLog);
    writer.start(folder.path, { count, segmentBytes: 1_000, segments: 2 });
    let last = -1;
    while (last < count - 1) {
      const [text = ""] = await follower.lines(1);
      if (text === gap) {
        const [after = ""] = await follower.lines(1);
        expect(numberOf(after)).toBeGreaterThan(last);
        last = numberOf(after);
      } else {
        expect(numberOf(text)).toBe(last + 1);
        last += 1;
      }
    }
  });
});

function numberOf(text: string): number {
  return Number(/^line (\d+)$/.exec(text)?.[1]);
}
