/** How an environment differs from an earlier one of which only hashes are kept: by names alone. */
import type { Environment } from "./environment.ts";
import { hashText } from "./hash-text.ts";

/** The hash of each value, by its key: the values of an earlier run are not kept. */
export type Fingerprint = ReadonlyMap<string, string>;

/** Keys, sorted. */
export interface EnvironmentChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export function fingerprintOf(environment: Environment): Fingerprint {
  return new Map([...environment].map(([key, value]) => [key, hashText(value)]));
}

export function compareFingerprints(before: Fingerprint, now: Fingerprint): EnvironmentChange {
  return {
    added: [...now.keys()].filter((key) => !before.has(key)).sort(),
    removed: [...before.keys()].filter((key) => !now.has(key)).sort(),
    changed: [...now]
      .flatMap(([key, hash]) => (before.has(key) && before.get(key) !== hash ? [key] : []))
      .sort(),
  };
}
