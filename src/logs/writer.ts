/**
 * Writes to a descriptor without ever holding up the event loop or a thread: not when it is a
 * terminal that was stopped with Ctrl-S, and not when it is a pipe that nobody reads. Node's own
 * process.stdout does, because it writes synchronously.
 */
import type { Buffer } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import { constants as errors } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { isatty, WriteStream } from "node:tty";
import { errnoOf } from "./errno.ts";

/** One write at a time. */
export interface Writer {
  /**
   * Resolves when all of it is written, rejects when it cannot be any more. Until then the bytes
   * may not be changed.
   */
  write(bytes: Buffer): Promise<void>;
}

export function openWriter(fd: number): Writer {
  if (isatty(fd)) return openTerminal(fd);
  const kind = fstatSync(fd);
  if (kind.isFIFO()) return socketWriter(reopen(fd) ?? fd);
  return kind.isSocket() ? socketWriter(fd) : fileWriter(fd);
}

/**
 * The same pipe or terminal by a descriptor of our own: not to block is a property that others
 * who share the descriptor would otherwise get too. Undefined where it may not be opened again.
 */
function reopen(fd: number): number | undefined {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  for (const path of [`/proc/self/fd/${fd}`, `/dev/fd/${fd}`]) {
    try {
      const own = openSync(path, flags);
      if (isatty(own) === isatty(fd)) return own;
      closeSync(own);
    } catch {
      // The next way, or none.
    }
  }
  return undefined;
}

/** A pipe or socket: the kernel says when there is room. */
function socketWriter(fd: number): Writer {
  const socket = new Socket({ fd, readable: false, writable: true });
  // Told to whoever writes; without a listener it would be thrown.
  socket.on("error", () => {});
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
  };
}

const firstPauseMs = 2;
const longestPauseMs = 50;

function openTerminal(fd: number): Writer {
  const own = reopen(fd);
  return own === undefined ? terminalWriter(fd, unblocker(fd)) : terminalWriter(own, () => {});
}

/**
 * For a terminal that may not be opened again, as that of the user who called `su`. Those who
 * share it have it like this too, until procman ends and Node puts it back; and whoever shares it
 * may put it back before, as Node does for stderr. Only the handle in Node's stream can do it,
 * which is meant for Node alone; without it the terminal may block.
 */
function unblocker(fd: number): () => void {
  const handle = Reflect.get(new WriteStream(fd), "_handle");
  return () => handle?.setBlocking?.(false);
}

/** Node cannot wait for room in a terminal, so it is asked again after a moment. */
function terminalWriter(fd: number, unblock: () => void): Writer {
  return {
    async write(bytes) {
      let rest = bytes;
      let pauseMs = firstPauseMs;
      while (rest.length > 0) {
        unblock();
        const written = tryWrite(fd, rest);
        if (written > 0) {
          rest = rest.subarray(written);
          pauseMs = firstPauseMs;
        } else {
          await sleep(pauseMs);
          pauseMs = Math.min(longestPauseMs, pauseMs * 2);
        }
      }
    },
  };
}

function tryWrite(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (isTemporary(error)) return 0;
    throw error;
  }
}

const retryMs = 500;

/** A file takes what it is given; where the disk is full or faulty, it may do so again later. */
function fileWriter(fd: number): Writer {
  return {
    async write(bytes) {
      let rest = bytes;
      while (rest.length > 0) {
        const written = await writeSome(fd, rest);
        rest = rest.subarray(written);
        if (written === 0) await sleep(retryMs);
      }
    },
  };
}

function writeSome(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, (error, written) => {
      if (error && !isTemporary(error) && !diskProblems.has(errnoOf(error))) reject(error);
      else resolve(error ? 0 : written);
    });
  });
}

const { EAGAIN, EINTR, ENOSPC, EDQUOT, EIO, EROFS, EFBIG } = errors.errno;
const diskProblems = new Set([ENOSPC, EDQUOT, EIO, EROFS, EFBIG]);

function isTemporary(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === EAGAIN || errno === EINTR;
}
