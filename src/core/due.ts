/**
 * When the next run of a schedule is, and whether it has come, by a wall clock that may be set and a
 * machine that may sleep. No time is due twice, and of all that has come meanwhile one run is made.
 */

/** The first time after this one, in ms of the wall clock; undefined when there is none. */
export type NextRun = (afterMs: number) => number | undefined;

export interface DuePlan {
  /** Undefined when it never comes again. */
  readonly nextMs: number | undefined;
  /** When it was last looked at. */
  readonly seenMs: number;
}

export interface Look {
  readonly plan: DuePlan;
  readonly isDue: boolean;
}

/** Who sets the clock back by more has corrected a wrong one: what is to come is counted anew. */
const correctedMs = 3 * 3_600_000;

export function planDue(nowMs: number, nextRun: NextRun): DuePlan {
  return { nextMs: nextRun(nowMs), seenMs: nowMs };
}

export function lookAt({ nextMs, seenMs }: DuePlan, nowMs: number, nextRun: NextRun): Look {
  if (nowMs < seenMs - correctedMs) return { plan: planDue(nowMs, nextRun), isDue: false };
  const isDue = nextMs !== undefined && nowMs >= nextMs;
  const plan = isDue ? planDue(nowMs, nextRun) : { nextMs, seenMs: nowMs };
  return { plan, isDue };
}
