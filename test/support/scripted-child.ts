/**
 * The test's side of `child.js`: waits for children to call in, tells them what to do, and knows
 * what they have reported.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Waiter } from "./wait.ts";

const script = fileURLToPath(new URL("child.js", import.meta.url));

/** The command for a Procfile. It is one simple command. */
export const childCommand = `node '${script.replaceAll("'", `'\\''`)}'`;

interface Hello {
  /** What it was forked as; `main` when the Procfile has it. */
  readonly role: string;
  readonly pid: number;
  readonly ppid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly args: readonly string[];
}

/**
 * `group` stays in the group, `session` leads one of its own, `daemon` has lost its parent too,
 * and `hidden` its environment besides.
 */
export type ForkKind = "group" | "session" | "daemon" | "hidden";

/** What a trap does at the first signal. */
export interface Answer {
  readonly afterMs: number;
  readonly lines: readonly string[];
  readonly code: number;
}

interface Order {
  readonly deed: string;
  readonly [detail: string]: unknown;
}

export class ScriptedChild {
  readonly hello: Hello;
  /** Those it was told to trap, in the order in which they came. */
  readonly signals: string[] = [];
  readonly #socket: Socket;
  readonly #waiter: Waiter;
  readonly #replies = new Map<number, { readonly value?: unknown; readonly error?: string }>();
  #orders = 0;
  #isGone = false;

  constructor(hello: Hello, socket: Socket, waiter: Waiter) {
    this.hello = hello;
    this.#socket = socket;
    this.#waiter = waiter;
  }

  get pid(): number {
    return this.hello.pid;
  }

  /** `web.1`. */
  get name(): string {
    return this.hello.env["PS"] ?? "";
  }

  variable(name: string): string | undefined {
    return this.hello.env[name];
  }

  /** To stdout. */
  print(...lines: readonly string[]): Promise<void> {
    return this.write(lines.map((line) => `${line}\n`).join(""));
  }

  /** Each piece by a write of its own. */
  async write(...pieces: readonly (string | Buffer)[]): Promise<void> {
    await this.#writeTo(1, pieces);
  }

  async writeError(...pieces: readonly (string | Buffer)[]): Promise<void> {
    await this.#writeTo(2, pieces);
  }

  #writeTo(fd: number, pieces: readonly (string | Buffer)[]): Promise<unknown> {
    const encoded = pieces.map((piece) => Buffer.from(piece).toString("base64"));
    return this.#ask({ deed: "write", fd, pieces: encoded });
  }

  /** `line 1` to `line N` by console.log, and then process.exit. */
  printAndExit(lines: number, code: number): Promise<void> {
    this.#send({ deed: "printAndExit", lines, code });
    return this.gone();
  }

  /** Numbered lines; resolves when all are written. */
  flood(flood: {
    readonly lines: number;
    readonly lineBytes: number;
    readonly chunkBytes: number;
  }): Promise<unknown> {
    const written = this.#ask({ deed: "flood", ...flood });
    // Whoever awaits it is told; a test that ended before is no second failure.
    written.catch(() => {});
    return written;
  }

  /** Resolves when the trap is installed. Every signal is reported; `answer` is given to the first. */
  async trap(signal: NodeJS.Signals, answer?: Answer): Promise<void> {
    await this.#ask({ deed: "trap", signal, answer });
  }

  /** On its PORT, or another. Resolves with the port that it is, or with why not. */
  listen(port?: number): Promise<unknown> {
    return this.#ask({ deed: "listen", port });
  }

  /** Answers every HTTP request on its PORT with this status from now on. */
  async serve(status: number): Promise<void> {
    await this.#ask({ deed: "serve", status });
  }

  /** Takes so much more memory, and keeps it. */
  async allocate(mebibytes: number): Promise<void> {
    await this.#ask({ deed: "allocate", mebibytes });
  }

  /** The paths that were asked for. */
  servedSoFar(): Promise<unknown> {
    return this.#ask({ deed: "servedSoFar" });
  }

  /** What is forked calls in with its role. With `output: "inherit"` it holds this one's output. */
  async fork(
    kind: ForkKind,
    role: string,
    output: "ignore" | "inherit" = "inherit",
  ): Promise<void> {
    await this.#ask({ deed: "fork", kind, role, output });
  }

  /** Begins to read what comes in. */
  async readStdin(): Promise<void> {
    await this.#ask({ deed: "readStdin" });
  }

  stdinSoFar(): Promise<unknown> {
    return this.#ask({ deed: "stdinSoFar" });
  }

  /** Resolves when it is gone. */
  exit(code: number): Promise<void> {
    this.#send({ deed: "exit", code });
    return this.gone();
  }

  /** Resolves when it has reported this many of a signal. */
  async signalled(signal: NodeJS.Signals, times = 1): Promise<void> {
    await this.#waiter.until(`${times} ${signal} in ${this.#title}`, () => {
      if (this.signals.filter((name) => name === signal).length >= times) return true;
      if (this.#isGone) throw new Error("it is gone");
      return undefined;
    });
  }

  async gone(): Promise<void> {
    await this.#waiter.until(`the end of ${this.#title}`, () => this.#isGone || undefined);
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  take(message: {
    readonly id?: number;
    readonly signal?: string;
    readonly value?: unknown;
    readonly error?: string;
  }): void {
    if (message.signal !== undefined) this.signals.push(message.signal);
    if (message.id !== undefined) this.#replies.set(message.id, message);
  }

  end(): void {
    this.#isGone = true;
  }

  get #title(): string {
    return `${this.name} ${this.hello.role} (pid ${this.pid})`;
  }

  #send(order: Order): number {
    this.#orders += 1;
    this.#socket.write(`${JSON.stringify({ id: this.#orders, ...order })}\n`);
    return this.#orders;
  }

  async #ask(order: Order): Promise<unknown> {
    const id = this.#send(order);
    const reply = await this.#waiter.until(`${this.#title} to ${order.deed}`, () => {
      const found = this.#replies.get(id);
      if (found === undefined && this.#isGone) throw new Error("it is gone");
      return found;
    });
    if (reply.error !== undefined) throw new Error(`${this.#title}: ${reply.error}`);
    return reply.value;
  }
}

/** Where children call in. */
export class Switchboard {
  /** In the order in which they called. */
  readonly children: ScriptedChild[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiter: Waiter;
  readonly #note: (text: string) => void;

  private constructor(waiter: Waiter, note: (text: string) => void) {
    this.#waiter = waiter;
    this.#note = note;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** `note` is told of everything that happens. */
  static async open(
    path: string,
    waiter: Waiter,
    note: (text: string) => void,
  ): Promise<Switchboard> {
    const board = new Switchboard(waiter, note);
    await new Promise<void>((resolve) => board.#server.listen(path, resolve));
    return board;
  }

  /** The n-th caller of this name, as `web.1`, and role. */
  child(name: string, nth = 1, role = "main"): Promise<ScriptedChild> {
    const what = `call ${nth} of ${name}${role === "main" ? "" : `, ${role}`}`;
    return this.#waiter.until(what, () => this.#callers(name, role)[nth - 1]);
  }

  /** The first caller with this role, whatever its name: it may have lost its environment. */
  forked(role: string): Promise<ScriptedChild> {
    return this.#waiter.until(`a call of ${role}`, () =>
      this.children.find(({ hello }) => hello.role === role),
    );
  }

  #callers(name: string, role: string): readonly ScriptedChild[] {
    return this.children.filter((child) => child.name === name && child.hello.role === role);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #welcome(socket: Socket): void {
    let child: ScriptedChild | undefined;
    this.#sockets.add(socket);
    const lines = createInterface({ input: socket });
    // A child that is killed in mid-word resets the connection: its end says enough, and it
    // is told to the reader of the lines too.
    socket.on("error", () => {});
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const message = JSON.parse(line);
      if (message.hello) {
        child = new ScriptedChild(message.hello, socket, this.#waiter);
        this.children.push(child);
        this.#note(`${child.name} ${child.hello.role} called in, pid ${child.pid}`);
      } else {
        child?.take(message);
        if (message.signal) this.#note(`${child?.name} ${child?.hello.role} got ${message.signal}`);
      }
      this.#waiter.changed();
    });
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (!child) return;
      child.end();
      this.#note(`${child.name} ${child.hello.role} is gone`);
      this.#waiter.changed();
    });
  }
}
