/**
 * The queue in front of a reader who may be slow. Whoever writes is told when its text is taken,
 * and can hold itself back; when all of that did not help, the oldest text is dropped and counted,
 * and the reader is told in its place.
 */
import type { Clock } from "../core/clock.ts";
import { addMissing, type Missing, missingOf, noneMissing } from "./missing.ts";
import type { Writer } from "./writer.ts";

export interface Sink {
  /** `onTaken` is called once, when the text waits no longer: written, or dropped. */
  write(text: string, onTaken?: () => void): void;
  /** How much may wait: `all` that comes, within reason, or no more than the `newest` few MiB. */
  keep(what: Kept): void;
  /**
   * Resolves when everything is written, or when nothing was for `stalledMs`; what is not written
   * by then counts as dropped, though some of it may still come through.
   */
  flush(stalledMs: number): Promise<void>;
  /** What was dropped and not told to the reader. */
  takeDropped(): Missing;
}

export type Kept = "all" | "newest";

export interface SinkListener {
  /** What the reader is given in place of what was dropped: whole lines. */
  describeGap(dropped: Missing): string;
  /** The reader has gone away; nothing is written any more. Once. */
  onClosed(): void;
}

interface Entry {
  readonly text: string;
  readonly onTaken: (() => void) | undefined;
  /** What it tells of, when it is about a gap. */
  readonly gap?: Missing;
}

const writeBytes = 2 ** 18;
/** Texts that come one soon after the other are written together, unless they are much by then. */
const gatherMs = 5;
const gatherBytes = 2 ** 16;
/** What is printed by processes that are ending is taken up to the first, whoever reads. */
const maxBytes: Readonly<Record<Kept, number>> = { all: 2 ** 24, newest: 2 ** 22 };

/** The writer is opened when there is something to write: not before the first process is started. */
export function createSink(open: () => Writer, listener: SinkListener, clock: Clock): Sink {
  let writer: Writer | undefined;
  const queue: Entry[] = [];
  let inFlight: readonly Entry[] = [];
  let queuedBytes = 0;
  let kept: Kept = "all";
  let state: "idle" | "writing" | "closed" = "idle";
  let dropped = noneMissing;
  let progress = 0;
  let onIdle: (() => void)[] = [];
  let begunMs = Number.NEGATIVE_INFINITY;
  let endGathering = () => {};

  async function writeAll(): Promise<void> {
    state = "writing";
    while (queue.length > 0) {
      const leftMs = begunMs + gatherMs - clock.nowMs();
      if (leftMs > 0 && !isHurried()) await gather(leftMs);
      begunMs = clock.nowMs();
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
    }
    state = "idle";
    settle();
  }

  function gather(leftMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(leftMs, resolve);
      endGathering = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Somebody waits for it, or it is much already. */
  function isHurried(): boolean {
    return onIdle.length > 0 || queuedBytes >= gatherBytes;
  }

  /** Small texts together, yet not so much that a slow reader would look like none. */
  function takeSome(): readonly Entry[] {
    let count = 0;
    for (let bytes = 0; bytes < writeBytes && count < queue.length; count += 1) {
      bytes += queue[count]?.text.length ?? 0;
    }
    const entries = queue.splice(0, count);
    if (dropped.lines === 0) return entries;
    const gap = takeDropped();
    const text = listener.describeGap(gap);
    queuedBytes += text.length;
    return [{ text, onTaken: undefined, gap }, ...entries];
  }

  /** Much at a time, so that it is seldom done. */
  function dropOldest(): void {
    let count = 0;
    for (
      let bytes = queuedBytes;
      bytes > maxBytes[kept] * 0.75 && count < queue.length - 1;
      count += 1
    ) {
      bytes -= queue[count]?.text.length ?? 0;
    }
    const oldest = queue.splice(0, count);
    for (const entry of oldest) drop(entry);
    forget(oldest);
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

  function drop({ text, gap }: Entry): void {
    dropped = addMissing(dropped, gap ?? missingOf(text));
  }

  function giveUp(): void {
    for (const entry of [...inFlight, ...queue]) drop(entry);
    forget(queue.splice(0));
    settle();
  }

  function takeDropped(): Missing {
    const taken = dropped;
    dropped = noneMissing;
    return taken;
  }

  function settle(): void {
    const resolves = onIdle;
    onIdle = [];
    for (const resolve of resolves) resolve();
  }

  return {
    write(text, onTaken) {
      if (state === "closed") return onTaken?.();
      queue.push({ text, onTaken });
      queuedBytes += text.length;
      if (state === "idle") void writeAll();
      else if (queuedBytes > maxBytes[kept]) dropOldest();
      if (isHurried()) endGathering();
    },
    keep(what) {
      kept = what;
      if (queuedBytes > maxBytes[kept]) dropOldest();
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
        endGathering();
      });
    },
    takeDropped,
  };
}
