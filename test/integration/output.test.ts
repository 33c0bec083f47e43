import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { linesOf, procfile, Rig, testTimeout } from "../support/rig.ts";
import { peakMemory } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const maxPieceBytes = 64 * 2 ** 10;

/** Checks numbered lines as they come, whoever they are from; keeps none of them. */
class Counter {
  /** For each name, the last number; all before it came in order. */
  readonly numbers = new Map<string, number>();
  /** Lines that are told to be missing, and have not been missed yet. */
  untold = 0;
  /** The first line that was not what had to come. */
  problem: string | undefined;
  readonly #lineBytes: number;
  readonly #partial = new Map<string, string>();
  #rest = "";

  constructor(lineBytes: number) {
    this.#lineBytes = lineBytes;
  }

  readonly take = (bytes: Buffer) => {
    const rows = `${this.#rest}${bytes.toString("latin1")}`.split("\n");
    this.#rest = rows.pop() ?? "";
    for (const row of rows) this.#check(row);
  };

  #check(row: string): void {
    const [, name = "", bar, text = ""] = /^\d\d:\d\d:\d\d (\S+) +([|+]) (.*)$/.exec(row) ?? [];
    if (name === "procman") {
      this.untold += missingIn(row);
      return;
    }
    const line = bar === "+" ? `${this.#partial.get(name)}${text}` : text;
    this.#partial.set(name, line);
    // A piece of a line, whose rest is still to come.
    if (line.length < this.#lineBytes - 1) return;
    const due = (this.numbers.get(name) ?? 0) + 1;
    // Only what has just been told may be missing.
    const number = this.untold > 0 ? Math.max(due, Number.parseInt(line, 10)) : due;
    this.untold -= number - due;
    this.numbers.set(name, number);
    if (line !== `${number} `.padEnd(this.#lineBytes - 1, ".")) this.problem ??= row;
  }
}

describe.concurrent("what a process wrote", () => {
  const rows: readonly (readonly [string, readonly (string | Buffer)[]])[] = [
    ["lines in several pieces", ["ab", "c\nde", "f\ng\n"]],
    [
      "characters that are cut",
      [...Buffer.from("Grüße, 世界 😀\n")].map((byte) => Buffer.of(byte)),
    ],
    ["a last line without a newline", ["first\nlast"]],
    ["blank lines", ["\n\na\n", "\n", "\n"]],
    ["carriage returns", ["1 %\r2 %\r", "\r\n\r\n"]],
    ["NUL bytes", ["a\0b\n\0\n"]],
    ["bytes that are no UTF-8", [Buffer.of(0xff, 0xfe, 0x80, 0x0a, 0xc3), "\n"]],
    ["colours, left on too", ["\x1b[31mred\x1b[0m\n\x1b[1;32mon\n", "still\n"]],
    ["blanks and bars", ["  | x + y |  \n\t\n | \n"]],
    ["a line as long as a piece", [`${"x".repeat(maxPieceBytes)}\n`, "y\n"]],
    ["a line one longer", [`${"x".repeat(maxPieceBytes + 1)}\n`, "y\n"]],
    ["a long line of long characters", [`a${"€".repeat(50_000)}\n`, "y\n"]],
    ["a long line without an end", ["x".repeat(200_000)]],
  ];

  it.each(rows)("comes out byte for byte: %s", async (_, pieces) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.write(...pieces);
    await web.exit(0);
    const { bytes } = await rig.end();
    const text = Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString("latin1");
    expect(linesOf(bytes.toString("latin1"), "web.1")).toEqual(text.replace(/\n$/, "").split("\n"));
  });

  it("shows a line that is not ended, and goes on with it", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.write("name? ");
    await rig.line(/ web\.1 {3}\| name\? $/);
    await web.write("Ada\nhello\n");
    await rig.line(/ web\.1 {3}\+ Ada$/);
    await rig.line(/ web\.1 {3}\| hello$/);
    await rig.stop();
  });

  it("comes in pieces when a line has 10 MB", async () => {
    const lineBytes = 10 * 2 ** 20;
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.flood({ lines: 2, lineBytes, chunkBytes: 100_000 });
    await web.exit(0);
    const { stdout } = await rig.end();
    const text = (number: number) => `${number} `.padEnd(lineBytes - 1, ".");
    expect(linesOf(stdout, "web.1").map((line) => line.length)).toEqual([
      lineBytes - 1,
      lineBytes - 1,
    ]);
    expect(linesOf(stdout, "web.1").every((line, index) => line === text(index + 1))).toBe(true);
    const longest = Math.max(...stdout.split("\n").map((row) => row.length));
    expect(longest).toBeLessThan(maxPieceBytes + 100);
  });

  it("is complete when a program in Node prints 20,000 lines and calls process.exit", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.printAndExit(20_000, 0);
    const { code, stdout } = await rig.end();
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index + 1}`);
    expect(linesOf(stdout, "web.1")).toEqual(lines);
    expect(code).toBe(0);
  });
});

describe.concurrent("much output", () => {
  it("is whole and in order when four processes write at full speed", async () => {
    const [lines, lineBytes] = [200_000, 80];
    const types = ["web", "worker", "clock", "mail"];
    const counter = new Counter(lineBytes);
    await using rig = await Rig.create({ Procfile: procfile(...types) });
    rig.start([], { onOutput: counter.take });
    const children = await Promise.all(types.map((type) => rig.child(`${type}.1`)));
    await Promise.all(
      children.map(async (child, index) => {
        await child.flood({ lines, lineBytes, chunkBytes: 1_000 * 4 ** index });
        await child.exit(0);
      }),
    );
    const { code } = await rig.end();
    expect(counter.problem).toBeUndefined();
    expect(counter.numbers).toEqual(new Map(types.map((type) => [`${type}.1`, lines])));
    expect(code).toBe(0);
  });

  it("is neither lost in silence nor piled up when its reader is slow", async () => {
    const [lines, lineBytes] = [800_000, 80];
    const counter = new Counter(lineBytes);
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start([], { isUnread: true, onOutput: counter.take });
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    const flood = web.flood({ lines, lineBytes, chunkBytes: 50_000 });
    await rig.stuck(web);
    rig.readOn(1);
    await worker.flood({ lines: 1_000, lineBytes, chunkBytes: 50_000 });
    await flood;
    const peak = peakMemory(rig.pid);
    await web.exit(0);
    await worker.exit(0);
    await rig.end();
    expect(counter.problem).toBeUndefined();
    // What came of none after it.
    const lastOf = (name: string) => counter.numbers.get(name) ?? 0;
    expect(counter.untold).toBe(lines - lastOf("web.1") + 1_000 - lastOf("worker.1"));
    expect(peak).toBeLessThan(150 * 2 ** 20);
  });
});

/** How many lines are told to be missing. */
function missingIn(text: string): number {
  const gaps = text.matchAll(/(\d+) lines \(\d+ bytes\) are missing here: nobody took/g);
  return [...gaps].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe.concurrent("a terminal that nobody reads", () => {
  it("holds up no process for long, misses lines that are counted, and the log has them all", async () => {
    const [lines, lineBytes] = [200_000, 80];
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { isUnread: true });
    const web = await rig.child("web.1");
    await web.flood({ lines, lineBytes, chunkBytes: 50_000 });
    expect(await rig.ask("ps")).toMatchObject({ code: 0 });
    await rig.poll("all in the log", () => rig.log().includes(`: ${lines} ...`) || undefined);
    rig.readOn();
    await web.print("read again");
    await rig.line(/read again/);
    const { stdout } = await rig.stop();
    const numbers = linesOf(stdout, "web.1")
      .slice(0, -1)
      .map((line) => Number.parseInt(line, 10));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(numbers.at(-1)).toBe(lines);
    expect(numbers.length).toBeLessThan(lines);
    expect(numbers.length + missingIn(stdout)).toBe(lines);
  });
});

describe.concurrent("the form of the lines", () => {
  it("is JSON with --log-format json", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["--log-format", "json"]);
    const web = await rig.child("web.1");
    await web.write('say "ü"\n\n', Buffer.of(0xff, 0x41, 0x0a));
    await web.exit(0);
    const { stdout } = await rig.end();
    const entries = stdout
      .trimEnd()
      .split("\n")
      .map((row) => JSON.parse(row));
    const times = entries.map(({ time }) => Date.parse(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times).not.toContain(Number.NaN);
    const shown = entries.map(({ time: _, ...rest }) => rest);
    expect(shown[0]).toMatchObject({ source: "procman", name: "web.1" });
    expect(shown.filter(({ source }) => source === "app")).toEqual([
      { source: "app", name: "web.1", text: 'say "ü"' },
      { source: "app", name: "web.1", text: "" },
      { source: "app", name: "web.1", text: "\ufffdA", base64: "/0E=" },
    ]);
  });

  it("is Heroku's with --log-format heroku", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["--log-format", "heroku"]);
    const web = await rig.child("web.1");
    await web.print("Server running");
    const time = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00`;
    await rig.line(new RegExp(String.raw`${time} app\[web\.1\]: Server running$`));
    await rig.line(
      new RegExp(String.raw`${time} procman\[web\.1\]: Starting process with command`),
    );
    await rig.stop();
  });

  it("is the process's own with --no-prefix, but for what procman says", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["--no-prefix"]);
    const web = await rig.child("web.1");
    await web.print("  as it is", "");
    await web.exit(0);
    const { stdout } = await rig.end();
    const rows = stdout.split("\n");
    expect(rows[0]).toMatch(/^procman: web\.1 started with pid /);
    expect(rows.slice(1)).toEqual([
      "  as it is",
      "",
      expect.stringMatching(/^procman: web\.1 exited with code 0 after /),
      "",
    ]);
  });

  it("is not kept on disk with --no-log, but for what procman says", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["--no-log"]);
    const web = await rig.child("web.1");
    await web.print("not to be kept");
    await rig.line(/web\.1 +\| not to be kept$/);
    await web.exit(0);
    await rig.end();
    const log = await rig.read(".procman/log/app.log");
    expect(log).not.toContain("not to be kept");
    expect(log).toContain(" procman[procman]: what the processes print is not kept on disk\n");
    expect(log).toMatch(/ procman\[web\.1\]: Process exited with status 0\n/);
  });

  it.each([
    ["iso", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z web\.1 {3}\| here$/],
    ["off", /^web\.1 {3}\| here$/],
    ["time", /^\d\d:\d\d:\d\d web\.1 {3}\| here$/],
  ])("has the time that --timestamps %s asks for", async (timestamps, line) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["--timestamps", timestamps]);
    const web = await rig.child("web.1");
    await web.print("here");
    await rig.line(line);
    await rig.stop();
  });

  it("is without the output of the types that --quiet names", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start(["-q", "worker"]);
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await worker.print("not shown");
    await worker.exit(0);
    await rig.line(/procman {2}\| worker\.1 exited with code 0/);
    await web.print("shown");
    await rig.line(/\| shown$/);
    const { stdout } = await rig.stop();
    expect(stdout).not.toContain("not shown");
  });

  it("has a colour for each type, which no colour of a process runs into", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start([], { env: { FORCE_COLOR: "1" } });
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await web.print("\x1b[31mred");
    await worker.print("plain");
    const time = String.raw`\d\d:\d\d:\d\d`;
    const [first] = await rig.line(new RegExp(`^.*${time} web.*red$`));
    const [second] = await rig.line(new RegExp(`^.*${time} worker.*plain$`));
    // Each prefix begins by taking back whatever was on, and ends by taking back its own colour.
    const parts = [first, second].map((line) => line.split("\x1b"));
    expect(parts).toEqual([
      ["", expect.stringMatching(/^\[0;\d+m.* web\.1 +\|$/), "[0m ", "[31mred"],
      ["", expect.stringMatching(/^\[0;\d+m.* worker\.1 \|$/), "[0m plain"],
    ]);
    const [web1, worker1] = parts.map(([, prefix = ""]) => prefix.slice(0, prefix.indexOf("m")));
    expect(web1).not.toBe(worker1);
    await rig.stop();
  });

  it.each([
    ["before the command", ["--no-color", "start"], {}],
    ["after the command", ["start", "--no-color"], {}],
    ["by NO_COLOR", ["start"], { NO_COLOR: "1" }],
  ])("has no colour when that is asked for %s", async (_, args, env) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const options = ["--port", String(rig.port)];
    rig.procman([...args, ...options], { env: { FORCE_COLOR: "1", ...env } });
    const web = await rig.child("web.1");
    await web.print("plain");
    await rig.line(/\|.* plain$/);
    const { stdout } = await rig.stop();
    expect(stdout).not.toContain("\x1b");
  });
});

describe.concurrent("stdout", () => {
  it("may be a file", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { under: ["/bin/sh", "-c", 'exec "$@" > log', "sh"] });
    const web = await rig.child("web.1");
    await web.flood({ lines: 5_000, lineBytes: 80, chunkBytes: 7_000 });
    await web.exit(0);
    const { code } = await rig.end();
    const log = await readFile(join(rig.folder, "log"), "utf8");
    expect(linesOf(log, "web.1").map((line) => Number.parseInt(line, 10))).toEqual(
      Array.from({ length: 5_000 }, (_, index) => index + 1),
    );
    expect(code).toBe(0);
  });

  it("may be a file on a disk that is full", async () => {
    const [lines, lineBytes] = [100_000, 80];
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { under: ["/bin/sh", "-c", 'exec "$@" > /dev/full', "sh"] });
    const web = await rig.child("web.1");
    await web.flood({ lines, lineBytes, chunkBytes: 50_000 });
    await web.exit(0);
    const { code, stderr } = await rig.end();
    const [, missing] = /^procman: (\d+) lines .* are missing at the end: /.exec(stderr) ?? [];
    // With those of procman's own: that it was started, and is gone.
    expect([code, missing]).toEqual([0, `${lines + 2}`]);
    expect(rig.log()).toContain(`: ${lines} ..`);
  });

  it("may be a pair of sockets, as Node makes them for its children", async () => {
    const parent = `
      const { spawn } = require("node:child_process");
      const [file, ...args] = process.argv.slice(1);
      const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
      child.stdout.pipe(process.stdout);
      child.once("close", (code) => { process.exitCode = code; });`;
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { under: [process.execPath, "-e", parent] });
    const web = await rig.child("web.1");
    await web.printAndExit(20_000, 3);
    await rig.line(/exited with code 3 after .*; starting it again in /);
    const again = await rig.child("web.1", 2);
    await again.exit(0);
    const { code, stdout } = await rig.end();
    expect(linesOf(stdout, "web.1")).toHaveLength(20_000);
    expect(code).toBe(0);
  });
});
