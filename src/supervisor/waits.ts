/** Who waits until instances have come as far as they are wanted, and is told when they have. */
import type { WaitOutcome } from "./outcome.ts";
import type { InstanceStatus } from "./status.ts";

/**
 * `settled`: each that shall run has its process, and none is being stopped. `ready`: each is up
 * or has ended well.
 */
export type WaitGoal = "settled" | "ready";

export interface Waits {
  /** To be called when anything has changed. */
  onChange(instances: () => readonly InstanceStatus[]): void;
  /** Of these types and instances; of all, when there are no names. */
  until(
    goal: WaitGoal,
    names: readonly string[],
    givenUp: AbortSignal,
    instances: () => readonly InstanceStatus[],
  ): Promise<WaitOutcome>;
}

export function createWaits(): Waits {
  const checks = new Set<(instances: readonly InstanceStatus[]) => void>();
  return {
    onChange(instances) {
      if (checks.size === 0) return;
      const all = instances();
      for (const check of checks) check(all);
    },
    until(goal, names, givenUp, instances) {
      return new Promise((resolve) => {
        const end = (outcome: WaitOutcome) => {
          checks.delete(check);
          givenUp.removeEventListener("abort", onAbort);
          resolve(outcome);
        };
        const check = (all: readonly InstanceStatus[]) => {
          const outcome = judge(goal, named(all, names));
          if (outcome) end(outcome);
        };
        const onAbort = () => {
          const waiting = named(instances(), names).filter((status) => !hasReached(goal, status));
          end({ is: "given-up", waiting });
        };
        checks.add(check);
        givenUp.addEventListener("abort", onAbort);
        check(instances());
      });
    },
  };
}

function named(
  instances: readonly InstanceStatus[],
  names: readonly string[],
): readonly InstanceStatus[] {
  if (names.length === 0) return instances;
  return instances.filter(({ name, type }) => names.includes(name) || names.includes(type));
}

/** Undefined as long as it may still come. */
function judge(goal: WaitGoal, instances: readonly InstanceStatus[]): WaitOutcome | undefined {
  if (instances.every((status) => hasReached(goal, status))) return { is: "done" };
  const failed = goal === "ready" ? instances.filter(cannotBecomeReady) : [];
  return failed.length > 0 ? { is: "failed", failed } : undefined;
}

function hasReached(goal: WaitGoal, { state, pid, lastExit }: InstanceStatus): boolean {
  switch (state) {
    case "up":
      return true;
    case "starting":
      return goal === "settled" && pid !== undefined;
    case "stopping":
      return false;
    case "exited":
      return goal === "settled" || (lastExit?.kind === "exit" && lastExit.code === 0);
    case "crashed":
    case "parked":
    case "down":
      return goal === "settled";
  }
}

function cannotBecomeReady(status: InstanceStatus): boolean {
  const { state } = status;
  return (
    state === "parked" || state === "down" || (state === "exited" && !hasReached("ready", status))
  );
}
