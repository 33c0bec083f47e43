/**
 * Whether a process that ended by itself is started again, and when. Knows no clock and draws no
 * number: both are given.
 */
import { type ExitStatus, findLastingCause, isSuccess } from "./exit-status.ts";

export type RestartPolicy = "on-failure" | "always" | "never";

export interface RestartRule {
  readonly policy: RestartPolicy;
  /** So many restarts in a row; the next failure parks it. */
  readonly max: number;
  /** The pause after the first failure. */
  readonly backoffMs: number;
}

export const defaultRestartRule: RestartRule = {
  policy: "on-failure",
  max: Number.POSITIVE_INFINITY,
  backoffMs: 500,
};

/** A process that has been up this long has proved itself: its failures are forgotten. */
export const stableMs = 30_000;
/** The pause after a crash of a process that had been stable. */
const stableDelayMs = 250;
const maxDelayMs = 30_000;
/** procman by itself never starts the same process twice within this time. */
const minBetweenStartsMs = 1_000;
const jitterShare = 0.2;

/** Somebody else's hold on its port may be about to end: this long that is waited for. */
export const portWaitMs = 10_000;

/** A life that is over. */
export interface Life {
  /** Unstable lives in a row before this one. */
  readonly failures: number;
  /** How long it was up, 0 when it never got that far. */
  readonly upMs: number;
  /** From its start until now. */
  readonly sinceStartMs: number;
  /** Somebody else holds its port. */
  readonly isPortHeld: boolean;
}

export type Sequel =
  /** `failures` counts this life too, unless it was stable. */
  | {
      readonly is: "again";
      readonly inMs: number;
      readonly failures: number;
      /** Its port was held by somebody else. When that is over, it is no failure, and this counts. */
      readonly onPortFree?: { readonly inMs: number; readonly failures: number };
    }
  | { readonly is: "content" }
  /** Whatever became of it, it is started when it is due. */
  | { readonly is: "scheduled" }
  | { readonly is: "park"; readonly reason: string };

/** `jitter` is in [0, 1). */
export function decideSequel(
  { policy, max, backoffMs: firstMs }: RestartRule,
  status: ExitStatus,
  life: Life,
  jitter: number,
): Sequel {
  const cause = findLastingCause(status);
  if (cause !== undefined) return { is: "park", reason: cause };
  if (policy === "never") return { is: "content" };
  if (policy === "on-failure" && isSuccess(status)) return { is: "content" };
  const failures = life.upMs >= stableMs ? 0 : life.failures + 1;
  if (failures > max) return { is: "park", reason: describeTooOften(max) };
  const delayMs = failures === 0 ? stableDelayMs : backoffMs(failures, jitter, firstMs);
  const inMs = atLeast(delayMs, life);
  if (failures === 0 || !life.isPortHeld) return { is: "again", inMs, failures };
  return {
    is: "again",
    inMs: Math.min(maxDelayMs, portWaitMs + inMs),
    failures,
    onPortFree: { inMs: atLeast(stableDelayMs, life), failures: life.failures },
  };
}

function describeTooOften(max: number): string {
  const often = max === 1 ? "once" : `${max} times`;
  return max === 0 ? "it is not to be restarted" : `it has been restarted ${often} in a row`;
}

function atLeast(delayMs: number, { sinceStartMs }: Life): number {
  return Math.ceil(Math.max(delayMs, minBetweenStartsMs - sinceStartMs));
}

/** The pause after the n-th failure in a row, n from 1: doubling, within 20 % of it, never over 30 s. */
export function backoffMs(
  failures: number,
  jitter: number,
  firstMs = defaultRestartRule.backoffMs,
): number {
  const delayMs = Math.min(maxDelayMs, firstMs * 2 ** (failures - 1));
  return Math.min(maxDelayMs, delayMs * (1 - jitterShare + 2 * jitterShare * jitter));
}
