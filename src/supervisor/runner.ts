/**
 * One instance: keeps its machine's state, carries out its effects, and feeds what happens back to
 * it. Knows what became of its runs, and decides nothing.
 */
import type { Clock } from "../core/clock.ts";
import { type ExitStatus, findLastingCause, isSuccess } from "../core/exit-status.ts";
import {
  type Effect,
  type Instance,
  type InstanceEvent,
  type InstanceState,
  isRunning,
  isStable,
  newInstance,
  type Step,
  transition,
} from "../core/instance.ts";
import type { Notice } from "../core/notice.ts";
import { describeObstacles, hasFailed, type Obstacle } from "../core/obstacle.ts";
import type { InstanceSpec } from "../core/plan.ts";
import { type CommonPolicy, policyOf } from "../core/policy.ts";
import { describePortTrouble, type PortTrouble } from "../core/port-trouble.ts";
import type { Route } from "../core/routes.ts";
import type { StateName } from "../core/state-name.ts";
import type { StopPolicy } from "../core/stop-policy.ts";
import type { LineSplitter } from "../logs/line-batches.ts";
import { createLineMatcher, type LineMatcher } from "../logs/line-matcher.ts";
import type { Child, ChildEnd, ChildListener } from "../process/child.ts";
import type { Prober } from "../process/prober.ts";
import type { InstanceHistory } from "./history.ts";
import type { Pace } from "./pressure.ts";
import type { InstanceStatus } from "./status.ts";

export interface Runner {
  readonly name: string;
  /** What it runs, or will run when it is started next. */
  spec(): InstanceSpec;
  /** From its next start on; the name stays. */
  adopt(spec: InstanceSpec): void;
  instance(): Instance;
  send(event: InstanceEvent): void;
  status(): InstanceStatus;
  history(): InstanceHistory;
}

export interface RunnerTools {
  /** Its environment is read after `first`, which a stop gives up. */
  launch(
    spec: InstanceSpec,
    listener: ChildListener,
    first?: (givenUp: AbortSignal) => Promise<unknown>,
  ): Child;
  /** Undefined when there is nobody to ask. */
  readonly prober: Prober | undefined;
  /** When the schedule of a type is due next, by the wall clock. */
  nextRunMs(type: string): number | undefined;
  /** What has to come before one of this spec may be started. */
  obstaclesOf(spec: InstanceSpec): readonly Obstacle[] | undefined;
  /** Undefined when there is nobody to ask. */
  readonly ports: PortTools | undefined;
  openOutput(name: string, pace: Pace): LineSplitter;
  /** Resolves when a process gets no more requests and has none left. Never rejects. */
  drain(route: Route): Promise<void>;
  tell(name: string, notice: Notice): void;
  /** A run has ended, or is being ended, that had proved itself. */
  onRanWell(name: string): void;
  /** Another run than its first is about to begin. */
  onStartedAgain(runner: Runner): void;
  /** After every event of which something has come. */
  onChange(runner: Runner): void;
  readonly clock: Clock;
  /** Wall clock. */
  readonly timeMs: () => number;
  /** Of the app, which counts up with what is taken over from its files. */
  readonly version: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Neither rejects. */
export interface PortTools {
  /** What keeps a process from this port, undefined when nothing does. */
  findTrouble(port: number): Promise<PortTrouble | undefined>;
  /** True once nobody holds it; false when that was given up, or takes too long. */
  untilFree(port: number, instance: string, givenUp: AbortSignal): Promise<boolean>;
  isFree(port: number): Promise<boolean>;
}

/** The last run, or what shall be the first. */
interface Life {
  readonly command: string;
  readonly startedMs: number;
  readonly version: number;
  readonly port: number | undefined;
  readonly pid: number | undefined;
}

/**
 * What a spec says of how it is stopped and restarted counts from when it is adopted. One that takes
 * the place of another goes on with what is known of that.
 */
export function createRunner(
  firstSpec: InstanceSpec,
  common: CommonPolicy,
  tools: RunnerTools,
  before?: Runner,
): Runner {
  const { name } = firstSpec;
  let spec = firstSpec;
  let policy = policyOf(spec, common);
  let instance: Instance = { ...newInstance, run: before?.instance().run ?? 0 };
  let child: Child | undefined;
  let cancelTimer: (() => void) | undefined;
  /** Who asks whether it is ready, or still does what it is for. */
  let asking: AbortController | undefined;
  let watched: WatchedLines = {};
  let awaitingPort: AbortController | undefined;
  let life = newLife();
  let lastExit = before?.status().lastExit;
  let lastEnd = before?.history().lastEnd;
  let ranWell = before?.history().ranWell;
  let changedMs = tools.timeMs();

  function newLife(): Life {
    const { command, port } = spec;
    const startedMs = tools.timeMs();
    return { command, startedMs, version: tools.version(), port, pid: undefined };
  }

  function decide(event: InstanceEvent, nowMs: number): Step {
    const obstacles = spec.dependsOn && tools.obstaclesOf(spec);
    return transition(policy, instance, event, { nowMs, jitter: tools.random(), obstacles });
  }

  function send(event: InstanceEvent): void {
    const nowMs = tools.clock.nowMs();
    const from = instance.state.is;
    const before = shownState(instance);
    const [next, effects] = decide(event, nowMs);
    if (next === instance && effects.length === 0) return;
    if (next.state.is !== "up" && isStable(instance.state, nowMs)) {
      ranWell = { command: life.command, untilMs: tools.timeMs() };
      tools.onRanWell(name);
    }
    instance = next;
    if (instance.state.is !== from) {
      asking?.abort();
      asking = undefined;
    }
    if (instance.state.is !== "crashed") {
      awaitingPort?.abort();
      awaitingPort = undefined;
    }
    for (const effect of effects) carryOut(effect);
    if (instance.state.is === "up" && from !== "up") void askWhetherUnhealthy(instance.run);
    tellState(before);
    tools.onChange(runner);
  }

  /** A leader that has ended by itself is no state of its own: what comes of it follows at once. */
  function tellState(from: StateName): void {
    const to = shownState(instance);
    if (to === from) return;
    changedMs = tools.timeMs();
    tools.tell(name, { kind: "state", from, to });
  }

  function carryOut(effect: Effect): void {
    switch (effect.do) {
      case "spawn": {
        life = newLife();
        const launched: Child = tools.launch(
          spec,
          listen(effect.run, { hold: () => launched.pause(), flow: () => launched.resume() }),
          effect.awaitsPort ? untilPortFree : undefined,
        );
        child = launched;
        if (effect.run > 1) tools.onStartedAgain(runner);
        return;
      }
      case "stop":
        child?.stop(policy.stop);
        if (isStoppedByUs(instance)) tools.tell(name, askingOf(policy.stop));
        return;
      case "drain":
        void drain(instance.run);
        return;
      case "kill":
        child?.kill();
        return;
      case "arm":
        cancelTimer?.();
        cancelTimer = tools.clock.after(effect.delayMs, () => send({ what: "timer" }));
        return;
      case "await-port":
        void awaitPort(instance.run);
        return;
      case "disarm":
        cancelTimer?.();
        return;
      case "tell":
        noteEnd(effect.notice);
        tools.tell(name, effect.notice);
        return;
    }
  }

  function noteEnd(notice: Notice): void {
    if (notice.kind !== "ended" && notice.kind !== "stopped") return;
    lastEnd = { notice, startedMs: life.startedMs, endedMs: tools.timeMs() };
  }

  function listen(run: number, pace: Pace): ChildListener {
    const lines = tools.openOutput(name, pace);
    /** Its own, so that its lines are not mixed with those of the process. */
    let stopLines: LineSplitter | undefined;
    const { command, port } = spec;
    return {
      onPoorPipe: (reason) => tools.tell(name, { kind: "poor-pipe", reason }),
      onStarted(pid) {
        life = { ...life, pid };
        tools.tell(name, { kind: "started", pid, port, command });
        send({ what: "started", run });
        void askWhetherReady(run);
      },
      onOutput: watch(lines.push),
      onStopOutput(bytes) {
        stopLines ??= tools.openOutput(name, unpaced);
        stopLines.push(bytes);
      },
      onStopFailed: (stopCommand, reason) =>
        tools.tell(name, { kind: "stop-command-failed", command: stopCommand, reason }),
      onExited: () => send({ what: "exited", run }),
      onGone(end) {
        lines.end();
        stopLines?.end();
        life = { ...life, pid: undefined };
        lastExit = end.status;
        for (const notice of noticesOf(end)) tools.tell(name, notice);
        const { status } = end;
        const { ports } = tools;
        if (!ports || port === undefined || !isWanted(instance) || !mayLackPort(status)) {
          send({ what: "gone", run, status });
          return;
        }
        // A process that fails for its port ends like one that crashes.
        void ports
          .findTrouble(port)
          .then((trouble) => send({ what: "gone", run, status, port: trouble }));
      },
    };
  }

  async function drain(run: number): Promise<void> {
    const { port, pid } = life;
    if (port !== undefined && pid !== undefined) await tools.drain({ instance: name, pid, port });
    send({ what: "drained", run });
  }

  async function awaitPort(run: number): Promise<void> {
    const { port } = spec;
    if (port === undefined) return;
    awaitingPort = new AbortController();
    const { signal } = awaitingPort;
    if (await tools.ports?.untilFree(port, name, signal)) send({ what: "port-free", run });
  }

  async function untilPortFree(givenUp: AbortSignal): Promise<void> {
    if (spec.port !== undefined) await tools.ports?.untilFree(spec.port, name, givenUp);
  }

  /** Nothing stands between what it prints and who takes it, unless somebody looks for a line. */
  function watch(take: (bytes: Buffer) => void): (bytes: Buffer) => void {
    watched = watchedLinesOf(spec);
    const matchers = Object.values(watched);
    if (matchers.length === 0) return take;
    return (bytes) => {
      for (const matcher of matchers) matcher.push(bytes);
      take(bytes);
    };
  }

  async function askWhetherReady(run: number): Promise<void> {
    if (!tools.prober || policy.readiness.is === "alive") return;
    if (instance.state.is !== "starting") return;
    asking = new AbortController();
    const asked = { spec, lines: watched.ready, givenUp: asking.signal };
    const answer = await tools.prober.untilReady(asked);
    if (answer.is === "ready") send({ what: "ready", run });
    if (answer.is === "unhealthy") send({ what: "unhealthy", run, reason: answer.reason });
  }

  async function askWhetherUnhealthy(run: number): Promise<void> {
    if (!tools.prober || spec.live === undefined) return;
    asking = new AbortController();
    const asked = { spec, lines: watched.live, givenUp: asking.signal };
    const reason = await tools.prober.untilUnhealthy(asked);
    if (reason !== undefined) send({ what: "unhealthy", run, reason });
  }

  const runner: Runner = {
    name,
    spec: () => spec,
    adopt(next) {
      spec = next;
      policy = policyOf(spec, common);
    },
    instance: () => instance,
    send,
    status() {
      const { state, run } = instance;
      const restartInMs =
        state.is === "crashed" ? Math.ceil(state.untilMs - tools.clock.nowMs()) : undefined;
      return {
        name,
        type: spec.type,
        ordinal: spec.ordinal,
        command: isRunning(state) ? life.command : spec.command,
        port: isRunning(state) ? life.port : spec.port,
        state: state.is,
        changedMs,
        createdMs: life.startedMs,
        version: life.version,
        pid: life.pid,
        restarts: Math.max(0, run - 1),
        lastExit,
        schedule: spec.schedule && {
          nextMs: state.is === "down" ? undefined : tools.nextRunMs(spec.type),
          lastRun: lastEnd && { ...lastEnd, status: lastEnd.notice.status },
        },
        restartInMs: restartInMs && Math.max(0, restartInMs),
        reason: reasonOf(state),
        isBlocked: state.is === "waiting" && hasFailed(state.for),
        roll: undefined,
      };
    },
    history() {
      const isGood = isStable(instance.state, tools.clock.nowMs());
      return {
        instance: runner.status(),
        failures: instance.failures,
        lastEnd,
        ranWell: isGood ? { command: life.command, untilMs: undefined } : ranWell,
      };
    },
  };
  return runner;
}

function reasonOf(state: InstanceState): string | undefined {
  if (state.is === "parked") return state.reason;
  if (state.is === "waiting") return describeObstacles(state.for);
  return state.is === "crashed" && state.portWait !== undefined
    ? describePortTrouble(state.portWait.trouble)
    : undefined;
}

interface WatchedLines {
  readonly ready?: LineMatcher;
  readonly live?: LineMatcher;
}

function watchedLinesOf({ ready, live }: InstanceSpec): WatchedLines {
  return {
    ...(ready?.check.is === "log" && { ready: createLineMatcher(ready.check.pattern) }),
    ...(live?.check.is === "log" && { live: createLineMatcher(live.check.pattern) }),
  };
}

/** Whoever is ending is not held up. */
const unpaced: Pace = { hold() {}, flow() {} };

function askingOf({ signal, command }: StopPolicy): Notice {
  return command === undefined ? { kind: "signalled", signal } : { kind: "stop-command", command };
}

/** As it is told; while what a leader has left behind is ended, that is what it was before. */
function shownState({ state }: Instance): StateName {
  return state.is === "stopping" && state.cause.kind === "ended" ? state.cause.from : state.is;
}

/** To run on, and by itself. */
function isWanted(instance: Instance): boolean {
  return instance.want === "up" && !isAsked(instance);
}

function isStoppedByUs({ state }: Instance): boolean {
  return state.is === "stopping" && state.cause.kind !== "ended";
}

function isAsked({ state }: Instance): boolean {
  if (state.is !== "stopping") return false;
  return state.cause.kind === "asked" || state.cause.kind === "changed";
}

function mayLackPort(status: ExitStatus): boolean {
  if (status.kind !== "exit" || isSuccess(status)) return false;
  return status.cause === undefined && findLastingCause(status) === undefined;
}

function noticesOf(end: ChildEnd): readonly Notice[] {
  const notices: Notice[] = [];
  if (end.swept.length > 0) notices.push({ kind: "swept", processes: end.swept });
  if (end.spared.length > 0) notices.push({ kind: "spared", processes: end.spared });
  if (end.unstoppable.length > 0) notices.push({ kind: "unstoppable", processes: end.unstoppable });
  if (end.isOutputHeld) notices.push({ kind: "output-held" });
  return notices;
}
