/**
 * Process types and formation → the instances that shall run, each with its port. The same name
 * always gets the same port, whatever else was asked for.
 */
import { type Diagnostic, type Result, resultOf } from "./diagnostic.ts";
import type { Formation } from "./formation.ts";
import type { ProcessType } from "./procfile.ts";
import type { Traits } from "./traits.ts";
import { isRelease, webType } from "./type-name.ts";

/** All an instance needs to be started, but for the environment, which is read at each start. */
export interface InstanceSpec extends Traits {
  /** `web.1`, also when it is alone. */
  readonly name: string;
  readonly type: string;
  /** From 1. */
  readonly ordinal: number;
  readonly command: string;
  readonly port: number | undefined;
}

export const defaultPort = 5006;
/** So many belong to a type. */
export const portStep = 100;
const maxPort = 65_535;

/**
 * The port of each type's first instance: `web` has the base, every other type but `release` a
 * place of its own, 100 apart, in Procfile order. Who is in `given` keeps what it has, and the
 * others come behind: a type that is added while the app runs moves nobody else.
 */
export function firstPorts(
  types: readonly ProcessType[],
  basePort: number,
  given: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const ports = new Map(given);
  let next = Math.max(basePort, ...given.values()) + portStep;
  for (const { name } of types) {
    if (isRelease(name) || ports.has(name)) continue;
    if (name === webType) {
      ports.set(name, basePort);
    } else {
      ports.set(name, next);
      next += portStep;
    }
  }
  return ports;
}

/** `ports` are those of the first instances. */
export function planInstances(
  types: readonly ProcessType[],
  formation: Formation,
  ports: ReadonlyMap<string, number>,
): Result<readonly InstanceSpec[]> {
  const problems: Diagnostic[] = [];
  const specs: InstanceSpec[] = [];
  for (const { name, command, line: _, ...traits } of types) {
    const firstPort = ports.get(name);
    const count = formation.get(name) ?? 0;
    if (count === 0) continue;
    const problem = firstPort === undefined ? undefined : findPortProblem(name, count, ports);
    if (problem) {
      problems.push({ severity: "error", file: "formation", ...problem });
      continue;
    }
    for (let ordinal = 1; ordinal <= count; ordinal += 1) {
      specs.push({
        name: `${name}.${ordinal}`,
        type: name,
        ordinal,
        command,
        port: traits.isPortless || firstPort === undefined ? undefined : firstPort + ordinal - 1,
        ...traits,
      });
    }
  }
  return resultOf(specs, problems);
}

function findPortProblem(
  type: string,
  count: number,
  ports: ReadonlyMap<string, number>,
): { readonly message: string; readonly hint: string } | undefined {
  const first = ports.get(type) ?? 0;
  const last = first + count - 1;
  if (first < 1 || last > maxPort) {
    return {
      message: `${type}=${count} needs the ports ${first} to ${last}, and ports go from 1 to ${maxPort}`,
      hint: "choose a lower --port or fewer instances",
    };
  }
  for (const [other, port] of ports) {
    if (other !== type && port >= first && port <= last) {
      return {
        message: `${type}=${count} would run into the ports of ${other}, which begin at ${port}`,
        hint: `a type has room for ${port - first} instances`,
      };
    }
  }
  return undefined;
}
