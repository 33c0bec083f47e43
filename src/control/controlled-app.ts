/**
 * What the control API needs of a running app, and is given by whoever builds both. Every command
 * that changes what is wanted gets the next number: to replay the commands in the order of their
 * numbers gives what is wanted now.
 */
import type { Formation } from "../core/formation.ts";
import type { ReloadStep } from "../core/reload.ts";
import type { ScaleChange } from "../core/scale.ts";
import type { Usage } from "../core/usage.ts";
import type { Account } from "../supervisor/history.ts";
import type { Known, Outcome, WaitOutcome } from "../supervisor/outcome.ts";
import type { AppStatus, StateChange } from "../supervisor/status.ts";
import type { RestartManner } from "../supervisor/supervisor.ts";

export interface ControlledApp {
  status(): AppStatus;
  /**
   * All or nothing. Done when it resolves is only the decision, here and below. `by` is who asked,
   * for the log: `marc with procman scale`.
   */
  scale(changes: readonly ScaleChange[], by: string): Outcome<Formation>;
  /**
   * Of types and instances; none means all, with which a changed Procfile is taken over whole.
   * Reads the Procfile and the environment anew, and refuses when they are invalid.
   */
  restart(
    names: readonly string[],
    by: string,
    manner?: RestartManner,
  ): Promise<Outcome<undefined>>;
  /** Of types and instances, at least one. */
  stop(names: readonly string[], by: string): Outcome<undefined>;
  /** The app and procman. */
  shutDown(by: string): Outcome<undefined>;
  /** Takes over what has changed in the files, and nothing else; only says so when `isDryRun`. */
  reload(isDryRun: boolean, by: string): Promise<Outcome<readonly ReloadStep[]>>;
  /**
   * Resolves when the instances of these types and names (none: all) are `settled`, which is when
   * each that shall run has its process and none is being stopped, or `ready`, which is up or ended
   * well; or when that cannot come any more.
   */
  until(
    what: "settled" | "ready",
    names: readonly string[],
    givenUp: AbortSignal,
  ): Promise<WaitOutcome>;
  /** Why they are as they are. Of types and instances; none means all. */
  why(names: readonly string[]): Known<readonly Account[]>;
  /** By instance name, of those that have a process. */
  usage(): Promise<ReadonlyMap<string, Usage>>;
  /** Called for every change of a state, until the returned function is called. */
  onStateChange(listen: (change: StateChange) => void): () => void;
}
