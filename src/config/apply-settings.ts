/** What procman.yml says of the process types of a Procfile, made part of them. */
import { resolve } from "node:path";
import { type Diagnostic, type Result, resultOf } from "../core/diagnostic.ts";
import { explainUnknownType, releaseType } from "../core/formation.ts";
import type { Launch } from "../core/launch.ts";
import type { ProcessType } from "../core/procfile.ts";
import type { TypeSettings } from "../core/settings-schema.ts";
import type { Traits } from "../core/traits.ts";
import type { SettingsFile } from "./settings-file.ts";

/** Paths are seen from `root`. */
export function applySettings(
  types: readonly ProcessType[],
  file: SettingsFile,
  root: string,
): Result<readonly ProcessType[]> {
  const { shell, types: own } = file.values;
  const problems = findUnknownTypes(types, file);
  const applied = types.map((type) => ({
    ...type,
    ...traitsOf({ ...(shell !== undefined && { shell }), ...own?.get(type.name) }, root),
  }));
  return resultOf(applied, problems);
}

function findUnknownTypes(
  types: readonly ProcessType[],
  { values, placeOf }: SettingsFile,
): readonly Diagnostic[] {
  const known = types.map(({ name }) => name);
  const startable = known.filter((name) => name !== releaseType);
  const unknown = (section: string, names: Iterable<string>, of: readonly string[]) =>
    [...names]
      .filter((name) => !of.includes(name))
      .map((name) => ({ ...explainUnknownType(name, of, ""), ...placeOf([section, name]) }));
  return [
    ...unknown("formation", values.formation?.keys() ?? [], [...startable, "all"]),
    ...unknown("types", values.types?.keys() ?? [], known),
  ];
}

function traitsOf(settings: TypeSettings, root: string): Traits {
  const { stop, restart, essential, port } = settings;
  const launch = launchOf(settings, root);
  return {
    ...(launch && { launch }),
    ...(stop && { stop: renamed(stop, { timeout: "graceMs" }) }),
    ...(restart && { restart: renamed(restart, { backoff: "backoffMs" }) }),
    ...(essential && { isEssential: true }),
    ...(port === "none" && { isPortless: true }),
  };
}

function launchOf(settings: TypeSettings, root: string): Launch | undefined {
  const { cwd, shell, env, env_file: envFiles } = settings;
  const launch: Launch = {
    ...(cwd !== undefined && { cwd: resolve(root, cwd) }),
    ...(shell !== undefined && { shell }),
    ...(envFiles && { envFiles: envFiles.map((path) => resolve(root, path)) }),
    ...(env && { env }),
  };
  return Object.keys(launch).length > 0 ? launch : undefined;
}

type Renamed<T, N> = { [K in keyof T as K extends keyof N ? N[K] & string : K]: T[K] };

function renamed<T extends object, const N extends Record<string, string>>(
  values: T,
  names: N,
): Renamed<T, N> {
  const pairs = Object.entries(values).map(([name, value]) => [names[name] ?? name, value]);
  return Object.fromEntries(pairs) as Renamed<T, N>;
}
