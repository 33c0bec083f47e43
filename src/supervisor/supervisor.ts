/**
 * Owns what is wanted and what is. A command changes what is wanted, whole or not at all, and the
 * instances are told what follows from it; nothing else changes either. Says when the app has
 * ended.
 */

import { inStartOrder } from "../core/dependencies.ts";
import {
  adoptCommands,
  adoptTypes,
  type Desired,
  desiredAtStart,
  type FreshTypes,
  findNamed,
  scaleDesired,
  startDesired,
  stopDesired,
} from "../core/desired.ts";
import type { Result } from "../core/diagnostic.ts";
import { type EndPolicy, findEndsAll } from "../core/ends-all.ts";
import { exitCodeOf } from "../core/exit-status.ts";
import type { Formation } from "../core/formation.ts";
import { herokuFormation } from "../core/heroku-wording.ts";
import {
  findFinalStatus,
  hasFailed,
  type InstanceEvent,
  type InstanceState,
  isRunning,
  isStable,
} from "../core/instance.ts";
import type { MemoryUse } from "../core/memory.ts";
import type { Notice } from "../core/notice.ts";
import type { InstanceSpec } from "../core/plan.ts";
import { describeSteps, planReload, type ReloadStep } from "../core/reload.ts";
import { isRouted, type RouteTable, routesOf } from "../core/routes.ts";
import type { ScaleChange } from "../core/scale.ts";
import type { FileChange } from "../core/watch-rule.ts";
import { createDependants } from "./dependants.ts";
import { createDrains } from "./drains.ts";
import type { InstanceHistory } from "./history.ts";
import { createMemoryWatch, type SampleMemory } from "./memory-watch.ts";
import type { Known, Outcome, UnknownNames, WaitOutcome } from "./outcome.ts";
import { createRoller } from "./roller.ts";
import { createRunner, type Runner, type RunnerTools } from "./runner.ts";
import type { InstanceStatus, TypeStatus } from "./status.ts";
import { createWaits, type WaitGoal } from "./waits.ts";

export interface Supervisor {
  /** In the order of the specs. */
  start(): void;
  scale(changes: readonly ScaleChange[], by: string): Outcome<Formation>;
  /** As `scale`, but nobody's own wish; nothing, when it cannot be. */
  autoscale(type: string, quantity: number, reason: string): void;
  /** `isEmptied`: a person has scaled it to 0. */
  scaleOf(type: string): { readonly quantity: number; readonly isEmptied: boolean };
  /** With no names all of the Procfile is taken over, else only the commands of these. */
  restart(
    names: readonly string[],
    fresh: FreshTypes,
    by: string,
    manner?: RestartManner,
  ): Outcome<undefined>;
  /** What the Procfile says now; `changedKeys` as in `planReload`. Only says so when `isDryRun`. */
  reload(
    fresh: FreshTypes,
    changedKeys: (instance: string) => readonly string[],
    isDryRun: boolean,
    by: string,
  ): Outcome<readonly ReloadStep[]>;
  stop(names: readonly string[], by: string): Outcome<undefined>;
  /** Files of a type did. */
  changed(type: string, change: FileChange): void;
  /** The schedule of a type says that. */
  due(type: string): void;
  /** Asks all to stop, in reverse order, waiting for none before the next. Gives its number. */
  stopAll(): number;
  kill(): void;
  /** Who has a process, or may have one. */
  running(): readonly string[];
  types(): readonly TypeStatus[];
  instances(): readonly InstanceStatus[];
  /** Of types and instances; none means all. */
  histories(names: readonly string[]): Known<readonly InstanceHistory[]>;
  /** Counts up from 1 with all that is taken over from the files. */
  release(): { readonly version: number; readonly timeMs: number };
  ports(): ReadonlyMap<string, number>;
  /** Who takes requests. */
  routes(): RouteTable;
  until(goal: WaitGoal, names: readonly string[], givenUp: AbortSignal): Promise<WaitOutcome>;
}

/** `rolling`: each is replaced without a gap; else only those who should always be. */
export type RestartManner = "usual" | "rolling";

export interface SupervisorOptions {
  readonly start: Pick<Desired, "types" | "basePort" | "formation" | "specs">;
  readonly ends: EndPolicy;
  /** For those that have no other of their own. */
  readonly graceMs: number;
  /** For requests in flight; undefined where there is no router. */
  readonly drainMs: number | undefined;
  readonly tools: Omit<RunnerTools, "onChange" | "onStartedAgain" | "version" | "obstaclesOf"> & {
    /** After everything that may have changed what can be asked. */
    readonly onChange: () => void;
    /** What it was started with last came to nothing, and it runs on with what it had. */
    readonly onUnreplaced: (name: string) => void;
    /** A line about what somebody asked for. */
    readonly announce: (text: string) => void;
    readonly sampleMemory: SampleMemory;
  };
  /** Others are taken over from the files. */
  readonly onTypes: (types: Desired["types"]) => void;
  /** Once: nothing runs and nothing will. The code of the first that failed, else 0. */
  readonly onEnded: (exitCode: number) => void;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { ends, graceMs, drainMs, tools, onTypes, onEnded } = options;
  let desired = desiredAtStart(options.start);
  /** Those of the formation, and those that have left it and are not down yet. */
  const runners = new Map<string, Runner>();
  /** Of these; undefined when any may have come or gone, or the order be another. */
  let lineup: Lineup | undefined;
  const waits = createWaits();
  let want: "up" | "down" = "up";
  let exitCode = 0;
  let hasEnded = false;
  /** In the middle of a command, whom it starts may not be there yet. */
  let isApplying = false;
  let commands = 0;
  let release = { version: 1, timeMs: tools.timeMs() };
  let hasDependencies = desired.specs.some(({ dependsOn }) => dependsOn !== undefined);
  let hasMemoryRules = desired.specs.some(({ memory }) => memory !== undefined);
  const memoryWatch = createMemoryWatch(inOrder, { ...tools, onOutgrown });
  const drains = createDrains(tools.drain);
  const roller = createRoller({
    ...tools,
    current: (name) => runners.get(name),
    newRunner,
    install(successor) {
      runners.set(successor.name, successor);
      lineup = undefined;
      onStartedAgain(successor);
    },
    firstPort: (type) => desired.ports.get(type),
    heldPorts: () => new Set(everybody().map((runner) => runner.status().port)),
    onProgress: takeStock,
  });
  const dependants = createDependants(inOrder, (type) => linedUp().byType.get(type) ?? []);
  const changedMs = new Map(
    [...desired.formation.keys()].map((type) => [type, tools.timeMs()] as const),
  );

  function newRunner(spec: InstanceSpec, before?: Runner): Runner {
    const version = () => release.version;
    const tell: RunnerTools["tell"] = (name, notice) => {
      if (isHolder(runner) || isOfExtra(notice)) tools.tell(name, notice);
    };
    const own = { version, onChange, onStartedAgain, obstaclesOf: dependants.obstaclesOf, tell };
    const common = { restart: ends.restart, graceMs, drainMs };
    const { drain } = drains;
    const runner = createRunner(spec, common, { ...tools, ...own, drain }, before);
    return runner;
  }

  function isHolder(runner: Runner): boolean {
    return (runners.get(runner.name) ?? runner) === runner;
  }

  function everybody(): readonly Runner[] {
    return [...runners.values(), ...roller.extras()];
  }

  function onChange(runner: Runner): void {
    if (isHolder(runner)) onHolderChange(runner);
    else roller.onChange(runner);
    if (!isApplying) takeStock();
  }

  function onHolderChange(runner: Runner): void {
    const { state } = runner.instance();
    if (exitCode === 0 && hasFailed(state)) exitCode = exitCodeOfFinal(state);
    endAllBy(runner, state);
    if (hasDependencies) {
      if (want === "down") stopNext();
      dependants.recheck(runner);
    }
    if (state.is === "down" && !isInFormation(runner.name)) {
      runners.delete(runner.name);
      lineup = undefined;
    }
  }

  function endAllBy(runner: Runner, { is }: InstanceState): void {
    const by = findEndsAll(ends, runner.spec(), is, findFinalStatus(runner.instance().state));
    if (by === undefined || want === "down") return;
    if (runners.size > 1) tools.tell(runner.name, { kind: "ends-all", by });
    stopAll();
  }

  function onStartedAgain(runner: Runner): void {
    if (!hasDependencies || !isHolder(runner)) return;
    const other = runner.name;
    dependants.restartBound(runner, ({ name }) =>
      tools.tell(name, { kind: "restarted-with", other }),
    );
  }

  /** Who waits is told, and the end is seen. */
  function takeStock(): void {
    waits.onChange();
    tools.onChange();
    if (hasMemoryRules) memoryWatch.recheck();
    if (hasEnded || !isOver()) return;
    hasEnded = true;
    // Nobody would be there for what was started now.
    want = "down";
    onEnded(exitCode);
  }

  /**
   * Nothing runs and nothing will. What a person has stopped may be started again by one, what is
   * watched by a change of its files, what is scaled by a number by that, and so may what comes into an app of which a reload has left
   * nothing.
   */
  function isOver(): boolean {
    const states = everybody().map(({ instance }) => instance().state);
    if (want === "down") return states.every((state) => state.is === "down" || isFinal(state));
    if (desired.emptied.size > 0 || desired.specs.some(({ watch }) => watch)) return false;
    if (desired.types.some(({ autoscale }) => autoscale)) return false;
    return states.length > 0 && states.every(isFinal);
  }

  function isInFormation(name: string): boolean {
    return desired.specs.some((spec) => spec.name === name);
  }

  /** In Procfile order and by number; those that have left the formation come last. */
  function inOrder(): readonly Runner[] {
    return linedUp().all;
  }

  function linedUp(): Lineup {
    lineup ??= lineUp(desired.specs, runners);
    return lineup;
  }

  /** One by one: who looks for the first that is missing needs no more. */
  function* statuses(): Iterable<InstanceStatus> {
    for (const runner of inOrder()) {
      yield { ...runner.status(), roll: roller.stateOf(runner.name) };
    }
  }

  /**
   * The only place where what is wanted changes. Those of `restarts` are started anew, whatever
   * they do; a restart of what is down is a start. Gives the number of the command.
   */
  function apply(
    next: Desired,
    restarts: readonly InstanceSpec[] = [],
    manner: RestartManner = "usual",
  ): number {
    noteChanges(desired, next);
    if (next.types !== desired.types) onTypes(next.types);
    desired = next;
    hasDependencies = desired.specs.some(({ dependsOn }) => dependsOn !== undefined);
    hasMemoryRules = desired.specs.some(({ memory }) => memory !== undefined);
    lineup = undefined;
    commands += 1;
    isApplying = true;
    const rolled = restarts.filter((spec) => isRolled(spec, manner));
    const restarted = new Set(
      restarts.filter((spec) => !rolled.includes(spec)).map(({ name }) => name),
    );
    roller.cancel(
      (name) => restarted.has(name) || desired.stopped.has(name) || !isInFormation(name),
    );
    for (const runner of inOrder().toReversed()) {
      if (!isInFormation(runner.name)) runner.send({ what: "want", want: "down" });
    }
    sendWants(restarted);
    roller.roll(rolled);
    isApplying = false;
    takeStock();
    return commands;
  }

  function sendWants(restarted: ReadonlySet<string>): void {
    for (const spec of inStartOrder(desired.specs)) {
      const runner = runnerOf(spec);
      if (restarted.has(spec.name)) runner.send({ what: "restart" });
      else runner.send({ what: "want", want: desired.stopped.has(spec.name) ? "down" : "up" });
    }
  }

  /** Whether another is started beside it, and it is stopped when that one is up. */
  function isRolled(spec: InstanceSpec, manner: RestartManner): boolean {
    const runner = runners.get(spec.name);
    if (runner?.instance().state.is !== "up") return false;
    if (manner === "rolling" || spec.surge === 1) return true;
    if (drainMs === undefined || !isRouted(spec) || spec.surge === 0) return false;
    const others = linedUp().byType.get(spec.type) ?? [];
    return others.filter(({ instance }) => isRunning(instance().state)).length > 1;
  }

  /** Files or memory are the reason: all who can be are replaced without a gap. */
  function replace(runner: Runner, notice: Notice, event: InstanceEvent): void {
    const spec = desired.specs.find(({ name }) => name === runner.name);
    if (spec === undefined || !isRolled(spec, "usual")) {
      runner.send(event);
      return;
    }
    tools.tell(runner.name, notice);
    roller.roll([spec]);
  }

  function onOutgrown(runner: Runner, run: number, use: MemoryUse): void {
    const event = { what: "outgrown", run, use } as const;
    const isProven = isStable(runner.instance().state, tools.clock.nowMs());
    if (isProven) replace(runner, { kind: "memory-limit", use }, event);
    else runner.send(event);
  }

  function runnerOf(spec: InstanceSpec): Runner {
    const known = runners.get(spec.name);
    known?.adopt(spec);
    return known ?? addRunner(spec);
  }

  function addRunner(spec: InstanceSpec): Runner {
    const runner = newRunner(spec);
    runners.set(spec.name, runner);
    lineup = undefined;
    return runner;
  }

  function noteChanges(now: Desired, next: Desired): void {
    for (const type of next.formation.keys()) {
      const isSame =
        now.formation.get(type) === next.formation.get(type) &&
        commandOf(now, type) === commandOf(next, type);
      if (!isSame) changedMs.set(type, tools.timeMs());
    }
  }

  function takeOver(
    next: Desired,
    restarts: readonly InstanceSpec[],
    manner?: RestartManner,
  ): number {
    release = { version: release.version + 1, timeMs: tools.timeMs() };
    return apply(next, restarts, manner);
  }

  function tellEach(specs: readonly InstanceSpec[], what: "restart" | "stop", by: string): void {
    for (const { name } of specs) tools.tell(name, { kind: "asked", what, by });
  }

  function restartAll(fresh: FreshTypes, by: string, manner: RestartManner): Outcome<undefined> {
    const adopted = adoptTypes(desired, fresh);
    if (!adopted.ok) return refused(adopted);
    const { specs } = adopted.value;
    tellEach(
      specs.filter(({ name }) => runners.has(name)),
      "restart",
      by,
    );
    const number = takeOver(startDesired(adopted.value, specs), specs, manner);
    return { is: "done", number, value: undefined };
  }

  function restartSome(
    names: readonly string[],
    { types }: FreshTypes,
    by: string,
    manner: RestartManner,
  ): Outcome<undefined> {
    const found = findNamed(desired, names);
    if (!found.ok) return unknown(found);
    const adopted = adoptCommands(desired, types, new Set(found.value.map(({ type }) => type)));
    if (!adopted.ok) return refused(adopted);
    const restarts = adopted.value.specs.filter(({ name }) => found.value.some(isNamed(name)));
    tellEach(restarts, "restart", by);
    const number = apply(startDesired(adopted.value, restarts), restarts, manner);
    return { is: "done", number, value: undefined };
  }

  /** Nobody who runs is asked to stop as long as somebody runs that depends on it. */
  function stopNext(): void {
    for (const runner of inOrder().toReversed()) {
      const { state, want: wanted } = runner.instance();
      if (wanted === "down") continue;
      if (hasDependencies && isRunning(state) && dependants.isNeeded(runner)) continue;
      runner.send({ what: "want", want: "down" });
    }
  }

  function stopAll(): number {
    want = "down";
    commands += 1;
    drains.giveUp();
    roller.cancel(() => true);
    stopNext();
    // With nothing that could still end, nothing else would say so.
    takeStock();
    return commands;
  }

  return {
    start() {
      for (const spec of desired.specs) addRunner(spec);
      for (const { name } of inStartOrder(desired.specs)) {
        runners.get(name)?.send({ what: "want", want: "up" });
      }
    },
    scale(changes, by) {
      if (want === "down") return leaving;
      const next = scaleDesired(desired, changes);
      if (!next.ok) {
        const isKnown = changes.every(({ type }) => desired.formation.has(type));
        return isKnown ? refused(next) : unknown(next);
      }
      const { formation } = next.value;
      tools.announce(`Scaled to ${herokuFormation(formation)} by ${by}`);
      return { is: "done", number: apply(next.value), value: formation };
    },
    autoscale(type, quantity, reason) {
      if (want === "down") return;
      const next = scaleDesired(desired, [{ type, how: "set", amount: quantity }]);
      if (!next.ok) return;
      const formation = herokuFormation(next.value.formation);
      tools.announce(`Scaled to ${formation} by autoscale of ${type} (${reason})`);
      apply({ ...next.value, emptied: desired.emptied });
    },
    scaleOf: (type) => ({
      quantity: desired.formation.get(type) ?? 0,
      isEmptied: desired.emptied.has(type),
    }),
    restart(names, fresh, by, manner = "usual") {
      if (want === "down") return leaving;
      if (manner === "rolling" && drainMs === undefined) {
        const found = findNamed(desired, names);
        if (found.ok && found.value.some(isRouted)) return unrouted;
      }
      return names.length === 0
        ? restartAll(fresh, by, manner)
        : restartSome(names, fresh, by, manner);
    },
    reload(fresh, changedKeys, isDryRun, by) {
      if (want === "down") return leaving;
      const next = adoptTypes(desired, fresh);
      if (!next.ok) return refused(next);
      const steps = planReload(desired, next.value, changedKeys);
      if (isDryRun || steps.length === 0) return { is: "done", number: commands, value: steps };
      tools.announce(`Reloaded by ${by}: ${describeSteps(steps)}`);
      const replaced = steps.flatMap(({ what, instances }) =>
        what === "replace" ? instances : [],
      );
      const restarts = next.value.specs.filter(({ name }) => replaced.includes(name));
      return { is: "done", number: takeOver(next.value, restarts), value: steps };
    },
    stop(names, by) {
      if (want === "down") return leaving;
      const found = findNamed(desired, names);
      if (!found.ok) return unknown(found);
      tellEach(found.value, "stop", by);
      return { is: "done", number: apply(stopDesired(desired, found.value)), value: undefined };
    },
    changed(type, change) {
      if (want === "down") return;
      for (const runner of inOrder()) {
        if (runner.spec().type !== type) continue;
        replace(runner, { kind: "changed", ...change }, { what: "changed", change });
      }
    },
    due(type) {
      if (want === "down") return;
      for (const runner of inOrder()) {
        if (runner.spec().type === type) runner.send({ what: "due" });
      }
    },
    stopAll,
    kill() {
      want = "down";
      roller.cancel(() => true);
      for (const runner of everybody()) {
        runner.send({ what: "want", want: "down" });
        runner.send({ what: "kill" });
      }
    },
    running: () =>
      inOrder()
        .filter(({ instance }) => isRunning(instance().state))
        .map(({ name }) => name),
    types: () => {
      const types = desired.types.filter(({ name }) => desired.formation.has(name));
      const left = [...runners.values()].map((runner) => runner.spec());
      const gone = left.filter(({ type }) => !desired.formation.has(type));
      const commands = new Map(gone.map(({ type, command }) => [type, command]));
      return [...types, ...[...commands].map(([name, command]) => ({ name, command }))].map(
        ({ name, command }) => ({
          name,
          command,
          quantity: desired.formation.get(name) ?? 0,
          changedMs: changedMs.get(name) ?? release.timeMs,
        }),
      );
    },
    instances: () => [...statuses()],
    histories(names) {
      const found = findNamed(desired, names);
      if (!found.ok) return unknown(found);
      const value = found.value.flatMap(({ name }) => runners.get(name)?.history() ?? []);
      return { is: "known", value };
    },
    release: () => release,
    ports: () => desired.ports,
    routes: () =>
      routesOf(
        inOrder().map((runner) => ({
          ...runner.status(),
          isWanted: runner.instance().want === "up",
        })),
      ),
    until(goal, names, givenUp) {
      const found = findNamed(desired, names);
      if (!found.ok) return Promise.resolve(unknown(found));
      return waits.until(goal, names, givenUp, statuses);
    },
  };
}

interface Lineup {
  readonly all: readonly Runner[];
  /** Those of the formation. */
  readonly byType: ReadonlyMap<string, readonly Runner[]>;
}

function lineUp(specs: readonly InstanceSpec[], runners: ReadonlyMap<string, Runner>): Lineup {
  const known = new Set(specs.flatMap(({ name }) => runners.get(name) ?? []));
  const leaving = [...runners.values()].filter((runner) => !known.has(runner));
  const byType = new Map<string, Runner[]>();
  for (const runner of known) {
    const { type } = runner.spec();
    const others = byType.get(type);
    if (others) others.push(runner);
    else byType.set(type, [runner]);
  }
  return { all: [...known, ...leaving], byType };
}

const leaving: Outcome<never> = { is: "leaving" };

const unrouted: Outcome<never> = {
  is: "refused",
  diagnostics: [
    {
      severity: "error",
      file: "restart",
      message: "web cannot be replaced without a gap, as there is no router",
      hint: "start procman with --router",
    },
  ],
};

/** What is told of somebody who does not have the name, but will have it, or has had it. */
function isOfExtra({ kind }: Notice): boolean {
  return kind !== "state" && kind !== "ended";
}

function refused({ diagnostics }: Result<unknown>): Outcome<never> {
  return { is: "refused", diagnostics };
}

function unknown({ diagnostics }: Result<unknown>): UnknownNames {
  return { is: "unknown-names", diagnostics };
}

function isNamed(name: string): (spec: InstanceSpec) => boolean {
  return (spec) => spec.name === name;
}

function isFinal(state: InstanceState): boolean {
  return findFinalStatus(state) !== undefined;
}

function commandOf({ types }: Desired, type: string): string | undefined {
  return types.find(({ name }) => name === type)?.command;
}

function exitCodeOfFinal(state: InstanceState): number {
  const status = findFinalStatus(state);
  return status === undefined ? 0 : exitCodeOf(status);
}
