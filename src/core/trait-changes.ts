/** Which settings of a process type have changed, by their names in procman.yml. */
import type { Launch } from "./launch.ts";
import type { Traits } from "./traits.ts";

export interface TraitChanges {
  /** Whoever runs has to be started anew to get them. */
  readonly ofRuns: readonly string[];
  /** No run has to be touched for them: they hold from when they are adopted, or from the next start. */
  readonly atOnce: readonly string[];
}

const launchNames: { readonly [Name in keyof Launch]-?: string } = {
  cwd: "cwd",
  shell: "shell",
  envFiles: "env_file",
  env: "env",
};

type OtherName = Exclude<keyof Traits, "launch" | "isPortless" | "includedEnv">;
const names: { readonly [Name in OtherName]-?: string } = {
  stop: "stop",
  restart: "restart",
  ready: "ready",
  live: "live",
  watch: "watch",
  autoscale: "autoscale",
  memory: "memory",
  schedule: "schedule",
  dependsOn: "depends_on",
  isTask: "once",
  isEssential: "essential",
  surge: "surge",
  isolation: "cgroup",
};

export function compareTraits(one: Traits, other: Traits): TraitChanges {
  const ofLaunch = changedKeys(launchNames, one.launch ?? {}, other.launch ?? {});
  const isPortChanged = one.isPortless !== other.isPortless;
  const ofFiles = changedKeys({ includedEnv: "env" }, one, other);
  return {
    ofRuns: [...ofLaunch, ...(isPortChanged ? ["port"] : []), ...ofFiles],
    atOnce: changedKeys(names, one, other),
  };
}

function changedKeys<T extends object>(
  nameOf: { readonly [Key in keyof T]?: string },
  one: T,
  other: T,
): readonly string[] {
  const keys = Object.keys(nameOf) as (keyof T)[];
  return keys
    .filter((key) => plain(one[key]) !== plain(other[key]))
    .flatMap((key) => nameOf[key] ?? []);
}

function plain(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) => {
    // In which order variables stand makes no difference.
    if (inner instanceof Map) return [...inner].sort();
    return inner instanceof RegExp ? String(inner) : inner;
  });
}
