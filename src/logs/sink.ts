/**
 * The queue in front of a reader who may be slow. Whoever writes is told when its text is taken,
 * and can hold itself back; when all of that did not help, the oldest text is dropped and counted,
 * and the reader is told in its place.
 */
import { Buffer } from "node:buffer";
import type { Clock } from "../core/clock.ts";
import type { BlockPool } from "./block-pool.ts";
import { addMissing, type Missing, missingOf, noneMissing } from "./missing.ts";
import { type Block, createTextQueue } from "./text-queue.ts";
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

export interface SinkTools {
  readonly clock: Clock;
  /** All sinks may share one. */
  readonly pool: BlockPool;
}

/** What the reader is told in place of what was dropped. */
interface Gap {
  readonly bytes: Buffer;
  readonly dropped: Missing;
}

/** Texts that come one soon after the other are written together, unless they are much by then. */
const gatherMs = 16;
const gatherBytes = 2 ** 16;
/** What is printed by processes that are ending is taken up to the first, whoever reads. */
const maxBytes: Readonly<Record<Kept, number>> = { all: 2 ** 24, newest: 2 ** 22 };

/** The writer is opened when there is something to write: not before the first process is started. */
export function createSink(
  open: () => Writer,
  listener: SinkListener,
  { clock, pool }: SinkTools,
): Sink {
  let writer: Writer | undefined;
  const queue = createTextQueue(pool);
  let inFlight: Block | Gap | undefined;
  /** With what is in flight. */
  let waitingBytes = 0;
  let kept: Kept = "all";
  let state: "idle" | "writing" | "closed" = "idle";
  let dropped = noneMissing;
  let progress = 0;
  let onIdle: (() => void)[] = [];
  let begunMs = Number.NEGATIVE_INFINITY;
  let endGathering = () => {};

  async function writeAll(): Promise<void> {
    state = "writing";
    while (queue.blocks() > 0) {
      const leftMs = begunMs + gatherMs - clock.nowMs();
      if (leftMs > 0 && !isHurried()) await gather(leftMs);
      begunMs = clock.nowMs();
      inFlight = takeNext();
      if (inFlight === undefined) break;
      try {
        writer ??= open();
        await writer.write(inFlight.bytes);
      } catch {
        close();
        return;
      }
      progress += 1;
      forget(inFlight);
      inFlight = undefined;
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
    return onIdle.length > 0 || waitingBytes >= gatherBytes;
  }

  function takeNext(): Block | Gap | undefined {
    if (dropped.lines === 0) return queue.take();
    const told = takeDropped();
    const bytes = Buffer.from(listener.describeGap(told), "latin1");
    waitingBytes += bytes.length;
    return { bytes, dropped: told };
  }

  /** Much at a time, so that it is seldom done; the newest is kept. */
  function dropOldest(): void {
    while (waitingBytes > maxBytes[kept] * 0.75 && queue.blocks() > 1) dropNext();
  }

  function dropNext(): boolean {
    const oldest = queue.take();
    if (oldest === undefined) return false;
    drop(oldest);
    forget(oldest);
    return true;
  }

  function forget(taken: Block | Gap): void {
    waitingBytes -= taken.bytes.length;
    if ("dropped" in taken) return;
    queue.giveBack(taken);
    for (const onTaken of taken.onTaken) onTaken();
  }

  function close(): void {
    state = "closed";
    for (let taken = inFlight; taken; taken = queue.take()) forget(taken);
    settle();
    listener.onClosed();
  }

  function drop(taken: Block | Gap): void {
    const missing = "dropped" in taken ? taken.dropped : missingOf(taken.bytes);
    dropped = addMissing(dropped, missing);
  }

  function giveUp(): void {
    if (inFlight) drop(inFlight);
    while (dropNext()) {}
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
      queue.push(text, onTaken);
      waitingBytes += text.length;
      if (state === "idle") void writeAll();
      else if (waitingBytes > maxBytes[kept]) dropOldest();
      if (isHurried()) endGathering();
    },
    keep(what) {
      kept = what;
      if (waitingBytes > maxBytes[kept]) dropOldest();
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
