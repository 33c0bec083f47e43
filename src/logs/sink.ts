/**
 * The queue in front of a reader who may be slow. Whoever writes is told when its text is taken,
 * and can hold itself back; when all of that did not help, text is dropped and counted.
 */
import type { Writer } from "./writer.ts";

export interface Sink {
  /** `onTaken` is called once, when the text waits no longer: written, or dropped. */
  write(text: string, onTaken?: () => void): void;
  /**
   * Resolves when everything is written, or when nothing was for `stalledMs`; what is not written
   * by then counts as dropped, though some of it may still come through.
   */
  flush(stalledMs: number): Promise<void>;
  /** What was dropped since the last call. */
  takeDropped(): Dropped;
}

export interface Dropped {
  readonly lines: number;
  readonly bytes: number;
}

export interface SinkListener {
  /** There is room again after something was dropped: the place to say what. */
  onGapOver(): void;
  /** The reader has gone away; nothing is written any more. Once. */
  onClosed(): void;
}

interface Entry {
  readonly text: string;
  readonly onTaken: (() => void) | undefined;
}

const roomBytes = 2 ** 18;
const writeBytes = 2 ** 18;
/** What is printed by processes that are ending is taken up to here, whoever reads. */
const maxBytes = 16 * 2 ** 20;

/** The writer is opened when there is something to write: not before the first process is started. */
export function createSink(open: () => Writer, listener: SinkListener): Sink {
  let writer: Writer | undefined;
  const queue: Entry[] = [];
  let inFlight: readonly Entry[] = [];
  let queuedBytes = 0;
  let state: "idle" | "writing" | "closed" = "idle";
  let dropped: Dropped = { lines: 0, bytes: 0 };
  let progress = 0;
  let onIdle: (() => void)[] = [];

  async function writeAll(): Promise<void> {
    state = "writing";
    while (queue.length > 0) {
      inFlight = takeSome();
      try {
        writer ??= open();
        await writer.write(inFlight.map(({ text }) => text).join(""));
      } catch {
        close();
        return;
      }
      progress += 1;
      forget(inFlight);
      inFlight = [];
      if (dropped.lines > 0 && queuedBytes <= roomBytes) listener.onGapOver();
    }
    state = "idle";
    settle();
  }

  /** Small texts together, yet not so much that a slow reader would look like none. */
  function takeSome(): readonly Entry[] {
    let count = 0;
    for (let bytes = 0; bytes < writeBytes && count < queue.length; count += 1) {
      bytes += queue[count]?.text.length ?? 0;
    }
    return queue.splice(0, count);
  }

  function forget(entries: readonly Entry[]): void {
    for (const { text, onTaken } of entries) {
      queuedBytes -= text.length;
      onTaken?.();
    }
  }

  function close(): void {
    state = "closed";
    forget([...inFlight, ...queue.splice(0)]);
    settle();
    listener.onClosed();
  }

  function drop(text: string): void {
    const lines = text.split("\n").length - 1;
    dropped = { lines: dropped.lines + lines, bytes: dropped.bytes + text.length };
  }

  function giveUp(): void {
    for (const { text } of [...inFlight, ...queue]) drop(text);
    forget(queue.splice(0));
    settle();
  }

  function settle(): void {
    const resolves = onIdle;
    onIdle = [];
    for (const resolve of resolves) resolve();
  }

  return {
    write(text, onTaken) {
      if (state === "closed") return onTaken?.();
      // Once something is missing, all is, until there is room: the gap is one, and in one place.
      const isTooMuch = queuedBytes > 0 && queuedBytes + text.length > maxBytes;
      if (dropped.lines > 0 || isTooMuch) {
        drop(text);
        return onTaken?.();
      }
      queue.push({ text, onTaken });
      queuedBytes += text.length;
      if (state === "idle") void writeAll();
    },
    flush(stalledMs) {
      if (state !== "writing") return Promise.resolve();
      return new Promise((resolve) => {
        let seen = progress;
        const timer = setInterval(() => {
          if (progress === seen) giveUp();
          seen = progress;
        }, stalledMs);
        onIdle.push(() => {
          clearInterval(timer);
          resolve();
        });
      });
    },
    takeDropped() {
      const taken = dropped;
      dropped = { lines: 0, bytes: 0 };
      return taken;
    },
  };
}
