/** Lines on their way to a reader who may be slow: those of a moment in one write, and counted when too many wait. */
import type { Writable } from "node:stream";
import type { Clock } from "../core/clock.ts";

export interface LogQueue {
  /** Without its newline; one character per byte. */
  add(line: string): void;
  /** Resolves when all is written, or cannot be. */
  close(): Promise<void>;
}

/** Whoever reads them wakes up for each write, and has more to do. */
const gatherMs = 20;
/** More is not kept for a reader who takes nothing. */
const maxWaitingBytes = 2 ** 20;

export function createLogQueue(output: Writable, after: Clock["after"]): LogQueue {
  let waiting: string[] = [];
  let dropped = 0;
  // Who read this is gone, and procman with it.
  output.on("error", () => {});

  function flush(): void {
    if (waiting.length === 0 && dropped === 0) return;
    if (dropped > 0) {
      waiting.push(`at=warning desc="Log lines dropped" count=${dropped}`);
      dropped = 0;
    }
    const text = `${waiting.join("\n")}\n`;
    waiting = [];
    output.write(text, "latin1");
  }

  return {
    add(line) {
      if (output.writableLength > maxWaitingBytes) {
        if (dropped === 0) output.once("drain", flush);
        dropped += 1;
        return;
      }
      if (waiting.length === 0) after(gatherMs, flush);
      waiting.push(line);
    },
    close() {
      flush();
      if (output.closed) return Promise.resolve();
      return new Promise((resolve) => {
        output.once("close", resolve);
        output.end();
      });
    },
  };
}
