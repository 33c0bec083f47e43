/** The settings of one process type, as what they mean for it. */
import { resolve } from "node:path";
import type { AutoscaleRule } from "../core/autoscale.ts";
import type { Dependency } from "../core/dependencies.ts";
import type { Launch } from "../core/launch.ts";
import type { Check, LiveProbe, ReadyProbe } from "../core/probe.ts";
import { defaultOverlap, type ScheduleRule } from "../core/schedule-rule.ts";
import type { TypeSettings } from "../core/settings-schema.ts";
import type { Traits } from "../core/traits.ts";
import { defaultDebounceMs, type WatchRule } from "../core/watch-rule.ts";

/** Paths are seen from `root`. */
export function traitsOf(settings: TypeSettings, root: string): Traits {
  const { stop, restart, memory, essential, port, once, surge } = settings;
  const launch = launchOf(settings, root);
  const ready = readyOf(settings);
  const live = liveOf(settings);
  const watch = watchRuleOf(settings);
  const schedule = scheduleOf(settings);
  const dependsOn = dependenciesOf(settings);
  const autoscale = autoscaleOf(settings);
  return {
    ...(launch && { launch }),
    ...(stop && { stop: renamed(stop, { timeout: "graceMs" }) }),
    ...(restart && { restart: renamed(restart, { backoff: "backoffMs" }) }),
    ...(ready && { ready }),
    ...(live && { live }),
    ...(watch && { watch }),
    ...(dependsOn.length > 0 && { dependsOn }),
    ...(autoscale && { autoscale }),
    ...(memory && { memory: renamed(memory, { warn: "warnBytes", limit: "limitBytes" }) }),
    ...(schedule && { schedule }),
    ...(once && { isTask: true }),
    ...(essential && { isEssential: true }),
    ...(port === "none" && { isPortless: true }),
    ...(surge !== undefined && { surge }),
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

function readyOf({ ready }: TypeSettings): ReadyProbe | undefined {
  const check = ready && checkOf(ready);
  if (!check) return undefined;
  return { check, timeoutMs: ready.timeout ?? 60_000, intervalMs: ready.interval };
}

function liveOf({ live }: TypeSettings): LiveProbe | undefined {
  const check = live && checkOf(live);
  if (!check) return undefined;
  const { interval: intervalMs = 10_000, timeout: timeoutMs = 5_000, failures = 3 } = live;
  return { check, intervalMs, timeoutMs, failures };
}

interface Checks {
  readonly http?: string;
  readonly tcp?: string;
  readonly log?: RegExp;
  readonly command?: string;
}

function checkOf({ http, tcp, log, command }: Checks): Check | undefined {
  if (http !== undefined) return { is: "http", url: http };
  if (tcp !== undefined) return { is: "tcp", address: tcp };
  if (log !== undefined) return { is: "log", pattern: log };
  return command === undefined ? undefined : { is: "command", command };
}

function dependenciesOf({ depends_on: dependsOn }: TypeSettings): readonly Dependency[] {
  return [...(dependsOn ?? [])].map(([type, { until = "ready", restart_with: restartWith }]) => ({
    type,
    until,
    restartWith: restartWith ?? false,
  }));
}

function watchRuleOf({ watch }: TypeSettings): WatchRule | undefined {
  if (!watch?.paths) return undefined;
  const { paths, ignore = [], debounce: debounceMs = defaultDebounceMs } = watch;
  return { paths, ignore, debounceMs };
}

function scheduleOf({ schedule }: TypeSettings): ScheduleRule | undefined {
  if (schedule?.cron === undefined) return undefined;
  const { cron, tz, overlap = defaultOverlap } = schedule;
  return { cron, ...(tz !== undefined && { tz }), overlap };
}

/** One that lacks something has been refused. */
function autoscaleOf({ autoscale }: TypeSettings): AutoscaleRule | undefined {
  const { min = 1, max, every: everyMs = 10_000, metric, per } = autoscale ?? {};
  if (max === undefined || metric === undefined || per === undefined) return undefined;
  return { min, max, everyMs, metric, per };
}

type Renamed<T, N> = { [K in keyof T as K extends keyof N ? N[K] & string : K]: T[K] };

function renamed<T extends object, const N extends Record<string, string>>(
  values: T,
  names: N,
): Renamed<T, N> {
  const pairs = Object.entries(values).map(([name, value]) => [names[name] ?? name, value]);
  return Object.fromEntries(pairs) as Renamed<T, N>;
}
