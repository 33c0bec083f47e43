/**
 * A folder with a Procfile, the built procman running in it, and children that the test drives.
 * Everything carries a mark, and whoever carries it and outlives procman fails the test.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, constants as files, openSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, Socket } from "node:net";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Client, findClient } from "../../src/control/client.ts";
import { childCommand, type ScriptedChild, Switchboard } from "./scripted-child.ts";
import { findGiven, findSurvivors, type Survivor, writtenBytes } from "./survivors.ts";
import { Waiter } from "./wait.ts";

export const program = fileURLToPath(new URL("../../bin/procman.js", import.meta.url));

const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;

/** Longer than a rig's deadline, which has more to say: for `vi.setConfig`. */
export const testTimeout = 60_000;
const deadlineMs = 45_000;
const disposalMs = 10_000;

/** Who has written nothing each time it was looked at is stuck. */
const stuckTimes = 50;

export interface Command {
  readonly env?: Readonly<Record<string, string>>;
  /** Below the app's folder. */
  readonly folder?: string;
  /** All that comes in; else there is nothing. */
  readonly stdin?: string;
  /** stdout is not read before `readOn`, or the end of procman. */
  readonly isUnread?: boolean;
  /** What is done with stdout, in place of keeping it. */
  readonly onOutput?: (bytes: Buffer) => void;
  /** The words that stand before procman on the command line: it is started by another program. */
  readonly under?: readonly string[];
}

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What a shell has in `$?`, which does not tell a signal from a code above 128. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as it was. */
  readonly bytes: Buffer;
}

/** What came of a procman beside the one that a rig has started. */
export type Answered = Pick<End, "code" | "signal" | "stdout" | "stderr">;

export interface Aside {
  readonly pid: number;
  /** Nobody holds its output any more. */
  readonly ended: Promise<Answered>;
}

export class Rig {
  /** The app's. */
  readonly folder: string;
  /** The first of a block of free ports. */
  readonly port: number;
  readonly #base: string;
  readonly #mark: string;
  readonly #lock: Server;
  readonly #waiter: Waiter;
  readonly #story: Story;
  readonly #board: Switchboard;
  readonly #stdout: Outlet;
  readonly #stderr: Outlet;
  readonly #spared = new Set<number>();
  /** Whoever asks may end a moment later than who is asked. */
  readonly #asides = new Set<number>();
  #process: ChildProcess | undefined;
  #exit: Pick<End, "code" | "signal"> | undefined;
  #survivors: readonly Survivor[] = [];
  #isKilled = false;

  private constructor(made: {
    readonly base: string;
    readonly folder: string;
    readonly mark: string;
    readonly ports: Ports;
    readonly waiter: Waiter;
    readonly story: Story;
    readonly board: Switchboard;
  }) {
    this.#base = made.base;
    this.folder = made.folder;
    this.#mark = made.mark;
    this.port = made.ports.first;
    this.#lock = made.ports.lock;
    this.#waiter = made.waiter;
    this.#story = made.story;
    this.#board = made.board;
    execFileSync("mkfifo", [join(this.#base, "out"), join(this.#base, "err")]);
    const listener = (source: "stdout" | "stderr") => (lines: readonly string[]) => {
      for (const line of lines) this.#story.add(source, line);
      this.#waiter.changed();
    };
    this.#stdout = new Outlet(join(this.#base, "out"), listener("stdout"));
    this.#stderr = new Outlet(join(this.#base, "err"), listener("stderr"));
  }

  /** `name` is that of the app's folder, or a path to it. */
  /** `withinMs` is for all that is waited for, of one test or of all that share it. */
  static async create(
    files: Readonly<Record<string, string>>,
    name = "app",
    withinMs = deadlineMs,
  ): Promise<Rig> {
    // Short: the path of a socket has room for a hundred bytes.
    const base = await mkdtemp(join(tmpdir(), "rig-"));
    const story = new Story();
    const waiter = new Waiter(withinMs, () => String(story));
    const note = (text: string) => story.add("rig", text);
    const board = await Switchboard.open(join(base, "socket"), waiter, note);
    const mark = `PROCMAN_TEST=${base.slice(base.lastIndexOf("-") + 1)}`;
    const folder = join(base, name);
    const rig = new Rig({ base, folder, mark, ports: await reservePorts(), waiter, story, board });
    for (const path of [folder, join(base, "home"), join(base, "tmp")]) {
      await mkdir(path, { recursive: true });
    }
    for (const [path, text] of Object.entries(files)) await rig.write(path, text);
    return rig;
  }

  /** In the app's folder. */
  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text);
  }

  /** Other users may run procman and its children here. */
  async openToAll(): Promise<void> {
    const paths = [".", "home", "tmp", "socket"].map((name) => join(this.#base, name));
    for (const path of [...paths, this.folder]) await chmod(path, 0o777);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.folder, path), "utf8");
  }

  async remove(path: string): Promise<void> {
    // Procman may just be writing there.
    await rm(join(this.folder, path), { recursive: true, maxRetries: 5 });
  }

  /** `procman start` on the free ports. */
  start(args: readonly string[] = [], command: Command = {}): void {
    this.procman(["start", "--port", String(this.port), ...args], command);
  }

  /** Starts it; once for a rig. */
  procman(args: readonly string[], command: Command = {}): void {
    if (this.#process) throw new Error("a rig has one procman");
    const { under = [], stdin } = command;
    const [file = "", ...words] = [...under, process.execPath, program, ...args];
    this.#story.add("rig", `procman ${args.join(" ")}`);
    const child = spawn(file, words, {
      cwd: join(this.folder, command.folder ?? ""),
      env: { ...this.environment, ...command.env },
      stdio: [stdin === undefined ? "ignore" : "pipe", this.#stdout.writer, this.#stderr.writer],
      // A group of its own, as a shell with job control would give it.
      detached: true,
    });
    this.#process = child;
    this.#stdout.closeWriter();
    this.#stderr.closeWriter();
    child.stdin?.end(stdin);
    if (command.onOutput) this.#stdout.giveTo(command.onOutput);
    if (!command.isUnread) this.#stdout.read();
    this.#stderr.read();
    child.once("exit", (code, signal) => {
      if (!this.#isKilled) this.#survivors = this.#findSurvivors();
      this.#exit = { code, signal };
      this.#story.add("rig", `procman ended: ${code ?? signal}`);
      this.#stdout.read();
      this.#waiter.changed();
    });
  }

  /** Any other procman, as somebody types it in another terminal while the first one runs. */
  beside(args: readonly string[], command: Command = {}): Aside {
    const { under = [], stdin } = command;
    const [file = "", ...words] = [...under, process.execPath, program, ...args];
    this.#story.add("rig", `procman ${args.join(" ")}`);
    const child = spawn(file, words, {
      cwd: join(this.folder, command.folder ?? ""),
      env: { ...this.environment, ...command.env },
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    child.stdin?.end(stdin);
    const pid = child.pid ?? 0;
    this.#asides.add(pid);
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        this.#story.add(name, `(${args[0]}) ${text.trimEnd()}`);
      });
    }
    let answered: Answered | undefined;
    child.once("close", (code, signal) => {
      answered = { code, signal, ...said };
      this.#asides.delete(pid);
      this.#waiter.changed();
    });
    const ended = this.#waiter.until(`the end of procman ${args.join(" ")}`, () => answered);
    // Whoever awaits it is told.
    ended.catch(() => {});
    return { pid, ended };
  }

  ask(...args: readonly string[]): Promise<Answered> {
    return this.beside(args).ended;
  }

  /** In the background, on the free ports; ready. To be stopped by the test. */
  async startDaemon(...args: readonly string[]): Promise<Answered> {
    const answered = await this.ask("start", "-D", "--port", String(this.port), ...args);
    if (answered.code !== 0) throw new Error(`it did not start: ${answered.stderr}`);
    return answered;
  }

  /** procman's own, for this app. */
  get ownFolder(): string {
    return join(this.folder, ".procman");
  }

  /** Waits until procman can be asked, and gives somebody who can. */
  client(name = "procman test"): Promise<Client> {
    return this.poll("the control API", () => findClient({ folder: this.ownFolder, name }));
  }

  /** What procman has logged until now. */
  log(): string {
    return readFileSync(join(this.ownFolder, "log", "app.log"), "utf8");
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Ctrl-C, and the end. */
  stop(): Promise<End> {
    this.pressCtrlC();
    return this.end();
  }

  /** To procman alone. */
  signal(signal: NodeJS.Signals): void {
    this.#story.add("rig", `${signal} to procman`);
    process.kill(this.pid, signal);
  }

  /** What it leaves has a moment to end: `nobodyLeft`. */
  kill(): void {
    this.#isKilled = true;
    this.signal("SIGKILL");
  }

  /** Waits until nobody carries the mark any more, and the guardian has done its work. */
  async nobodyLeft(): Promise<void> {
    await this.poll(
      "nobody to be left",
      () => (this.#findSurvivors().length === 0 && !this.#isGuarded()) || undefined,
    );
  }

  /** A guardian, which does not carry the mark, knows where the log is. */
  #isGuarded(): boolean {
    return findGiven(join(this.folder, ".procman/log")).length > 0;
  }

  /** To procman and all that share its group, as a terminal does it. */
  pressCtrlC(): void {
    this.#story.add("rig", "Ctrl-C");
    process.kill(-this.pid, "SIGINT");
  }

  /** The n-th line of stdout that matches. */
  line(pattern: RegExp, nth = 1): Promise<RegExpMatchArray> {
    let seen = 0;
    let left = nth;
    return this.#waiter.until(`line ${nth} of those that match ${pattern}`, () => {
      for (const line of this.#stdout.lines.slice(seen)) {
        const found = line.match(pattern);
        seen += 1;
        left -= found ? 1 : 0;
        if (found && left === 0) return found;
      }
      if (this.#exit && this.#stdout.hasEnded) throw new Error("procman has ended");
      return undefined;
    });
  }

  /** How many lines of stdout match until now. */
  count(pattern: RegExp): number {
    return this.#stdout.lines.filter((line) => pattern.test(line)).length;
  }

  /** The n-th run of an instance, when it calls in. */
  child(name: string, nth = 1): Promise<ScriptedChild> {
    return this.#board.child(name, nth);
  }

  forked(role: string): Promise<ScriptedChild> {
    return this.#board.forked(role);
  }

  /** Everybody that has called in. */
  get children(): readonly ScriptedChild[] {
    return this.#board.children;
  }

  /** Waits for what cannot tell that it has changed. */
  poll<T>(what: string, find: () => T | undefined): Promise<T> {
    return this.#waiter.poll(what, find);
  }

  /** The rest of stdout is read, after it was `unread`; slowly, with a pause after each chunk. */
  readOn(pauseMs = 0): void {
    this.#stdout.read(pauseMs);
  }

  /** Everybody who carries the mark, but procman itself and whoever asks it. */
  processes(): readonly Survivor[] {
    const own = new Set([this.pid, ...this.#asides]);
    return findSurvivors(this.#mark).filter(({ pid }) => !own.has(pid));
  }

  /** What lies in the folder for temporary files. */
  temporaryFiles(): Promise<readonly string[]> {
    return readdir(join(this.#base, "tmp"));
  }

  /** Waits until a child that writes can write no more. */
  async stuck({ pid }: ScriptedChild): Promise<void> {
    let seen = -1;
    let times = 0;
    await this.#waiter.poll(`process ${pid} to be stuck`, () => {
      const written = writtenBytes(pid);
      times = written === seen ? times + 1 : 0;
      seen = written;
      return times === stuckTimes || undefined;
    });
  }

  /** Nobody will ever read stdout again. */
  closeOutput(): void {
    this.#story.add("rig", "the reader of stdout leaves");
    this.#stdout.close();
  }

  /** This one may outlive procman, and is the test's to end. */
  spare(pid: number): void {
    this.#spared.add(pid);
  }

  /** Waits until procman has ended and all it wrote is read. */
  async end(): Promise<End> {
    const { code, signal } = await this.#waiter.until("the end of procman", () => this.#exit);
    this.#complain();
    await this.#waiter.until("the end of its output", () =>
      this.#stdout.hasEnded && this.#stderr.hasEnded ? true : undefined,
    );
    const { bytes } = this.#stdout;
    const status = code ?? 128 + constants.signals[signal ?? "SIGKILL"];
    const [stdout, stderr] = [bytes.toString(), this.#stderr.bytes.toString()];
    return { code, signal, status, bytes, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const waiter = new Waiter(disposalMs, () => String(this.#story));
      for (const { pid } of this.#killAll()) this.#story.add("rig", `killed ${pid}`);
      await waiter.poll("the end of what was killed", () =>
        this.#killAll().length === 0 && (this.#exit || !this.#process) && !this.#isGuarded()
          ? true
          : undefined,
      );
    } finally {
      this.#board.close();
      this.#stdout.close();
      this.#stderr.close();
      this.#lock.close();
      await rm(this.#base, { recursive: true, force: true });
    }
    this.#complain();
  }

  #complain(): void {
    if (this.#survivors.length === 0) return;
    const names = this.#survivors.map(({ command, pid }) => `${command} (pid ${pid})`);
    this.#survivors = [];
    throw new Error(`outlived procman: ${names.join(", ")}\n${this.#story}`);
  }

  #findSurvivors(): readonly Survivor[] {
    const others = new Set([...this.#spared, ...this.#asides]);
    return findSurvivors(this.#mark).filter(({ pid }) => !others.has(pid));
  }

  #killAll(): readonly Survivor[] {
    const left = findSurvivors(this.#mark);
    for (const { pid } of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
    return left;
  }

  /** What procman and all others here are started with. */
  get environment(): Record<string, string> {
    const [name = "", value] = this.#mark.split("=");
    return {
      PATH: path,
      HOME: join(this.#base, "home"),
      TMPDIR: join(this.#base, "tmp"),
      LANG: "C.UTF-8",
      npm_config_update_notifier: "false",
      RIG_SOCKET: join(this.#base, "socket"),
      [name]: value ?? "",
    };
  }
}

/** Whether it is installed where procman and its children look for it. */
export function hasProgram(name: string): boolean {
  return path.split(":").some((folder) => existsSync(join(folder, name)));
}

/** A Procfile in which each of these types is a scripted child. */
export function procfile(...types: readonly string[]): string {
  return types.map((type) => `${type}: ${childCommand}\n`).join("");
}

/** The lines that an instance printed, by the prefixes of the terminal; pieces are put together. */
export function linesOf(stdout: string, name: string): readonly string[] {
  const lines: string[] = [];
  for (const row of stdout.split("\n")) {
    const [, , own, bar, text = ""] = /^(\d\d:\d\d:\d\d )?(\S+) +([|+]) (.*)$/s.exec(row) ?? [];
    if (own !== name) continue;
    if (bar === "+") lines.push(`${lines.pop() ?? ""}${text}`);
    else lines.push(text);
  }
  return lines;
}

const keptEntries = 100;

/** All that was seen, for the error when something is waited for in vain. */
class Story {
  readonly #startMs = performance.now();
  readonly #entries: string[] = [];

  add(source: "rig" | "stdout" | "stderr", text: string): void {
    const ms = Math.round(performance.now() - this.#startMs);
    this.#entries.push(`${String(ms).padStart(6)} ${source}: ${text.slice(0, 300)}`);
    // Whoever prints a million lines is no help.
    if (this.#entries.length > 2 * keptEntries) this.#entries.splice(keptEntries, 20, "     …");
  }

  toString(): string {
    return this.#entries.join("\n");
  }
}

/** The test's end of a pipe that procman writes to: not Node's, which is a pair of sockets. */
class Outlet {
  /** For procman. */
  readonly writer: number;
  readonly #reader: number;
  readonly lines: string[] = [];
  readonly #onLines: (lines: readonly string[]) => void;
  readonly #chunks: Buffer[] = [];
  #take = (bytes: Buffer) => this.#keep(bytes);
  #rest = "";
  #socket: Socket | undefined;
  #isOpen = true;
  #hasEnded = false;

  constructor(path: string, onLines: (lines: readonly string[]) => void) {
    this.#reader = openSync(path, files.O_RDONLY | files.O_NONBLOCK);
    this.writer = openSync(path, files.O_WRONLY);
    this.#onLines = onLines;
  }

  closeWriter(): void {
    closeSync(this.writer);
  }

  giveTo(take: (bytes: Buffer) => void): void {
    this.#take = take;
  }

  /** From now on. */
  read(pauseMs = 0): void {
    if (this.#socket || !this.#isOpen) return;
    const socket = new Socket({ fd: this.#reader, readable: true, writable: false });
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#take(bytes);
      if (pauseMs === 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), pauseMs);
    });
    socket.once("close", () => {
      this.#hasEnded = true;
      this.#onLines(["(end)"]);
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#socket) this.#socket.destroy();
    else closeSync(this.#reader);
    this.#hasEnded = true;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #keep(bytes: Buffer): void {
    this.#chunks.push(bytes);
    const rows = `${this.#rest}${bytes.toString("latin1")}`.split("\n");
    this.#rest = rows.pop() ?? "";
    const lines = rows.map((row) => Buffer.from(row, "latin1").toString());
    for (const line of lines) this.lines.push(line);
    this.#onLines(lines);
  }
}

interface Ports {
  readonly first: number;
  /** Listens as long as the block is taken, so that no other test takes it. */
  readonly lock: Server;
}

// A block begins at T × 1000 + S × 10 and has nine ports there and in each hundred above it, where
// the other process types have theirs. The tenth port is the lock. `--port auto` may move a block a
// thousand up: there must be one, below the ports that the system gives to outgoing connections.
const firstThousand = 10;
const thousands = 20;
const slots = 10;
const lockOffset = 9;
const usedOffsets = [0, 1, 2, 100, 101, 102, 200, 201, 202, 300];

async function reservePorts(): Promise<Ports> {
  const count = thousands * slots;
  const start = Math.floor(Math.random() * count);
  for (let tried = 0; tried < count; tried += 1) {
    const block = (start + tried) % count;
    const first = (firstThousand + Math.floor(block / slots)) * 1_000 + (block % slots) * 10;
    const lock = await tryListen(first + lockOffset);
    if (!lock) continue;
    if (await areFree(usedOffsets.map((offset) => first + offset))) return { first, lock };
    lock.close();
  }
  throw new Error("there is no block of free ports");
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const server = await tryListen(port);
    if (!server) return false;
    await new Promise((resolve) => server.close(resolve));
  }
  return true;
}

/** Undefined when the port is taken. For a test that is to take it, too. */
export function tryListen(port: number, host?: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ port, host }, () => resolve(server));
  });
}
