/** Whether what became of one process ends the app, with all others. */
import type { RestartPolicy } from "./restart.ts";
import type { StateName } from "./state-name.ts";

/** `all`: when every process has ended or is parked. `parked`: already when one is. */
export type ExitOn = "all" | "parked";

export interface EndPolicy {
  readonly restart: RestartPolicy;
  readonly exitOn: ExitOn;
}

/** What was asked for, by which it ends all. */
export type EndsAll = "--no-restart" | "--exit-on parked";

export function findEndsAll({ restart, exitOn }: EndPolicy, state: StateName): EndsAll | undefined {
  switch (state) {
    case "exited":
      return restart === "never" ? "--no-restart" : undefined;
    case "parked":
      if (exitOn === "parked") return "--exit-on parked";
      return restart === "never" ? "--no-restart" : undefined;
    case "starting":
    case "up":
    case "stopping":
    case "crashed":
    case "down":
      return undefined;
  }
}
