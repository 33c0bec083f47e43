/** Whether what became of one process ends the app, with all others. */
import { type ExitStatus, isSuccess } from "./exit-status.ts";
import type { StateName } from "./state-name.ts";
import { isRelease } from "./type-name.ts";

/** `all`: when every process has ended or is parked. `parked`: already when one is. */
export type ExitOn = "all" | "parked";

export interface EndPolicy {
  /** `never` for `--no-restart`. */
  readonly restart: "on-failure" | "never";
  readonly exitOn: ExitOn;
}

/** What was asked for, by which it ends all. */
export type EndsAll = "--no-restart" | "--exit-on parked" | "essential: true" | "release";

/** As the spec of an instance has it. */
export interface Role {
  readonly type: string;
  readonly isEssential?: boolean;
  readonly isTask?: boolean;
}

/** `status` is how it has ended for good. */
export function findEndsAll(
  { restart, exitOn }: EndPolicy,
  { type, isEssential, isTask }: Role,
  state: StateName,
  status: ExitStatus | undefined,
): EndsAll | undefined {
  const byType = isRelease(type) ? "release" : isEssential ? "essential: true" : undefined;
  const by = restart === "never" ? "--no-restart" : byType;
  switch (state) {
    case "exited":
      // A task that has done its work is what the others have waited for.
      return isTask && status && isSuccess(status) ? undefined : by;
    case "parked":
      return exitOn === "parked" ? "--exit-on parked" : by;
    case "waiting":
    case "scheduled":
    case "starting":
    case "up":
    case "stopping":
    case "crashed":
    case "down":
      return undefined;
  }
}
