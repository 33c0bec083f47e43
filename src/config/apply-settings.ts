/** What procman.yml says of the process types of a Procfile, made part of them. */
import { type Diagnostic, type Result, resultOf } from "../core/diagnostic.ts";
import { explainUnknownType } from "../core/formation.ts";
import type { ProcessType } from "../core/procfile.ts";
import { releaseFirst } from "../core/release.ts";
import { isRelease } from "../core/type-name.ts";
import { findAutoscaleProblems } from "./autoscale-problems.ts";
import { findDependencyProblems } from "./dependency-problems.ts";
import { findMemoryProblems } from "./memory-problems.ts";
import { findProbeProblems } from "./probe-problems.ts";
import type { SettingsFile } from "./settings-file.ts";
import { traitsOf } from "./traits-of.ts";
import { findVariableProblems } from "./variable-problems.ts";
import { findWatchProblems } from "./watch-problems.ts";

/**
 * Paths are seen from `root`. With `release`, that is what all others wait for; without `watch`,
 * nobody is restarted because a file has changed.
 */
export function applySettings(
  types: readonly ProcessType[],
  file: SettingsFile,
  root: string,
  { release = false, watch = true }: { readonly release?: boolean; readonly watch?: boolean },
): Result<readonly ProcessType[]> {
  const { shell, types: own } = file.values;
  const problems = [
    ...findUnknownTypes(types, file),
    ...findDependencyProblems(types, file),
    ...findProbeProblems(file),
    ...findWatchProblems(file),
    ...findAutoscaleProblems(file),
    ...findMemoryProblems(file),
    ...findVariableProblems(file),
  ];
  const applied = types.map((type) => ({
    ...type,
    ...traitsOf({ ...(shell !== undefined && { shell }), ...own?.get(type.name) }, root),
  }));
  const released = release ? releaseFirst(applied) : applied;
  return resultOf(watch ? released : released.map(withoutWatch), problems);
}

function withoutWatch({ watch: _, ...type }: ProcessType): ProcessType {
  return type;
}

function findUnknownTypes(
  types: readonly ProcessType[],
  { values, placeOf }: SettingsFile,
): readonly Diagnostic[] {
  const known = types.map(({ name }) => name);
  const startable = known.filter((name) => !isRelease(name));
  const unknown = (section: string, names: Iterable<string>, of: readonly string[]) =>
    [...names]
      .filter((name) => !of.includes(name))
      .map((name) => ({ ...explainUnknownType(name, of, ""), ...placeOf([section, name]) }));
  return [
    ...unknown("formation", values.formation?.keys() ?? [], [...startable, "all"]),
    ...unknown("types", values.types?.keys() ?? [], known),
  ];
}
