/**
 * Chunks of bytes → batches of whole lines. A batch is a binary string, one character per byte:
 * joining, cutting and prefixing it are single calls, it needs no copy to be kept, and what the
 * child wrote comes out byte for byte, valid UTF-8 or not.
 */
import type { Clock } from "../core/clock.ts";

export interface Batch {
  /** Lines, each with its newline; the newline behind a piece of a line is ours. */
  readonly text: string;
  /** The first line goes on where the last piece ended, and belongs to it. */
  readonly isContinued: boolean;
}

export interface LineSplitter {
  push(bytes: Buffer): void;
  /** Nobody reads for a while: what is missing of a line may be written already. */
  pause(): void;
  resume(): void;
  /** What is left without a newline is a last line. */
  end(): void;
}

/** A longer line comes in pieces. */
export const maxLineBytes = 64 * 2 ** 10;
/** A line that is not ended is shown as a piece after this long without another byte. */
const partialMs = 250;
const newline = 10;

export function createLineSplitter(onBatch: (batch: Batch) => void, clock: Clock): LineSplitter {
  let rest = "";
  let isContinued = false;
  let lastByteMs = 0;
  let cancelTimer: (() => void) | undefined;
  let isPaused = false;

  function push(bytes: Buffer): void {
    const last = bytes.lastIndexOf(newline);
    if (last < 0) {
      rest = emitGiant(rest + bytes.toString("latin1"), Number.POSITIVE_INFINITY);
    } else {
      const text = rest + bytes.toString("latin1", 0, last + 1);
      emitLines(emitGiant(text, rest.length + bytes.indexOf(newline)));
      rest = bytes.toString("latin1", last + 1);
    }
    if (rest !== "") expectMore();
  }

  /** Cuts pieces off a first line that is too long; `lineEnd` is where it ends, if it does. */
  function emitGiant(text: string, lineEnd: number): string {
    let from = 0;
    while (Math.min(lineEnd, text.length) - from > maxLineBytes) {
      const to = from + wholeCharacters(text.slice(from, from + maxLineBytes));
      emitPiece(text.slice(from, to));
      from = to;
    }
    return from === 0 ? text : text.slice(from);
  }

  function emitLines(text: string): void {
    // The newline of a line whose pieces are all out: it stands there already.
    const lines = isContinued && text.startsWith("\n") ? text.slice(1) : text;
    const batch = { text: lines, isContinued: isContinued && lines === text };
    isContinued = false;
    if (lines !== "") onBatch(batch);
  }

  function emitPiece(text: string): void {
    onBatch({ text: `${text}\n`, isContinued });
    isContinued = true;
  }

  /** One timer, set again only when it is due: most chunks end in the middle of a line. */
  function expectMore(): void {
    lastByteMs = clock.nowMs();
    if (!isPaused) cancelTimer ??= clock.after(partialMs, showPartial);
  }

  function showPartial(): void {
    cancelTimer = undefined;
    if (rest === "") return;
    const idleMs = clock.nowMs() - lastByteMs;
    if (idleMs < partialMs) {
      cancelTimer = clock.after(partialMs - idleMs, showPartial);
      return;
    }
    const end = wholeCharacters(rest);
    if (end > 0) emitPiece(rest.slice(0, end));
    rest = rest.slice(end);
  }

  function stopTimer(): void {
    cancelTimer?.();
    cancelTimer = undefined;
  }

  return {
    pause() {
      isPaused = true;
      stopTimer();
    },
    resume() {
      isPaused = false;
      if (rest !== "") expectMore();
    },
    push(bytes) {
      for (let at = 0; at < bytes.length; at += maxLineBytes) {
        push(bytes.subarray(at, at + maxLineBytes));
      }
    },
    end() {
      stopTimer();
      if (rest !== "") emitLines(`${rest}\n`);
      rest = "";
      isContinued = false;
    },
  };
}

/** The length without a UTF-8 character that is cut off at the end, if there is one. */
function wholeCharacters(text: string): number {
  for (let back = 1; back <= Math.min(3, text.length); back += 1) {
    const byte = text.charCodeAt(text.length - back);
    if (byte < 0x80) return text.length;
    if (byte >= 0xc0) return back < characterBytes(byte) ? text.length - back : text.length;
  }
  return text.length;
}

function characterBytes(leadByte: number): number {
  if (leadByte >= 0xf0) return 4;
  return leadByte >= 0xe0 ? 3 : 2;
}
