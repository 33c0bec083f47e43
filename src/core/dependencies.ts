/**
 * What process types wait for before they are started: other types, until these are ready or have
 * done their work. Knows states and decides nothing else.
 */
import { describeExit, isSuccess } from "./exit-status.ts";
import type { Instance, InstanceState } from "./instance.ts";
import { type Condition, hasFailed, type Obstacle } from "./obstacle.ts";

export interface Dependency {
  /** The process type that is waited for: all of its instances, and none when it is at 0. */
  readonly type: string;
  readonly until: Condition;
  /** Whoever depends on it is started anew with it. */
  readonly restartWith: boolean;
}

export interface NamedInstance {
  readonly name: string;
  readonly instance: Instance;
}

/** One for each dependency that is not met; undefined when all are. */
export function findObstacles(
  dependencies: readonly Dependency[],
  instancesOf: (type: string) => readonly NamedInstance[],
): readonly Obstacle[] | undefined {
  const obstacles = dependencies.flatMap(({ type, until }) => {
    const unmet = instancesOf(type).filter(({ instance }) => !isMet(until, instance.state));
    if (unmet.length === 0) return [];
    const [failure] = unmet.flatMap((one) => describeFailure(one) ?? []);
    return failure === undefined ? { type, until } : { type, until, failure };
  });
  return obstacles.length > 0 ? obstacles : undefined;
}

function isMet(until: Condition, state: InstanceState): boolean {
  const isDone = state.is === "exited" && isSuccess(state.status);
  return isDone || (until === "ready" && state.is === "up");
}

function describeFailure({ name, instance }: NamedInstance): string | undefined {
  const { state, want } = instance;
  switch (state.is) {
    case "exited":
      return `${name} ${describeExit(state.status)}`;
    case "parked":
      return `${name} is parked`;
    case "down":
      return want === "down" ? `${name} is stopped` : undefined;
    case "waiting":
      return hasFailed(state.for) ? `${name} cannot be started` : undefined;
    case "scheduled":
    case "starting":
    case "up":
    case "stopping":
    case "crashed":
      return undefined;
  }
}

/** Dependencies come before those that depend on them, and else the order is that of `specs`. */
export function inStartOrder<T extends Depending>(specs: readonly T[]): readonly T[] {
  const ordered = new Set<T>();
  const visit = (spec: T) => {
    if (ordered.has(spec)) return;
    for (const { type } of spec.dependsOn ?? []) {
      for (const other of specs) if (other.type === type) visit(other);
    }
    ordered.add(spec);
  };
  for (const spec of specs) visit(spec);
  return [...ordered];
}

interface Depending {
  readonly type: string;
  readonly dependsOn?: readonly Dependency[];
}

/**
 * Types of which each depends on the next and the last on the first: `["web", "api", "web"]`.
 * Each cycle is found once.
 */
export function findCycles(
  dependenciesOf: ReadonlyMap<string, readonly string[]>,
): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const done = new Set<string>();
  const visit = (type: string, path: readonly string[]) => {
    if (path.includes(type)) {
      cycles.push([...path.slice(path.indexOf(type)), type]);
      return;
    }
    if (done.has(type)) return;
    for (const next of dependenciesOf.get(type) ?? []) visit(next, [...path, type]);
    done.add(type);
  };
  for (const type of dependenciesOf.keys()) visit(type, []);
  return cycles;
}
