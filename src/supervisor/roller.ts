/**
 * Replaces instances without a gap: another one is started beside each, takes its place when it is
 * up, and only then is the old one stopped; then comes the next of its type. One that does not come
 * up changes nothing. Whom to replace is for others to decide.
 */
import { describeExit } from "../core/exit-status.ts";
import { isAlive, isRunning } from "../core/instance.ts";
import type { Notice } from "../core/notice.ts";
import { type InstanceSpec, portStep } from "../core/plan.ts";
import { isWeb } from "../core/type-name.ts";
import type { PortTools, Runner } from "./runner.ts";
import type { RollState } from "./status.ts";

export interface Roller {
  /** Those of a type one after the other. Of whom nobody runs, there is nothing to replace. */
  roll(specs: readonly InstanceSpec[]): void;
  /** Leaves them as they are, and forgets what came of them. */
  cancel(isMeant: (name: string) => boolean): void;
  /** Who runs beside those that have the names. */
  extras(): readonly Runner[];
  /** Undefined when there is nothing to say. */
  stateOf(name: string): RollState | undefined;
  /** To be called for an event of one of the extras. */
  onChange(extra: Runner): void;
}

export interface RollerTools {
  /** Who has the name. */
  current(name: string): Runner | undefined;
  /** Counts its runs on from those of the one before. */
  newRunner(spec: InstanceSpec, before: Runner): Runner;
  /** It has the name from now on. */
  install(successor: Runner): void;
  /** Of a type's first instance. */
  firstPort(type: string): number | undefined;
  /** Of the app's own. */
  heldPorts(): ReadonlySet<number | undefined>;
  /** Undefined when there is nobody to ask. */
  readonly ports: PortTools | undefined;
  tell(name: string, notice: Notice): void;
  /** The old one stays, with what it was given. */
  onUnreplaced(name: string): void;
  /** Something has come of it. */
  onProgress(): void;
}

interface Roll {
  /** Those that come yet. */
  queue: readonly InstanceSpec[];
  step:
    | { readonly is: "finding a port"; readonly name: string }
    | { readonly is: "trying"; readonly successor: Runner }
    | { readonly is: "leaving"; readonly old: Runner }
    | { readonly is: "over" };
}

export function createRoller(tools: RollerTools): Roller {
  /** By type. */
  const rolls = new Map<string, Roll>();
  const failures = new Map<string, string>();
  const extras = new Set<Runner>();

  function next(type: string, roll: Roll): void {
    const [spec, ...queue] = roll.queue;
    roll.queue = queue;
    if (spec !== undefined) {
      void begin(spec, roll);
      return;
    }
    roll.step = { is: "over" };
    rolls.delete(type);
    tools.onProgress();
  }

  async function begin(spec: InstanceSpec, roll: Roll): Promise<void> {
    const { name } = spec;
    const step = { is: "finding a port", name } as const;
    roll.step = step;
    const port = await findPort(spec);
    if (roll.step !== step) return;
    const old = tools.current(name);
    if (old === undefined || !isAlive(old.instance().state)) {
      old?.send({ what: "restart" });
      next(spec.type, roll);
    } else if (spec.port !== undefined && port === undefined) {
      fail(spec, roll, "no port is free for the new one");
    } else {
      const successor = tools.newRunner({ ...withProbe(spec), port }, old);
      extras.add(successor);
      roll.step = { is: "trying", successor };
      successor.send({ what: "want", want: "up" });
    }
  }

  async function findPort({ port: usual, type }: InstanceSpec): Promise<number | undefined> {
    const first = tools.firstPort(type);
    if (usual === undefined || first === undefined) return undefined;
    const held = tools.heldPorts();
    for (const port of [usual, ...sparePorts(first)]) {
      const isFree = !held.has(port) && ((await tools.ports?.isFree(port)) ?? true);
      if (isFree) return port;
    }
    return undefined;
  }

  function swap(successor: Runner, roll: Roll): void {
    const old = tools.current(successor.name);
    extras.delete(successor);
    if (old) extras.add(old);
    tools.install(successor);
    if (old) {
      roll.step = { is: "leaving", old };
      old.send({ what: "want", want: "down" });
    } else next(successor.spec().type, roll);
    tools.onProgress();
  }

  /** What is wrong with one will be wrong with the next one, too. */
  function fail({ name, type }: InstanceSpec, roll: Roll, reason: string): void {
    failures.set(name, reason);
    tools.onUnreplaced(name);
    tools.tell(name, { kind: "unreplaced", reason });
    roll.queue = [];
    next(type, roll);
  }

  function onTried(successor: Runner, roll: Roll): void {
    const { state } = successor.instance();
    switch (state.is) {
      case "starting":
      case "stopping":
      case "waiting":
      case "scheduled":
        return;
      case "up":
        swap(successor, roll);
        return;
      case "crashed":
      case "exited":
      case "parked":
        fail(successor.spec(), roll, `the new one ${describeExit(state.status)}`);
        successor.send({ what: "want", want: "down" });
        return;
      case "down":
        return;
    }
  }

  function abandon(type: string, roll: Roll): void {
    const { step } = roll;
    roll.queue = [];
    roll.step = { is: "over" };
    rolls.delete(type);
    if (step.is !== "trying") return;
    tools.onUnreplaced(step.successor.name);
    step.successor.send({ what: "want", want: "down" });
  }

  function nameAt({ step }: Roll): string | undefined {
    switch (step.is) {
      case "finding a port":
        return step.name;
      case "trying":
        return step.successor.name;
      case "leaving":
        return step.old.name;
      case "over":
        return undefined;
    }
  }

  return {
    roll(specs) {
      for (const type of new Set(specs.map((spec) => spec.type))) {
        const asked = specs.filter((spec) => spec.type === type);
        for (const { name } of asked) failures.delete(name);
        const known = rolls.get(type);
        const roll: Roll = known ?? { queue: [], step: { is: "over" } };
        const others = roll.queue.filter(({ name }) => !asked.some((spec) => spec.name === name));
        roll.queue = [...others, ...asked];
        if (known) continue;
        rolls.set(type, roll);
        next(type, roll);
      }
    },
    cancel(isMeant) {
      for (const name of failures.keys()) if (isMeant(name)) failures.delete(name);
      for (const [type, roll] of rolls) {
        roll.queue = roll.queue.filter(({ name }) => !isMeant(name));
        const name = nameAt(roll);
        if (name === undefined || !isMeant(name) || roll.step.is === "leaving") continue;
        const { queue } = roll;
        abandon(type, roll);
        this.roll(queue);
      }
    },
    extras: () => [...extras],
    stateOf(name) {
      const reason = failures.get(name);
      if (reason !== undefined) return { is: "failed", reason };
      const isRolling = [...rolls.values()].some(
        (roll) => nameAt(roll) === name || roll.queue.some((spec) => spec.name === name),
      );
      return isRolling ? { is: "rolling" } : undefined;
    },
    onChange(extra) {
      const { type } = extra.spec();
      const roll = rolls.get(type);
      const { step } = roll ?? {};
      if (roll && step?.is === "trying" && step.successor === extra) onTried(extra, roll);
      if (isRunning(extra.instance().state) || extra.instance().want === "up") return;
      extras.delete(extra);
      if (roll && step?.is === "leaving" && step.old === extra) next(type, roll);
    },
  };
}

const spareCount = 10;

/** Those of a type that would be needed last. */
function sparePorts(first: number): readonly number[] {
  return Array.from({ length: spareCount }, (_, index) => first + portStep - 1 - index);
}

/** As Heroku has it. */
const bootMs = 60_000;
const ownPort = { is: "tcp", address: "$PORT" } as const;

/** One of web has to be heard of before it takes a place: that some time has passed will not do. */
function withProbe(spec: InstanceSpec): InstanceSpec {
  if (!isWeb(spec.type) || spec.port === undefined || spec.ready !== undefined) return spec;
  return { ...spec, ready: { check: ownPort, timeoutMs: bootMs, intervalMs: undefined } };
}
