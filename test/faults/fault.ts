/** A row of the suite: a fault, what must hold under it, and how it is brought about. */
import type { Stage } from "./stage.ts";

export interface Fault {
  readonly name: string;
  /** In a few words, for who reads the table. */
  readonly must: string;
  /** It measures times that a busy machine spoils. */
  readonly isAlone?: true;
  /** Undefined when it can be brought about here, else why not. */
  readonly cannot?: () => string | undefined;
  /** Throws when it does not hold; else what was measured. */
  readonly run: (stage: Stage) => Promise<string>;
}

export type Outcome =
  | { readonly is: "held"; readonly figure: string }
  | { readonly is: "failed"; readonly problem: string }
  | { readonly is: "skipped"; readonly reason: string };

/** The first that cannot be had. */
export function allOf(...needs: readonly (() => string | undefined)[]): () => string | undefined {
  return () => needs.map((need) => need()).find((reason) => reason !== undefined);
}
