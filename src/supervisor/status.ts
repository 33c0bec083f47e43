/** What an outsider may know of a running app: values only, taken at one moment. */
import type { ExitStatus } from "../core/exit-status.ts";
import type { StateName } from "../core/state-name.ts";

export interface AppStatus {
  readonly name: string;
  /** Absolute. */
  readonly root: string;
  /** The value of `PROCMAN_ID`. */
  readonly id: string;
  /** procman's own. */
  readonly pid: number;
  /** Wall clock, like every time here. */
  readonly startedMs: number;
  /** Counts up from 1 with every Procfile or environment that was taken over. */
  readonly version: number;
  readonly releasedMs: number;
  /** In Procfile order. A type that left the Procfile comes last, as long as it has instances. */
  readonly types: readonly TypeStatus[];
  /** By type in the order of `types`, then by ordinal. */
  readonly instances: readonly InstanceStatus[];
}

export interface TypeStatus {
  readonly name: string;
  readonly command: string;
  readonly quantity: number;
  /** When the quantity or the command was changed, or the app started. */
  readonly changedMs: number;
}

export interface InstanceStatus {
  readonly name: string;
  readonly type: string;
  readonly ordinal: number;
  readonly command: string;
  /** Its `PORT`. Undefined for who has none. */
  readonly port: number | undefined;
  readonly state: StateName;
  /** When it came into this state. */
  readonly changedMs: number;
  /** When its last run began; when it was first known, if it never ran. */
  readonly createdMs: number;
  /** The version of the app that its last run was started with. */
  readonly version: number;
  /** Of the leader and its group. Undefined when there is none. */
  readonly pid: number | undefined;
  /** Runs after the first. */
  readonly restarts: number;
  /** How its run before this one, or its last run, ended. */
  readonly lastExit: ExitStatus | undefined;
  /** Of who has a schedule. */
  readonly schedule: ScheduleStatus | undefined;
  /** Until it is started again, when it is crashed. */
  readonly restartInMs: number | undefined;
  /** Why it is parked, or what it waits for. */
  readonly reason: string | undefined;
  /** What it waits for will not come without a person. */
  readonly isBlocked: boolean;
  /** Whether another takes its place; undefined when nobody has asked for that. */
  readonly roll: RollState | undefined;
}

export type RollState =
  | { readonly is: "rolling" }
  /** A part of a sentence. */
  | { readonly is: "failed"; readonly reason: string };

export interface ScheduleStatus {
  /** Undefined when it never comes, or it is stopped. */
  readonly nextMs: number | undefined;
  /** Undefined before the first. */
  readonly lastRun:
    | { readonly startedMs: number; readonly endedMs: number; readonly status: ExitStatus }
    | undefined;
}

export interface StateChange {
  readonly timeMs: number;
  readonly name: string;
  readonly from: StateName;
  readonly to: StateName;
}
