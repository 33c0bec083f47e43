import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Waiter } from "./wait.ts";

const deadlineMs = 15_000;

/** One end of a connection, with all that has come over it as it came. */
export class Wire implements AsyncDisposable {
  readonly socket: Socket;
  /** One character per byte. */
  received = "";
  /** The other side says no more. */
  hasEnded = false;
  isClosed = false;
  readonly #waiter = new Waiter(deadlineMs, () => JSON.stringify(this.received));

  constructor(socket: Socket) {
    this.socket = socket;
    const note = (change: () => void) => () => {
      change();
      this.#waiter.changed();
    };
    socket.on("data", (bytes: Buffer) => {
      this.received += bytes.toString("latin1");
      this.#waiter.changed();
    });
    socket.on(
      "end",
      note(() => (this.hasEnded = true)),
    );
    socket.on(
      "close",
      note(() => (this.isClosed = true)),
    );
    socket.on("error", () => {});
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    return new Wire(socket);
  }

  /** One byte per character. */
  write(text: string): void {
    this.socket.write(text, "latin1");
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Gives what was matched, and forgets all up to its end. */
  async take(wanted: RegExp | string): Promise<string> {
    const found = await this.#waiter.until(String(wanted), () => this.#find(wanted));
    this.received = this.received.slice(found.endIndex);
    return found.text;
  }

  /** All that came until then. */
  async untilEnd(): Promise<string> {
    await this.#waiter.until("the end", () => this.hasEnded || this.isClosed || undefined);
    return this.received;
  }

  async untilClosed(): Promise<void> {
    await this.#waiter.until("the close", () => this.isClosed || undefined);
  }

  #find(wanted: RegExp | string) {
    const text = typeof wanted === "string" ? wanted : (wanted.exec(this.received)?.[0] ?? "\0");
    const index = this.received.indexOf(text);
    return index < 0 ? undefined : { text, endIndex: index + text.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.untilClosed();
  }
}
