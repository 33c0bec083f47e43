/** Whether what became of one process ends the app, with all others. */
import type { StateName } from "./state-name.ts";

/** `all`: when every process has ended or is parked. `parked`: already when one is. */
export type ExitOn = "all" | "parked";

export interface EndPolicy {
  /** `never` for `--no-restart`. */
  readonly restart: "on-failure" | "never";
  readonly exitOn: ExitOn;
}

/** What was asked for, by which it ends all. */
export type EndsAll = "--no-restart" | "--exit-on parked" | "essential: true";

export function findEndsAll(
  { restart, exitOn }: EndPolicy,
  isEssential: boolean,
  state: StateName,
): EndsAll | undefined {
  const by = restart === "never" ? "--no-restart" : undefined;
  const byType = isEssential ? "essential: true" : undefined;
  switch (state) {
    case "exited":
      return by ?? byType;
    case "parked":
      return exitOn === "parked" ? "--exit-on parked" : (by ?? byType);
    case "starting":
    case "up":
    case "stopping":
    case "crashed":
    case "down":
      return undefined;
  }
}
