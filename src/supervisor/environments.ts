/**
 * The environments of all instances: the files are read anew for each start, and it is remembered
 * what each instance was given, so that it can be said what a restart would change.
 */
import { type Diagnostic, formatDiagnostic, isError, type Result } from "../core/diagnostic.ts";
import {
  appVariables,
  type Environment,
  type EnvironmentLayers,
  idVariable,
  instanceVariables,
  mergeLayers,
  outerMarks,
} from "../core/environment.ts";
import {
  compareFingerprints,
  type EnvironmentChange,
  type Fingerprint,
  fingerprintOf,
} from "../core/environment-change.ts";
import type { InstanceSpec } from "../core/plan.ts";
import {
  environmentOfType,
  keyOfFiles,
  type OwnEnvironment,
  type TypeFiles,
  typeFilesOf,
} from "../core/type-files.ts";

export interface Environments {
  /**
   * For a start of an instance; `run` is its mark. With what was there before, if files are invalid
   * or cannot be read in time. Of one that is given up nothing is said or remembered.
   */
  of(spec: InstanceSpec, run: string, givenUp: AbortSignal): Promise<Environment>;
  /** For a command about a type that is none of its processes. Rejects never. */
  ofCommand(type: OwnEnvironment): Promise<Environment>;
  /** What is asked for during the call needs no new look at the files: they have just been read. */
  whileFresh(act: () => void): void;
  /** Reads the files. Invalid ones change nothing. */
  refresh(): Promise<Result<EnvironmentLayers>>;
  /** The variables that an instance was given with another value than it would get now. */
  changedKeys(instance: string): readonly string[];
  /** What it was given last came to nothing: what counts is what it was given before. */
  revert(instance: string): void;
  /** With what it was given last. */
  ranWell(instance: string): void;
  /** From when it last ran well to what it was given last; undefined when it never did. */
  changeSinceRanWell(instance: string): EnvironmentChange | undefined;
}

export interface EnvironmentsOptions {
  readonly app: string;
  /** The value of `PROCMAN_ID`. */
  readonly id: string;
  readonly layers: EnvironmentLayers;
  readonly readLayers: () => Promise<Result<EnvironmentLayers>>;
  /** Files that only some types have. */
  readonly readTypeFiles: (files: TypeFiles) => Promise<Result<Environment>>;
  /** Whether each is told its name as `DYNO`, too. */
  readonly isDyno: boolean;
  /** The first port of each type. */
  readonly ports: () => ReadonlyMap<string, number>;
  readonly onStale: (instance: string, problem: string) => void;
}

export function createEnvironments(options: EnvironmentsOptions): Environments {
  const { app, id, isDyno, readLayers, readTypeFiles, ports, onStale } = options;
  let { layers } = options;
  let isFresh = false;
  let readings = 0;
  let lastTakenOver = 0;
  const given = new Map<string, Given>();
  const givenBefore = new Map<string, Given>();
  /** By their keys, as they could last be read. */
  const typeFiles = new Map<string, Environment>();
  const good = new Map<string, Fingerprint>();
  let merged: { readonly of: EnvironmentLayers; readonly variables: Environment } | undefined;

  /** Fifty starts share it, as they share a reading. */
  function mergedLayers(): Environment {
    if (merged?.of !== layers) merged = { of: layers, variables: mergeLayers(layers) };
    return merged.variables;
  }

  function variablesOf(type: OwnEnvironment): Environment {
    if (typeFilesOf(type).length === 0 && type.launch?.env === undefined) return mergedLayers();
    return environmentOfType(layers, type, (files) => typeFiles.get(keyOfFiles(files)));
  }

  async function readFilesOf(files: TypeFiles): Promise<Result<Environment>> {
    const read = await readTypeFiles(files);
    if (read.ok) typeFiles.set(keyOfFiles(files), read.value);
    return read;
  }

  /** Who is started in the same moment shares a reading: fifty starts are not fifty readings. */
  let shared: Promise<Result<EnvironmentLayers>> | undefined;
  function refreshOnce(): Promise<Result<EnvironmentLayers>> {
    if (shared === undefined) {
      shared = refresh();
      queueMicrotask(() => {
        shared = undefined;
      });
    }
    return shared;
  }

  async function refresh(): Promise<Result<EnvironmentLayers>> {
    readings += 1;
    const number = readings;
    const ofTypes = [...given.values()].flatMap(({ type }) => typeFilesOf(type));
    const lists = new Map(ofTypes.map((files) => [keyOfFiles(files), files]));
    const [read, ...own] = await Promise.all([
      readLayers(),
      ...[...lists.values()].map(readFilesOf),
    ]);
    const failed = own.find(({ ok }) => !ok);
    if (failed && !failed.ok) return failed;
    // One that had to wait for a pipe may come after a newer one, and is old by then.
    if (read.ok && number > lastTakenOver) {
      layers = read.value;
      lastTakenOver = number;
    }
    return read;
  }

  function give(instance: string, now: Given): void {
    const before = given.get(instance);
    if (before) givenBefore.set(instance, before);
    given.set(instance, now);
  }

  function fingerprintOfGiven(instance: string): Fingerprint {
    const environment = [...(given.get(instance)?.variables ?? [])];
    return fingerprintOf(new Map(environment.filter(([key]) => !ownKeys.has(key))));
  }

  return {
    async of(spec, run, givenUp) {
      const tellStale = (read: Result<unknown>) => {
        if (!(read.ok || givenUp.aborted)) onStale(spec.name, describeProblems(read.diagnostics));
      };
      if (!isFresh) tellStale(await refreshOnce());
      const own = await Promise.all(typeFilesOf(spec).map(readFilesOf));
      own.forEach(tellStale);
      const variables = variablesOf(spec);
      if (!givenUp.aborted) give(spec.name, { variables, type: spec });
      const environment = new Map(variables);
      if (spec.port === undefined) environment.delete("PORT");
      const above = [
        appVariables(app, ports()),
        outerMarks(layers.shell),
        instanceVariables(spec, { id, run }),
        ...(isDyno ? [new Map([["DYNO", spec.name]])] : []),
      ];
      for (const layer of above) for (const [key, value] of layer) environment.set(key, value);
      return environment;
    },
    async ofCommand(type) {
      const unread = typeFilesOf(type).filter((files) => !typeFiles.has(keyOfFiles(files)));
      await Promise.all(unread.map(readFilesOf));
      const environment = new Map(variablesOf(type));
      environment.delete("PORT");
      const above = [
        appVariables(app, ports()),
        outerMarks(layers.shell),
        new Map([[idVariable, id]]),
      ];
      for (const layer of above) for (const [key, value] of layer) environment.set(key, value);
      return environment;
    },
    whileFresh(act) {
      isFresh = true;
      act();
      isFresh = false;
    },
    refresh,
    changedKeys(instance) {
      const before = given.get(instance);
      if (before === undefined) return [];
      const now = variablesOf(before.type);
      const then = before.variables;
      const keys = new Set([...then.keys(), ...now.keys()]);
      return [...keys].filter((key) => then.get(key) !== now.get(key) && !ownKeys.has(key));
    },
    revert(instance) {
      const before = givenBefore.get(instance);
      if (before) given.set(instance, before);
    },
    ranWell: (instance) => good.set(instance, fingerprintOfGiven(instance)),
    changeSinceRanWell(instance) {
      const before = good.get(instance);
      return before && compareFingerprints(before, fingerprintOfGiven(instance));
    },
  };
}

interface Given {
  readonly variables: Environment;
  readonly type: OwnEnvironment;
}

/** What a file says of these does not reach an instance. */
const ownKeys: ReadonlySet<string> = new Set(["PORT", "PS"]);

function describeProblems(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.filter(isError).map(formatDiagnostic).join(", ");
}
