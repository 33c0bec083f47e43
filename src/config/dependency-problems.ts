/** What is wrong with the dependencies of a procman.yml, each with its place. */
import { findCycles } from "../core/dependencies.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import { explainUnknownType } from "../core/formation.ts";
import type { ProcessType } from "../core/procfile.ts";
import { isRelease } from "../core/type-name.ts";
import type { SettingsFile } from "./settings-file.ts";

export function findDependencyProblems(
  types: readonly ProcessType[],
  { values, placeOf }: SettingsFile,
): readonly Diagnostic[] {
  const own = values.types ?? new Map<string, never>();
  const known = types.map(({ name }) => name).filter((name) => !isRelease(name));
  const problems: Diagnostic[] = [];
  for (const [type, { depends_on: dependsOn }] of own) {
    for (const [other, { until = "ready" }] of dependsOn ?? []) {
      const place = placeOf(["types", type, "depends_on", other]);
      if (!known.includes(other)) {
        problems.push({ ...explainUnknownType(other, known, ""), ...place });
        continue;
      }
      const problem = findConditionProblem(other, until, own.get(other) ?? {});
      if (problem) problems.push({ severity: "error", ...place, ...problem });
    }
  }
  const graph = new Map(
    [...own].map(([type, { depends_on: on }]) => [type, [...(on?.keys() ?? [])]] as const),
  );
  for (const cycle of findCycles(graph)) {
    const [first = "", second = ""] = cycle;
    problems.push({
      severity: "error",
      ...placeOf(["types", first, "depends_on", second]),
      message:
        cycle.length === 2
          ? `${first} depends on itself`
          : `none of these can be started first: ${cycle.join(" → ")}`,
      hint: "take one of these dependencies away",
    });
  }
  return problems;
}

interface Ending {
  readonly once?: boolean;
  readonly schedule?: unknown;
  readonly restart?: { readonly policy?: string };
}

function findConditionProblem(
  other: string,
  until: "ready" | "completed",
  { once, restart, schedule }: Ending,
): Pick<Diagnostic, "message" | "hint"> | undefined {
  if (schedule !== undefined) {
    const message = `${other} runs when it is due, so nobody can wait for it`;
    return { message, hint: "take this dependency away, or its schedule" };
  }
  if (until === "ready" && once) {
    const message = `${other} has once: true, so it is never ready, but completed`;
    return { message, hint: `write ${other}: completed` };
  }
  if (until === "completed" && restart?.policy === "always") {
    const message = `${other} is always started again, so it is never completed`;
    return { message, hint: `write ${other}: ready, or once: true for ${other}` };
  }
  return undefined;
}
