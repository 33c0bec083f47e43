import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseHerokuLine } from "../../src/core/log-format.ts";
import { type LogFile, openSegments, type SegmentOptions } from "../../src/logs/segments.ts";
import { createFakeClock } from "../support/fake-clock.ts";

let base = "";
let folder = "";
let clock = createFakeClock();
let troubles: string[] = [];
let opened: LogFile[] = [];

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "procman-test-")));
  mkdirSync(join(base, ".procman"));
  folder = join(base, ".procman", "log");
  clock = createFakeClock();
  troubles = [];
  opened = [];
});

afterEach(async () => {
  for (const log of opened) await log.close();
  rmSync(base, { recursive: true, force: true });
});

/** The log, which takes text. */
interface TextLog extends Pick<LogFile, "close"> {
  write(text: string): Promise<void>;
}

function open(options: Partial<SegmentOptions> = {}): TextLog {
  const log = openSegments(folder, {
    clock,
    onTrouble: (reason) => troubles.push(reason),
    ...options,
  });
  opened.push(log);
  return { close: log.close, write: (text) => log.write(Buffer.from(text, "latin1")) };
}

function nextTry(): void {
  clock.advance(1_000);
}

const active = () => join(folder, "app.log");
const textOf = (name = "app.log") => readFileSync(join(folder, name), "latin1");
const names = () => readdirSync(folder).sort();

function whole(): string {
  return names().map(textOf).join("");
}

/** The text of a line that says what is missing; the bytes and the reason as they are. */
function gaps(text = whole()): readonly string[] {
  return text
    .split("\n")
    .map(parseHerokuLine)
    .filter((line) => line?.source === "procman" && line.text.includes("missing"))
    .map((line) => line?.text ?? "");
}

const permissionsOf = (path: string) => lstatSync(path).mode & 0o777;

describe("what is written", () => {
  it("stands in app.log byte for byte, appended", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, code) => code)).toString("latin1");
    const log = open();
    await log.write(`${bytes}\n`);
    await log.write("second\n");
    expect(textOf()).toBe(`${bytes}\nsecond\n`);
  });

  it("is for its owner only, also what was there before", async () => {
    mkdirSync(folder);
    writeFileSync(active(), "before\n");
    chmodSync(folder, 0o755);
    chmodSync(active(), 0o644);
    await open().write("a\n");
    expect([permissionsOf(folder), permissionsOf(active())]).toEqual([0o700, 0o600]);
    expect(textOf()).toBe("before\na\n");
  });

  it("makes the folder, and the one it is in", async () => {
    rmSync(join(base, ".procman"), { recursive: true });
    await open().write("a\n");
    expect([permissionsOf(folder), permissionsOf(join(base, ".procman"))]).toEqual([0o700, 0o700]);
  });

  it("begins with a newline behind a line that was torn", async () => {
    mkdirSync(folder);
    writeFileSync(active(), "whole\nto");
    await open().write("a\n");
    expect(textOf()).toBe("whole\nto\na\n");
  });
});

describe("a full segment", () => {
  it("is renamed to the next number, and the oldest goes", async () => {
    const log = open({ segmentBytes: 11, segments: 3 });
    for (const text of ["one\n", "two\n", "three\n", "four\n", "five\n", "six\n"]) {
      await log.write(text);
    }
    expect(names()).toEqual(["app.000001.log", "app.000002.log", "app.log"]);
    await log.write("seven\n");
    expect(names()).toEqual(["app.000002.log", "app.000003.log", "app.log"]);
    expect(whole()).toBe("three\nfour\nfive\nsix\nseven\n");
  });

  it("is left as it is, for readers who have it open", async () => {
    const log = open({ segmentBytes: 10 });
    await log.write("one\ntwo\n");
    const { ino } = lstatSync(active());
    await log.write("three\n");
    expect(lstatSync(join(folder, "app.000001.log")).ino).toBe(ino);
  });

  it("has the number after those that were there", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "app.000041.log"), "old\n");
    writeFileSync(active(), "recent\n");
    await open({ segmentBytes: 8 }).write("new\n");
    expect(names()).toEqual(["app.000041.log", "app.000042.log", "app.log"]);
  });

  it("is ended at the end of a line when the text is longer", async () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join("");
    await open({ segmentBytes: 64, segments: 99 }).write(lines);
    expect(whole()).toBe(lines);
    for (const name of names()) expect(textOf(name).endsWith("\n")).toBe(true);
  });

  it("is thrown away when there may be only one", async () => {
    const log = open({ segmentBytes: 8, segments: 1 });
    for (const text of ["one\n", "two\n", "three\n"]) await log.write(text);
    expect([names(), textOf()]).toEqual([["app.log"], "three\n"]);
  });

  it("and others go, when fewer or smaller ones are allowed than before", async () => {
    mkdirSync(folder);
    for (const number of [1, 2, 3, 4]) {
      writeFileSync(join(folder, `app.00000${number}.log`), "x".repeat(50));
    }
    writeFileSync(active(), `${"y".repeat(60)}\n`);
    await open({ segmentBytes: 70, segments: 2 }).write("a\n");
    expect(names()).toEqual(["app.000004.log", "app.log"]);
  });

  it("leaves alone what is none", async () => {
    mkdirSync(join(folder, "app.000009.log"), { recursive: true });
    writeFileSync(join(folder, "notes.txt"), "mine\n");
    const log = open({ segmentBytes: 4, segments: 1 });
    await log.write("one\n");
    await log.write("two\n");
    expect(names()).toEqual(["app.000009.log", "app.log", "notes.txt"]);
    rmSync(join(folder, "app.000009.log"), { recursive: true });
    rmSync(join(folder, "notes.txt"));
  });

  it("never makes more files or bytes than allowed, and what is left is the end of it all", async () => {
    const line = fc.integer({ min: 0, max: 30 }).map((length) => `${"x".repeat(length)}\n`);
    const text = fc.array(line, { minLength: 1, maxLength: 12 }).map((lines) => lines.join(""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 25 }),
        fc.integer({ min: 31, max: 120 }),
        fc.integer({ min: 1, max: 4 }),
        async (texts, segmentBytes, segments) => {
          rmSync(folder, { recursive: true, force: true });
          const log = open({ segmentBytes, segments });
          for (const text of texts) {
            await log.write(text);
            expect(names().length).toBeLessThanOrEqual(segments);
            for (const name of names()) {
              expect(lstatSync(join(folder, name)).size).toBeLessThanOrEqual(segmentBytes);
            }
            expect(whole().endsWith("\n")).toBe(true);
          }
          await log.close();
          if (texts.length > 0) expect(texts.join("").endsWith(whole())).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
    expect(troubles).toEqual([]);
  });
});

describe("what was planted is refused:", () => {
  const victim = () => join(base, "victim");

  async function writeAndMiss(): Promise<void> {
    await open().write("secret\n");
    expect(troubles.length).toBe(1);
  }

  it("a symlink for the file", async () => {
    mkdirSync(folder);
    writeFileSync(victim(), "victim\n");
    symlinkSync(victim(), active());
    await writeAndMiss();
    expect(troubles[0]).toBe(`${active()} is a symbolic link`);
    expect(readFileSync(victim(), "utf8")).toBe("victim\n");
  });

  it("a symlink for the folder", async () => {
    mkdirSync(victim());
    symlinkSync(victim(), folder);
    await writeAndMiss();
    expect(troubles[0]).toBe(`${folder} is not a folder`);
    expect(readdirSync(victim())).toEqual([]);
  });

  it("a second name of another file", async () => {
    mkdirSync(folder);
    writeFileSync(victim(), "victim\n");
    linkSync(victim(), active());
    await writeAndMiss();
    expect(readFileSync(victim(), "utf8")).toBe("victim\n");
  });

  it("a FIFO that nobody reads", async () => {
    mkdirSync(folder);
    execFileSync("mkfifo", [active()]);
    await writeAndMiss();
  });

  it("a folder", async () => {
    mkdirSync(active(), { recursive: true });
    await writeAndMiss();
  });

  it.runIf(process.getuid?.() === 0)("a file of another user (needs root)", async () => {
    mkdirSync(folder);
    writeFileSync(active(), "theirs\n");
    execFileSync("chown", ["12345", active()]);
    await writeAndMiss();
    expect(textOf()).toBe("theirs\n");
  });

  it("a symlink that takes the file's place later", async () => {
    const log = open();
    await log.write("one\n");
    rmSync(active());
    writeFileSync(victim(), "victim\n");
    symlinkSync(victim(), active());
    await log.write("two\n");
    expect(readFileSync(victim(), "utf8")).toBe("victim\n");
    rmSync(active());
    nextTry();
    await log.write("three\n");
    expect(gaps()).toEqual([`1 lines (4 bytes) are missing here: ${active()} is a symbolic link`]);
    expect(textOf().endsWith("\nthree\n")).toBe(true);
  });
});

describe("what was taken away", () => {
  it.each<[what: string, take: () => void]>([
    ["the file", () => rmSync(active())],
    ["the folder", () => rmSync(folder, { recursive: true })],
    ["the folder it is in", () => rmSync(join(base, ".procman"), { recursive: true })],
    ["the file, renamed", () => renameSync(active(), join(base, "mine"))],
  ])("is made again, and no line is missing: %s", async (_, take) => {
    const log = open();
    await log.write("one\n");
    take();
    await log.write("two\n");
    await log.write("three\n");
    expect([names(), textOf()]).toEqual([["app.log"], "two\nthree\n"]);
    expect(troubles).toEqual([]);
  });

  it("does not come back with the whole app", async () => {
    const log = open();
    await log.write("one\n");
    rmSync(base, { recursive: true });
    await log.write("two\n");
    expect(existsSync(base)).toBe(false);
    expect(troubles.length).toBe(1);
  });

  it("gives its room back when the file was emptied", async () => {
    const log = open({ segmentBytes: 10 });
    await log.write("one\ntwo\n");
    truncateSync(active());
    await log.write("three\n");
    expect([names(), textOf()]).toEqual([["app.log"], "three\n"]);
  });
});

describe("what cannot be written", () => {
  /** Stands in the way, as a file where the folder should be. */
  const block = () => writeFileSync(folder, "");
  const unblock = () => rmSync(folder);

  it("is counted, and the place says so once it works again", async () => {
    const log = open();
    block();
    await log.write("one\ntwo\n");
    await log.write("three\n");
    unblock();
    nextTry();
    await log.write("four\n");
    const [gap, four, end] = textOf().split("\n");
    expect(parseHerokuLine(gap ?? "")).toMatchObject({
      source: "procman",
      name: "procman",
      text: `3 lines (14 bytes) are missing here: ${folder} is not a folder`,
    });
    expect([four, end]).toEqual(["four", ""]);
    expect(troubles).toEqual([`${folder} is not a folder`]);
  });

  it("is tried again no more than once a second, however much comes", async () => {
    const log = open();
    block();
    await log.write("one\n");
    unblock();
    for (const byMs of [1, 499, 499]) {
      clock.advance(byMs);
      await log.write("lost\n");
      expect(existsSync(folder)).toBe(false);
    }
    clock.advance(1);
    await log.write("two\n");
    expect(gaps()[0]).toContain("4 lines (19 bytes)");
  });

  it("is told of though nothing comes any more, as soon as it works again", async () => {
    const log = open();
    block();
    await log.write("one\n");
    nextTry();
    // Behind the try, which takes its turn.
    await log.write("two\n");
    unblock();
    nextTry();
    await log.write("");
    expect(gaps()[0]).toContain("2 lines (8 bytes)");
    expect(clock.armed()).toBe(0);
  });

  it("is tried again by nobody while all is well", async () => {
    await open().write("one\n");
    expect(clock.armed()).toBe(0);
  });

  it("is told of each time", async () => {
    const log = open();
    for (const text of ["one\n", "two\n"]) {
      rmSync(folder, { recursive: true, force: true });
      block();
      await log.write(text);
      unblock();
      nextTry();
      await log.write("fine\n");
      expect(gaps().length).toBe(1);
      nextTry();
    }
    expect(troubles.length).toBe(2);
  });

  it("is told of at the end, without waiting", async () => {
    const log = open();
    block();
    await log.write("one\n");
    unblock();
    await log.close();
    expect(gaps()[0]).toContain("1 lines (4 bytes)");
  });

  it("is told to who closes it when the log cannot tell", async () => {
    const log = open();
    block();
    await log.write("one\n");
    expect(await log.close()).toBe(
      `1 lines (4 bytes) are missing at the end of the log on disk: ${folder} is not a folder`,
    );
    expect(troubles.length).toBe(1);
    expect(clock.armed()).toBe(0);
  });
});

/** Lines that fill what room there is, and more. */
function fill(): string {
  return Array.from({ length: 3_000 }, (_, index) => `line ${index} ${"x".repeat(40)}\n`).join("");
}

/** Every line that was handed in is there or was counted, and those that are there are in order. */
function expectAll(text: string, written: string): void {
  const lines = written.split("\n").slice(0, -1);
  const there = text.split("\n").filter((line) => lines.includes(line));
  expect(there).toEqual(lines.filter((line) => there.includes(line)));
  const counted = gaps(text).map((gap) => Number.parseInt(gap, 10));
  expect(there.length + counted.reduce((sum, count) => sum + count, 0)).toBe(lines.length);
}

describe("a disk that is full in the middle of a line", () => {
  function tryMount(): string | undefined {
    mkdirSync(folder);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "pipe" });
      return undefined;
    } catch (error) {
      return String(error);
    }
  }

  it("leaves a gap, and is used again when there is room", async (context) => {
    const problem = tryMount();
    if (problem !== undefined) context.skip(`a small disk cannot be mounted here: ${problem}`);
    try {
      const ballast = join(folder, "ballast");
      writeFileSync(ballast, "x".repeat(32_768));
      const log = open();
      const written = fill();
      await log.write(written);
      await log.write("line a\n");
      rmSync(ballast);
      nextTry();
      await log.write("line b\n");
      await log.close();
      expectAll(textOf(), `${written}line a\nline b\n`);
      expect(gaps().map((gap) => gap.slice(gap.indexOf(":")))).toEqual([": the disk is full"]);
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  /** Of this process, for every file. */
  function limitFiles(size: string): void {
    execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${size}:`]);
  }

  const hasLimits = existsSync("/usr/bin/prlimit");
  it.runIf(hasLimits)("does the same for a limit (needs prlimit)", async () => {
    const log = open();
    const written = fill();
    limitFiles("30000");
    try {
      await log.write(written);
    } finally {
      limitFiles("unlimited");
    }
    nextTry();
    await log.write("line b\n");
    expectAll(textOf(), `${written}line b\n`);
    expect(gaps()[0]).toContain("are missing here: the file may not grow any more (EFBIG)");
  });

  it.runIf(hasLimits)("does not count a line of which only the end is missing", async () => {
    const log = open();
    const written = fill();
    limitFiles(String(written.indexOf("\n", 30_000)));
    try {
      await log.write(written);
    } finally {
      limitFiles("unlimited");
    }
    nextTry();
    await log.write("line b\n");
    expectAll(textOf(), `${written}line b\n`);
  });
});
