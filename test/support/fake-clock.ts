import type { Clock } from "../../src/core/clock.ts";

/** Time that moves when told. */
export interface FakeClock extends Clock {
  /** Calls back whatever becomes due, each at its own moment, also what is set meanwhile. */
  advance(byMs: number): void;
  /** How many timers wait. */
  armed(): number;
}

interface Timer {
  readonly dueMs: number;
  readonly onDue: () => void;
}

export function createFakeClock(startMs = 0): FakeClock {
  const timers = new Set<Timer>();
  let nowMs = startMs;

  function nextUntil(untilMs: number): Timer | undefined {
    // Of two that are due together, the one that was set first.
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  return {
    nowMs: () => nowMs,
    after(delayMs, onDue) {
      const timer = { dueMs: nowMs + delayMs, onDue };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(byMs) {
      const untilMs = nowMs + byMs;
      for (let timer = nextUntil(untilMs); timer; timer = nextUntil(untilMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.dueMs);
        timer.onDue();
      }
      nowMs = untilMs;
    },
    armed: () => timers.size,
  };
}
