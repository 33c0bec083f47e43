/**
 * Who is made to wait for a reader that is slow, and for how long: those of whom much is waiting,
 * and two seconds at most. A reader that has given no room by then is behind: nobody waits for it
 * any more, and of what it does not take the oldest is dropped, until it has caught up.
 */
import type { Clock } from "../core/clock.ts";
import type { Sink } from "../logs/sink.ts";

/** How a writer is made to wait, and to go on. */
export interface Pace {
  hold(): void;
  flow(): void;
}

export interface Pressure {
  /** How one writer's text comes to the sink. */
  share(pace: Pace): (text: string) => void;
}

/**
 * Of one writer: who has less waiting is not held. Nor is anybody as long as there is room for all:
 * a child in Node that has to wait, and exits before it could go on, loses what it had not written.
 */
const holdBytes = 2 ** 18;
/** Of all together. */
const roomBytes = 2 ** 21;
/** All go on when no more waits: what waits for long is moved again and again by the collector. */
const flowBytes = 2 ** 18;
const longestHoldMs = 2_000;
/** With no more than this waiting by then it is only slow, and loses nothing: it takes 0.5 MiB/s. */
const slowBytes = roomBytes / 2;

/** `onBehind` is called when the reader has made others wait too long. */
export function createPressure(sink: Sink, clock: Clock, onBehind: () => void): Pressure {
  let waitingBytes = 0;
  let isBehind = false;
  const held = new Set<Pace>();
  let cancelTimer: (() => void) | undefined;

  function hold(pace: Pace): void {
    held.add(pace);
    pace.hold();
    cancelTimer ??= clock.after(longestHoldMs, endHold);
  }

  function releaseAll(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    const paces = [...held];
    held.clear();
    for (const pace of paces) pace.flow();
  }

  function endHold(): void {
    if (waitingBytes <= slowBytes) {
      releaseAll();
      return;
    }
    isBehind = true;
    sink.keep("newest");
    releaseAll();
    onBehind();
  }

  function taken(bytes: number): void {
    waitingBytes -= bytes;
    if (isBehind && waitingBytes <= slowBytes) {
      isBehind = false;
      sink.keep("all");
    }
    if (held.size > 0 && waitingBytes <= flowBytes) releaseAll();
  }

  return {
    share(pace) {
      let ownBytes = 0;
      return (text) => {
        const bytes = text.length;
        ownBytes += bytes;
        waitingBytes += bytes;
        sink.write(text, () => {
          ownBytes -= bytes;
          taken(bytes);
        });
        const isTooMuch = waitingBytes > roomBytes && ownBytes > holdBytes;
        if (isTooMuch && !isBehind && !held.has(pace)) hold(pace);
      };
    },
  };
}
