/** What became of a command. */
import type { Diagnostic } from "../core/diagnostic.ts";
import type { InstanceStatus } from "./status.ts";

export type Outcome<T> =
  | { readonly is: "done"; readonly number: number; readonly value: T }
  /** Nothing was changed. */
  | { readonly is: "refused"; readonly diagnostics: readonly Diagnostic[] }
  /** Nothing was changed either: the app is being stopped, and all else comes too late. */
  | { readonly is: "leaving" }
  | UnknownNames;

/** The answer to a question about types and instances. */
export type Known<T> = { readonly is: "known"; readonly value: T } | UnknownNames;

export interface UnknownNames {
  readonly is: "unknown-names";
  readonly diagnostics: readonly Diagnostic[];
}

export type WaitOutcome =
  | { readonly is: "done" }
  | { readonly is: "given-up"; readonly waiting: readonly InstanceStatus[] }
  /** They are parked, stopped or ended, and somebody must do something first. */
  | { readonly is: "failed"; readonly failed: readonly InstanceStatus[] }
  | UnknownNames;
