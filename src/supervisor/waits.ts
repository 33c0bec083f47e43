/** Who waits until instances have come as far as they are wanted, and is told when they have. */
import type { WaitOutcome } from "./outcome.ts";
import type { InstanceStatus } from "./status.ts";

/**
 * `settled`: each that shall run has its process, and none is being stopped or replaced; failed
 * when one could not be replaced. `ready`: each is up or has ended well.
 */
export type WaitGoal = "settled" | "ready";

export interface Waits {
  /** To be called when anything has changed. */
  onChange(): void;
  /** Of these types and instances; of all, when there are no names. */
  until(
    goal: WaitGoal,
    names: readonly string[],
    givenUp: AbortSignal,
    instances: () => Iterable<InstanceStatus>,
  ): Promise<WaitOutcome>;
}

export function createWaits(): Waits {
  const checks = new Set<() => void>();
  return {
    onChange() {
      for (const check of checks) check();
    },
    until(goal, names, givenUp, instances) {
      return new Promise((resolve) => {
        const end = (outcome: WaitOutcome) => {
          checks.delete(check);
          givenUp.removeEventListener("abort", onAbort);
          resolve(outcome);
        };
        const check = () => {
          const outcome = judge(goal, named(instances(), names));
          if (outcome) end(outcome);
        };
        const onAbort = () => {
          const all = [...named(instances(), names)];
          end({ is: "given-up", waiting: all.filter((status) => !hasReached(goal, status)) });
        };
        checks.add(check);
        givenUp.addEventListener("abort", onAbort);
        check();
      });
    },
  };
}

function* named(
  instances: Iterable<InstanceStatus>,
  names: readonly string[],
): Iterable<InstanceStatus> {
  for (const status of instances) {
    const { name, type } = status;
    if (names.length === 0 || names.includes(name) || names.includes(type)) yield status;
  }
}

/** Undefined as long as it may still come. */
function judge(goal: WaitGoal, instances: Iterable<InstanceStatus>): WaitOutcome | undefined {
  const failed: InstanceStatus[] = [];
  let isMissing = false;
  for (const status of instances) {
    // Whether it runs is another question than whether another took its place.
    if (goal === "settled" && status.roll?.is === "failed") failed.push(status);
    if (hasReached(goal, status)) continue;
    // Where none can fail, the first that is missing decides.
    if (goal === "settled") return undefined;
    isMissing = true;
    if (cannotBecomeReady(status)) failed.push(status);
  }
  if (failed.length > 0) return { is: "failed", failed };
  return isMissing ? undefined : { is: "done" };
}

function hasReached(goal: WaitGoal, { state, pid, lastExit, roll }: InstanceStatus): boolean {
  if (roll?.is === "rolling") return false;
  switch (state) {
    case "up":
    case "scheduled":
      return true;
    case "starting":
      return goal === "settled" && pid !== undefined;
    case "stopping":
      return false;
    case "exited":
      return goal === "settled" || (lastExit?.kind === "exit" && lastExit.code === 0);
    case "waiting":
    case "crashed":
    case "parked":
    case "down":
      return goal === "settled";
  }
}

function cannotBecomeReady(status: InstanceStatus): boolean {
  const { state } = status;
  if (state === "exited") return !hasReached("ready", status);
  return state === "parked" || state === "down" || status.isBlocked;
}
