/**
 * Owns what is wanted and what is: starts the planned instances, stops or kills them all, and says
 * when the app has ended. One message at a time; nothing else changes its state.
 */
import { exitCodeOf } from "../core/exit-status.ts";
import {
  findFinalStatus,
  hasFailed,
  type InstancePolicy,
  type InstanceState,
  isRunning,
} from "../core/instance.ts";
import { type InstanceSpec, webType } from "../core/plan.ts";
import type { RestartPolicy } from "../core/restart.ts";
import { createRunner, type Runner, type RunnerTools } from "./runner.ts";

export interface Supervisor {
  /** In the order of the specs. */
  start(): void;
  /** Asks all to stop, in reverse order, waiting for none before the next. */
  stop(): void;
  kill(): void;
  /** Who has a process, or may have one. */
  running(): readonly string[];
}

export interface SupervisorOptions {
  readonly specs: readonly InstanceSpec[];
  readonly restart: RestartPolicy;
  readonly graceMs: number;
  readonly tools: Omit<RunnerTools, "onChange">;
  /** Once: nothing runs and nothing will. The code of the first that failed, else 0. */
  readonly onEnded: (exitCode: number) => void;
}

/** A web process that does not answer on its port may be busy, or listen elsewhere. */
const webReadyAfterMs = 10_000;
const readyAfterMs = 500;
const stopSignal = "SIGTERM";

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { specs, restart, graceMs, tools, onEnded } = options;
  let want: "up" | "down" = "up";
  let exitCode = 0;
  let hasEnded = false;

  const runners = specs.map((spec) => {
    const isWeb = spec.type === webType;
    const policy: InstancePolicy = {
      restart,
      readyAfterMs: isWeb ? webReadyAfterMs : readyAfterMs,
      isProbed: isWeb,
      graceMs,
    };
    const probe = isWeb ? tools.probe : undefined;
    return createRunner(spec, policy, stopSignal, { ...tools, probe, onChange });
  });

  function onChange({ spec, instance }: Runner): void {
    const { state } = instance();
    if (exitCode === 0 && hasFailed(state)) exitCode = exitCodeOfFinal(state);
    if (restart === "never" && findFinalStatus(state) && want === "up") {
      if (runners.length > 1) tools.tell(spec.name, { kind: "ends-all" });
      stop();
    }
    if (hasEnded || !runners.every(({ instance }) => isOver(instance().state, want))) return;
    hasEnded = true;
    onEnded(exitCode);
  }

  function stop(): void {
    want = "down";
    for (const runner of runners.toReversed()) runner.send({ what: "want", want: "down" });
  }

  return {
    start() {
      for (const runner of runners) runner.send({ what: "want", want: "up" });
    },
    stop,
    kill() {
      want = "down";
      for (const runner of runners) {
        runner.send({ what: "want", want: "down" });
        runner.send({ what: "kill" });
      }
    },
    running: () =>
      runners.filter(({ instance }) => isRunning(instance().state)).map(({ spec }) => spec.name),
  };
}

/** Nothing of it runs and nothing will. What was stopped may be started again, unless all shall end. */
function isOver(state: InstanceState, want: "up" | "down"): boolean {
  return findFinalStatus(state) !== undefined || (want === "down" && state.is === "down");
}

function exitCodeOfFinal(state: InstanceState): number {
  const status = findFinalStatus(state);
  return status === undefined ? 0 : exitCodeOf(status);
}
