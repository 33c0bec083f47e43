/** Reads what a child writes, to the end or until nobody can be waited for. */
import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import { nowMs } from "./now-ms.ts";
import { identifyPipe, type OpenPipe } from "./open-pipe.ts";
import { settledWithin } from "./settled-within.ts";

export interface Output {
  /** A writer then has to wait once its pipe is full. Without effect after `flowFreely`. */
  pause(): void;
  resume(): void;
  /** From now on everything is read at once: the child is ending and must not be held up. */
  flowFreely(): void;
  /** True at the end of output; false when somebody keeps it open and writes nothing. */
  drained(): Promise<boolean>;
  /** While it is not at its end, and unless Node made it. */
  findPipe(): OpenPipe | undefined;
}

/** How long the next byte is awaited when nobody that is known of can write any more. */
const quietMs = 500;
const drainMs = 2_000;

/** One for all: what is in it is used up before the next read begins. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 2 ** 10);

/** Takes over `source`, a descriptor that does not block or the socket Node made for the child. */
export function readOutput(source: number | Socket, onOutput: (bytes: Buffer) => void): Output {
  let flow: "paced" | "paused" | "free" = "paced";
  let lastByteMs = 0;
  const take = (bytes: Buffer) => {
    lastByteMs = nowMs();
    onOutput(bytes);
  };
  const socket = typeof source === "number" ? openReader(source, take) : source.on("data", take);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // A read can fail only when the pipe is broken, and then `close` follows.
  socket.on("error", () => {});
  socket.resume();

  return {
    pause() {
      if (flow !== "paced") return;
      flow = "paused";
      socket.pause();
    },
    resume() {
      if (flow !== "paused") return;
      flow = "paced";
      socket.resume();
    },
    flowFreely() {
      if (flow === "paused") socket.resume();
      flow = "free";
    },
    async drained() {
      const startMs = nowMs();
      for (;;) {
        const untilMs = Math.min(Math.max(lastByteMs, startMs) + quietMs, startMs + drainMs);
        const leftMs = untilMs - nowMs();
        if (socket.closed || (await settledWithin(closed, leftMs))) return true;
        if (leftMs <= 0) {
          // Whoever holds it may hold it for ever: late lines are still shown, but procman's own
          // end must not wait for them.
          socket.unref();
          return false;
        }
      }
    },
    findPipe: () =>
      typeof source === "number" && !socket.destroyed ? identifyPipe(source) : undefined,
  };
}

function openReader(fd: number, onBytes: (bytes: Buffer) => void): Socket {
  const options: SocketConstructorOpts & ConnectOpts = {
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: readBuffer,
      callback: (count) => {
        onBytes(readBuffer.subarray(0, count));
        return true;
      },
    },
  };
  return new Socket(options);
}
