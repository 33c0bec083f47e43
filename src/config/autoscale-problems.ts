/** What is wrong with how a procman.yml wants process types to be scaled, each with its place. */
import type { Diagnostic } from "../core/diagnostic.ts";
import type { TypeSettings } from "../core/settings-schema.ts";
import { isRelease } from "../core/type-name.ts";
import type { SettingsFile } from "./settings-file.ts";

const needed = ["max", "metric", "per"] as const;

export function findAutoscaleProblems({
  values: { types },
  placeOf,
}: SettingsFile): readonly Diagnostic[] {
  return [...(types ?? [])].flatMap(([type, settings]) =>
    problemsOf(type, settings).map(({ at = [], ...problem }) => ({
      severity: "error" as const,
      ...placeOf(["types", type, "autoscale", ...at]),
      ...problem,
    })),
  );
}

interface Problem {
  /** Within the setting. */
  readonly at?: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

function problemsOf(type: string, settings: TypeSettings): readonly Problem[] {
  const { autoscale } = settings;
  if (autoscale === undefined) return [];
  const { min = 1, max } = autoscale;
  const problems: Problem[] = [];
  const misfit = findMisfit(type, settings);
  if (misfit !== undefined) {
    problems.push({ message: `${type} ${misfit}, so it has nothing to scale` });
  }
  const missing = needed.filter((name) => autoscale[name] === undefined);
  if (missing.length > 0) {
    const hint = "as in {max: 10, metric: redis-cli llen jobs, per: 20}";
    problems.push({ message: `the autoscale of ${type} needs ${missing.join(", ")}`, hint });
  }
  if (max !== undefined && min > max) {
    const at = [autoscale.min === undefined ? "max" : "min"];
    problems.push({ at, message: `min is ${min}, above the max of ${max}` });
  }
  return problems;
}

/** Of what is run once there is one. */
function findMisfit(type: string, { once, schedule }: TypeSettings): string | undefined {
  if (isRelease(type)) return "is run once, before all else";
  if (schedule) return "has a schedule";
  return once ? "has once: true" : undefined;
}
