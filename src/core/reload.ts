/** What it takes to come from what was wanted to what the files say now, and for which reason. */
import type { Desired } from "./desired.ts";
import type { InstanceSpec } from "./plan.ts";
import type { ProcessType } from "./procfile.ts";
import { compareTraits } from "./trait-changes.ts";

export interface ReloadStep {
  readonly type: string;
  /** `adjust`: nothing that runs is touched, but what becomes of it may be something else. */
  readonly what: "add" | "remove" | "replace" | "adjust";
  /** Whom it touches. */
  readonly instances: readonly string[];
  /** `its command changed`, `API_KEY changed in the environment`. */
  readonly reason: string;
}

/** `replace web (its command changed), add clock (it is new in the Procfile)`. */
export function describeSteps(steps: readonly ReloadStep[]): string {
  return steps.map(({ type, what, reason }) => `${what} ${type} (${reason})`).join(", ");
}

/**
 * `changedKeys` names the variables that an instance would get with another value than it has.
 * Who has been stopped is not touched, and neither is who has not changed.
 */
export function planReload(
  now: Desired,
  next: Desired,
  changedKeys: (instance: string) => readonly string[],
): readonly ReloadStep[] {
  const removed = [...now.formation.keys()].filter((type) => !next.formation.has(type));
  return [
    ...removed.map((type) => step(type, "remove", specsOf(now, type), "it left the Procfile")),
    ...[...next.formation.keys()].flatMap((type) =>
      now.formation.has(type)
        ? replaced(type, now, next, changedKeys)
        : [step(type, "add", specsOf(next, type), "it is new in the Procfile")],
    ),
  ];
}

function replaced(
  type: string,
  now: Desired,
  next: Desired,
  changedKeys: (instance: string) => readonly string[],
): readonly ReloadStep[] {
  const running = specsOf(next, type).filter(({ name }) => !next.stopped.has(name));
  if (typeOf(now, type)?.command !== typeOf(next, type)?.command) {
    return [step(type, "replace", running, "its command changed")];
  }
  const { ofRuns, atOnce } = compareTraits(typeOf(now, type) ?? {}, typeOf(next, type) ?? {});
  const reason = `${[...ofRuns, ...atOnce].join(", ")} changed in procman.yml`;
  if (ofRuns.length > 0) return [step(type, "replace", running, reason)];
  const touched = running.filter(({ name }) => changedKeys(name).length > 0);
  if (touched.length === 0) {
    return atOnce.length > 0 ? [step(type, "adjust", running, reason)] : [];
  }
  const keys = [...new Set(touched.flatMap(({ name }) => changedKeys(name)))].sort();
  return [step(type, "replace", touched, `${keys.join(", ")} changed in the environment`)];
}

function step(
  type: string,
  what: ReloadStep["what"],
  specs: readonly InstanceSpec[],
  reason: string,
): ReloadStep {
  return { type, what, instances: specs.map(({ name }) => name), reason };
}

function specsOf({ specs }: Desired, type: string): readonly InstanceSpec[] {
  return specs.filter((spec) => spec.type === type);
}

function typeOf({ types }: Desired, type: string): ProcessType | undefined {
  return types.find(({ name }) => name === type);
}
