/**
 * What the control API needs of a running app, and is given by whoever builds both. Every command
 * that changes what is wanted gets the next number: to replay the commands in the order of their
 * numbers gives what is wanted now.
 */
import type { Diagnostic } from "../core/diagnostic.ts";
import type { Formation } from "../core/formation.ts";
import type { ScaleChange } from "../core/scale.ts";
import type { AppStatus, InstanceStatus } from "../supervisor/status.ts";

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
  restart(names: readonly string[], by: string): Promise<Outcome<undefined>>;
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
  /** By instance name, of those that have a process. */
  usage(): Promise<ReadonlyMap<string, Usage>>;
  /** Called for every change of a state, until the returned function is called. */
  onStateChange(listen: (change: StateChange) => void): () => void;
}

export type Outcome<T> =
  | { readonly is: "done"; readonly number: number; readonly value: T }
  /** Nothing was changed. */
  | { readonly is: "refused"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly is: "unknown-names"; readonly diagnostics: readonly Diagnostic[] };

export type WaitOutcome =
  | { readonly is: "done" }
  | { readonly is: "given-up"; readonly waiting: readonly InstanceStatus[] }
  /** They are parked, stopped or ended, and somebody must do something first. */
  | { readonly is: "failed"; readonly failed: readonly InstanceStatus[] }
  | { readonly is: "unknown-names"; readonly diagnostics: readonly Diagnostic[] };

export interface ReloadStep {
  readonly type: string;
  readonly what: "add" | "remove" | "replace";
  /** Whom it touches. */
  readonly instances: readonly string[];
  /** `its command changed`, `API_KEY changed in the environment`. */
  readonly reason: string;
}

/** Of a process and all it started. */
export interface Usage {
  /** Of one processor, 0 to 100 for each. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** The ports that any of them really listens on, in ascending order. */
  readonly ports: readonly number[];
}

export interface StateChange {
  readonly timeMs: number;
  readonly name: string;
  readonly from: string;
  readonly to: string;
}
