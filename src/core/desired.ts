/**
 * What is wanted of an app while it runs, and what each command makes of it. A command is checked
 * whole and applied whole; nothing here starts or stops anything.
 */
import { findCycles } from "./dependencies.ts";
import { collectFindings, type Diagnostic, type Result, resultOf } from "./diagnostic.ts";
import { explainUnknownType, type Formation } from "./formation.ts";
import { findNearest } from "./nearest.ts";
import { firstPorts, type InstanceSpec, planInstances } from "./plan.ts";
import type { ProcessType } from "./procfile.ts";
import { applyScale, type ScaleChange } from "./scale.ts";

export interface Desired {
  /** In Procfile order, `release` among them where there is one. */
  readonly types: readonly ProcessType[];
  readonly basePort: number;
  /** Of each type's first instance. Who has one keeps it, though its type may leave and come back. */
  readonly ports: ReadonlyMap<string, number>;
  readonly formation: Formation;
  /** Every instance of the formation. */
  readonly specs: readonly InstanceSpec[];
  /** Those of them that a person has stopped. */
  readonly stopped: ReadonlySet<string>;
  /** Types that a person has scaled to 0. */
  readonly emptied: ReadonlySet<string>;
}

/** What a Procfile that was read anew says. */
export interface FreshTypes {
  readonly types: readonly ProcessType[];
  /** How many of a type that was not there before are started. */
  readonly quantityOf: (type: string) => number;
}

/** `specs` are those of the formation. */
export function desiredAtStart(
  start: Pick<Desired, "types" | "basePort" | "formation" | "specs">,
): Desired {
  const ports = firstPorts(start.types, start.basePort);
  return { ...start, ports, stopped: new Set(), emptied: new Set() };
}

export function scaleDesired(desired: Desired, changes: readonly ScaleChange[]): Result<Desired> {
  const formation = applyScale(desired.formation, changes, "scale");
  if (!formation.ok) return formation;
  const emptied = new Set(desired.emptied);
  for (const { type } of changes) {
    if (formation.value.get(type) === 0) emptied.add(type);
    else emptied.delete(type);
  }
  return withSpecs({ ...desired, formation: formation.value, emptied });
}

/** The instances that these types and instances stand for; all of them, when there are none. */
export function findNamed(
  { types, formation, specs }: Pick<Desired, "types" | "formation" | "specs">,
  names: readonly string[],
): Result<readonly InstanceSpec[]> {
  if (names.length === 0) return resultOf(specs, []);
  const findings = collectFindings();
  const known = types.map(({ name }) => name).filter((name) => formation.has(name));
  for (const name of new Set(names)) {
    if (formation.has(name) || specs.some((spec) => spec.name === name)) continue;
    findings.add("error", () => explainUnknownName(name, known, specs));
  }
  const isNamed = ({ name, type }: InstanceSpec) => names.includes(name) || names.includes(type);
  return resultOf(specs.filter(isNamed), findings.all());
}

function explainUnknownName(
  name: string,
  types: readonly string[],
  specs: readonly InstanceSpec[],
): Diagnostic {
  const [, type] = /^(.+)\.\d+$/.exec(name) ?? [];
  if (type === undefined || !types.includes(type)) {
    return explainUnknownType(type ?? name, types, "names");
  }
  const nearest = findNearest(
    name,
    specs.filter((spec) => spec.type === type).map((spec) => spec.name),
  );
  const hint = nearest ? `did you mean "${nearest}"?` : `start one with: procman scale ${type}=1`;
  return { severity: "error", file: "names", message: `there is no process "${name}"`, hint };
}

export function stopDesired(desired: Desired, instances: readonly InstanceSpec[]): Desired {
  const stopped = new Set([...desired.stopped, ...instances.map(({ name }) => name)]);
  return { ...desired, stopped };
}

export function startDesired(desired: Desired, instances: readonly InstanceSpec[]): Desired {
  const stopped = new Set(desired.stopped);
  for (const { name } of instances) stopped.delete(name);
  return { ...desired, stopped };
}

/** All that the Procfile says now. Quantities stay, types come and go. */
export function adoptTypes(desired: Desired, { types, quantityOf }: FreshTypes): Result<Desired> {
  const formation = new Map<string, number>();
  const ports = firstPorts(types, desired.basePort, desired.ports);
  for (const { name } of types) {
    const isStarted = ports.has(name) || desired.formation.has(name);
    if (isStarted) formation.set(name, desired.formation.get(name) ?? quantityOf(name));
  }
  const emptied = new Set([...desired.emptied].filter((name) => formation.has(name)));
  return withSpecs({ ...desired, types, ports, formation, emptied });
}

/** Only what the Procfile says now of these types, which must be in both. */
export function adoptCommands(
  desired: Desired,
  fresh: readonly ProcessType[],
  names: ReadonlySet<string>,
): Result<Desired> {
  const problems: Diagnostic[] = [];
  const types = desired.types.map((type) => {
    if (!names.has(type.name)) return type;
    const now = fresh.find(({ name }) => name === type.name);
    if (now) return now;
    problems.push({
      severity: "error",
      file: "Procfile",
      message: `"${type.name}" is not in it any more`,
      hint: "procman reload takes that over, and stops it",
    });
    return type;
  });
  problems.push(...findCycleProblems(types));
  return problems.length > 0
    ? { ok: false, diagnostics: problems }
    : withSpecs({ ...desired, types });
}

/** What is taken over for some types alone may not fit to what the others have. */
function findCycleProblems(types: readonly ProcessType[]): readonly Diagnostic[] {
  const graph = new Map(
    types.map(({ name, dependsOn = [] }) => [name, dependsOn.map(({ type }) => type)] as const),
  );
  return findCycles(graph).map((cycle) => ({
    severity: "error",
    file: "procman.yml",
    message: `none of these can be started first: ${cycle.join(" → ")}`,
    hint: "procman reload takes over all that it says now",
  }));
}

function withSpecs(desired: Desired): Result<Desired> {
  const planned = planInstances(desired.types, desired.formation, desired.ports);
  if (!planned.ok) return planned;
  const specs = planned.value;
  const stopped = new Set(
    [...desired.stopped].filter((name) => specs.some((spec) => spec.name === name)),
  );
  return resultOf({ ...desired, specs, stopped }, planned.diagnostics);
}
