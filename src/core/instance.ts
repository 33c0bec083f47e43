/**
 * Decides what an instance does next. Nothing here starts a process, sets a timer or prints: the
 * wanted effects are returned, and the runner carries them out.
 *
 *                       want up / restart / timer
 *        ┌──────────────────────────────────────────────────────┐
 *        ▼                                                      │
 *    starting ──ready/timer──► up                         crashed, exited,
 *        │                     │                          parked, down
 *        └──want down, restart,┴─ exited, ──► stopping ──gone──►─┘
 *                                 unhealthy, outgrown
 *
 * Where it would be started and something else has to come first, it is waiting, and looks again
 * whenever that may have come. Who has a schedule is scheduled where others would be started or have
 * ended, until it is due.
 *
 * An instance has at most one timer, and its state says what the timer means:
 *   starting   alive this long counts as ready; none until it has a process, which may never be,
 *              and none where it is somebody else who says so
 *   stopping   it has had its time: for its requests, then for itself; kill, and kill again
 *   crashed    the restart is due, at the latest: it may be waited for the port to be free
 * What is wanted stands beside the state: a stop in the middle of a restart only changes the want,
 * and the want is looked at when the process is gone.
 */

import { type ExitStatus, isSuccess } from "./exit-status.ts";
import { describeUse, type MemoryUse } from "./memory.ts";
import type { Notice } from "./notice.ts";
import { areSame, hasFailed as cannotBeMet, type Obstacle } from "./obstacle.ts";
import type { PortTrouble } from "./port-trouble.ts";
import { decideSequel, type RestartRule, type Sequel, stableMs } from "./restart.ts";
import type { Overlap } from "./schedule-rule.ts";
import type { StopPolicy } from "./stop-policy.ts";
import type { FileChange } from "./watch-rule.ts";

export interface InstancePolicy {
  readonly restart: RestartRule;
  readonly readiness: Readiness;
  readonly stop: StopPolicy;
  /** For the requests that it is at, before it is stopped; undefined when it gets none. */
  readonly drainMs?: number;
  /** Of who has a schedule: it is started only when it is due. */
  readonly overlap?: Overlap;
}

/** What makes it up. */
export type Readiness =
  /** To have been alive this long. */
  | { readonly is: "alive"; readonly afterMs: number }
  /** It is asked, and `ready` says that it is; after this long without, it counts as up all the same. */
  | { readonly is: "asked"; readonly orAfterMs: number }
  /** It is asked, and either `ready` or `unhealthy` is what comes of it. */
  | { readonly is: "told" };

/** Given to what a process left behind in its group when it ended by itself. */
export const stragglerGraceMs = 2_000;
/** A group can fork faster than it is killed: the kill is repeated until it is gone. */
const killAgainMs = 1_000;

export type InstanceState =
  | { readonly is: "down" }
  | { readonly is: "scheduled" }
  | { readonly is: "waiting"; readonly for: readonly Obstacle[] }
  /** Since it has a process, or as long as it has none, since one was asked for. */
  | { readonly is: "starting"; readonly sinceMs: number }
  | { readonly is: "up"; readonly sinceMs: number; readonly startedMs: number }
  | {
      readonly is: "stopping";
      readonly sinceMs: number;
      readonly startedMs: number;
      /** From the stop signal to the kill. */
      readonly graceMs: number;
      readonly cause: StopCause;
      readonly phase: StopPhase;
    }
  | {
      readonly is: "crashed";
      readonly status: ExitStatus;
      readonly untilMs: number;
      /** Its port is waited for: free, it is started from then on. */
      readonly portWait?: PortWait;
    }
  | { readonly is: "exited"; readonly status: ExitStatus }
  | { readonly is: "parked"; readonly status: ExitStatus; readonly reason: string };

interface PortWait {
  readonly trouble: PortTrouble;
  readonly fromMs: number;
  /** Those that count when it is free. */
  readonly failures: number;
}

type StopPhase =
  /** It gets no more requests, and still has some. */
  "draining" | "asked" | "killed";

type StopCause =
  | { readonly kind: "asked" }
  /** Its files did. It is started anew when its port is free, too. */
  | { readonly kind: "changed" }
  /** The leader ended by itself; what is left of its group is being ended. */
  | {
      readonly kind: "ended";
      readonly from: "starting" | "up";
      readonly upMs: number;
      readonly ranMs: number;
    }
  /** It runs, and is of no use. */
  | {
      readonly kind: "unhealthy";
      readonly reason: string;
      readonly upMs: number;
      readonly ranMs: number;
    };

export interface Instance {
  readonly want: "up" | "down";
  /** The number of the current or last run, from 1. Events of another run are dropped. */
  readonly run: number;
  /** Unstable runs in a row. */
  readonly failures: number;
  /** It is due: when its run has ended, the next one begins. */
  readonly isQueued?: boolean;
  readonly state: InstanceState;
}

export type InstanceEvent =
  | { readonly what: "want"; readonly want: "up" | "down" }
  /** A person asked: no backoff, and the failures are forgotten. Of something down it is a start. */
  | { readonly what: "restart" }
  /** Its files did: as a restart, but of what is not wanted it is none. */
  | { readonly what: "changed"; readonly change: FileChange }
  /** Its schedule says so. */
  | { readonly what: "due" }
  | { readonly what: "kill" }
  | { readonly what: "timer" }
  /** There is a process. What comes before may take its time, and is no part of its life. */
  | { readonly what: "started"; readonly run: number }
  | { readonly what: "ready"; readonly run: number }
  /** It is to be replaced, as if it had crashed. */
  | { readonly what: "unhealthy"; readonly run: number; readonly reason: string }
  /** It takes more memory than it may. */
  | { readonly what: "outgrown"; readonly run: number; readonly use: MemoryUse }
  /** It has no requests left. */
  | { readonly what: "drained"; readonly run: number }
  /** What it waits for may have come. */
  | { readonly what: "recheck" }
  /** The leader is gone. Its group may live on. */
  | { readonly what: "exited"; readonly run: number }
  /** Stopped: the group is empty and its output is read. Also when it could not be started. */
  | {
      readonly what: "gone";
      readonly run: number;
      readonly status: ExitStatus;
      readonly port?: PortTrouble | undefined;
    }
  /** Nobody else holds its port any more. */
  | { readonly what: "port-free"; readonly run: number };

export type Effect =
  /** With `awaitsPort` when nobody holds its port any more, or when that takes too long. */
  | { readonly do: "spawn"; readonly run: number; readonly awaitsPort: boolean }
  /** Says `drained` when it has no requests any more. */
  | { readonly do: "drain" }
  /** As its policy says. */
  | { readonly do: "stop" }
  | { readonly do: "kill" }
  /** Says `port-free` when it is, unless the state is another by then. */
  | { readonly do: "await-port" }
  | { readonly do: "arm"; readonly delayMs: number }
  | { readonly do: "disarm" }
  | { readonly do: "tell"; readonly notice: Notice };

/** What a transition may not find out by itself. */
export interface Moment {
  /** Monotonic. */
  readonly nowMs: number;
  /** In [0, 1). */
  readonly jitter: number;
  /** What has to come before it may be started; undefined when nothing has to. */
  readonly obstacles?: readonly Obstacle[] | undefined;
}

export type Step = readonly [Instance, readonly Effect[]];

export const newInstance: Instance = {
  want: "down",
  run: 0,
  failures: 0,
  state: { is: "down" },
};

export function transition(
  policy: InstancePolicy,
  instance: Instance,
  event: InstanceEvent,
  moment: Moment,
): Step {
  if ("run" in event && event.run !== instance.run) return [instance, []];
  switch (event.what) {
    case "want":
      return event.want === "up"
        ? wantUp(policy, instance, moment)
        : wantDown(policy, instance, moment);
    case "restart":
      return restart(policy, instance, asked, moment);
    case "changed":
      return changed(policy, instance, event.change, moment);
    case "due":
      return due(policy, instance, moment);
    case "kill":
      return kill(instance, moment);
    case "timer":
      return timer(policy, instance, moment);
    case "started":
      return started(policy, instance, moment);
    case "ready":
      return becomeUp(instance, moment, "up");
    case "unhealthy":
      return unhealthy(policy, instance, event.reason, moment);
    case "outgrown":
      return outgrown(policy, instance, event.use, moment);
    case "drained":
      return drained(policy, instance);
    case "recheck":
      return recheck(instance, moment);
    case "exited":
      return exited(policy, instance, moment);
    case "gone":
      return gone(policy, instance, event, moment);
    case "port-free":
      return portFree(instance, moment);
  }
}

/** Has a process, or may have one, that is to go on. */
export function isAlive(state: InstanceState): state is Alive {
  return state.is === "starting" || state.is === "up";
}

/** Has a process, or may have one. */
export function isRunning(state: InstanceState): state is Alive | Stopping {
  return isAlive(state) || state.is === "stopping";
}

/** It has proved itself. */
export function isStable(
  state: InstanceState,
  nowMs: number,
): state is Extract<InstanceState, { is: "up" }> {
  return state.is === "up" && nowMs - state.sinceMs >= stableMs;
}

function wantUp({ overlap }: InstancePolicy, instance: Instance, moment: Moment): Step {
  const wanted: Instance = { ...instance, want: "up" };
  const hasSchedule = overlap !== undefined;
  switch (instance.state.is) {
    case "waiting":
      return recheck(wanted, moment);
    case "down":
      return hasSchedule ? [scheduled(wanted), []] : spawn(wanted, moment);
    case "scheduled":
      return hasSchedule ? [wanted, []] : spawn(wanted, moment);
    case "exited":
    case "parked":
      return [hasSchedule ? scheduled(wanted) : wanted, []];
    case "starting":
    case "up":
    case "stopping":
    case "crashed":
      return [wanted, []];
  }
}

function scheduled(instance: Instance): Instance {
  return { ...instance, failures: 0, state: { is: "scheduled" } };
}

function wantDown(policy: InstancePolicy, instance: Instance, moment: Moment): Step {
  const { isQueued: _, ...rest } = instance;
  const unwanted: Instance = { ...rest, want: "down" };
  switch (instance.state.is) {
    case "starting":
    case "up":
      return stop(policy, unwanted, instance.state, moment);
    case "stopping":
    case "down":
      return [unwanted, []];
    case "crashed":
      return [{ ...unwanted, state: { is: "down" } }, [{ do: "disarm" }]];
    case "waiting":
    case "scheduled":
    case "exited":
    case "parked":
      return [{ ...unwanted, state: { is: "down" } }, []];
  }
}

function due(policy: InstancePolicy, instance: Instance, moment: Moment): Step {
  const { overlap } = policy;
  if (overlap === undefined || instance.want === "down") return [instance, []];
  switch (instance.state.is) {
    case "scheduled":
      return spawn(instance, moment);
    case "crashed":
      return restart(policy, instance, asked, moment);
    case "waiting":
      return [instance, [tellOverlap("skip")]];
    case "starting":
    case "up":
    case "stopping":
      return overlapping(policy, overlap, instance, moment);
    case "down":
    case "exited":
    case "parked":
      return [instance, []];
  }
}

function overlapping(
  policy: InstancePolicy,
  overlap: Overlap,
  instance: Instance,
  moment: Moment,
): Step {
  switch (overlap) {
    case "skip":
      return [instance, [tellOverlap("skip")]];
    case "queue":
      // One run is kept, however often it has become due.
      return [
        { ...instance, isQueued: true },
        [tellOverlap(instance.isQueued === true ? "skip" : "queue")],
      ];
    case "kill": {
      const [next, effects] = restart(policy, instance, asked, moment);
      return [next, [tellOverlap("kill"), ...effects]];
    }
  }
}

function tellOverlap(overlap: Overlap): Effect {
  return { do: "tell", notice: { kind: "overlap", overlap } };
}

type Request = Extract<StopCause, { kind: "asked" | "changed" }>;
const asked: Request = { kind: "asked" };

function restart(policy: InstancePolicy, instance: Instance, cause: Request, moment: Moment): Step {
  const fresh: Instance = { ...instance, want: "up", failures: 0 };
  switch (instance.state.is) {
    case "starting":
    case "up":
      return stop(policy, fresh, instance.state, moment, cause);
    case "stopping":
      return [{ ...fresh, state: { ...instance.state, cause } }, []];
    case "crashed": {
      const [next, effects] = spawn(fresh, moment, cause);
      return [next, [{ do: "disarm" }, ...effects]];
    }
    case "waiting":
      return recheck(fresh, moment);
    case "down":
    case "scheduled":
    case "exited":
    case "parked":
      return spawn(fresh, moment, cause);
  }
}

/** Who is yet to be started will find its files as they are then. */
function changed(
  policy: InstancePolicy,
  instance: Instance,
  change: FileChange,
  moment: Moment,
): Step {
  const { want, state } = instance;
  const isYetToRun = state.is === "waiting" || state.is === "scheduled";
  if (want === "down" || isYetToRun) return [instance, []];
  const [next, effects] = restart(policy, instance, { kind: "changed" }, moment);
  return [next, [{ do: "tell", notice: { kind: "changed", ...change } }, ...effects]];
}

function spawn(instance: Instance, moment: Moment, cause: Request = asked): Step {
  const { obstacles } = moment;
  if (obstacles) {
    const notice: Notice = { kind: "waiting", for: obstacles };
    return [{ ...instance, state: { is: "waiting", for: obstacles } }, [{ do: "tell", notice }]];
  }
  const run = instance.run + 1;
  const state: InstanceState = { is: "starting", sinceMs: moment.nowMs };
  return [
    { ...instance, run, state },
    [{ do: "spawn", run, awaitsPort: cause.kind === "changed" }],
  ];
}

function recheck(instance: Instance, moment: Moment): Step {
  const { state } = instance;
  if (state.is !== "waiting") return [instance, []];
  const { obstacles } = moment;
  if (obstacles && areSame(obstacles, state.for)) return [instance, []];
  // That one of several has come is not worth a line.
  const isTold = obstacles && cannotBeMet(obstacles) === cannotBeMet(state.for);
  return isTold
    ? [{ ...instance, state: { is: "waiting", for: obstacles } }, []]
    : spawn(instance, moment);
}

function started({ readiness }: InstancePolicy, instance: Instance, moment: Moment): Step {
  if (instance.state.is !== "starting") return [instance, []];
  const state: InstanceState = { is: "starting", sinceMs: moment.nowMs };
  const delayMs = countsAfterMs(readiness);
  return [{ ...instance, state }, delayMs === undefined ? [] : [{ do: "arm", delayMs }]];
}

function countsAfterMs(readiness: Readiness): number | undefined {
  switch (readiness.is) {
    case "alive":
      return readiness.afterMs;
    case "asked":
      return readiness.orAfterMs;
    case "told":
      return undefined;
  }
}

type Alive = Extract<InstanceState, { is: "starting" | "up" }>;

function startOf(state: Alive): number {
  return state.is === "starting" ? state.sinceMs : state.startedMs;
}

function stop(
  policy: InstancePolicy,
  instance: Instance,
  state: Alive,
  moment: Moment,
  cause: StopCause = asked,
): Step {
  const { stop, drainMs = 0 } = policy;
  const stopping: Stopping = {
    is: "stopping",
    sinceMs: moment.nowMs,
    startedMs: startOf(state),
    graceMs: stop.graceMs,
    cause,
    phase: "asked",
  };
  // Who is not up has no requests, and who is of no use does nothing about them.
  if (drainMs === 0 || state.is !== "up" || !isRequest(cause)) return ask(instance, stopping);
  return [
    { ...instance, state: { ...stopping, phase: "draining" } },
    [{ do: "drain" }, { do: "arm", delayMs: drainMs }],
  ];
}

function ask(instance: Instance, state: Stopping): Step {
  return [
    { ...instance, state: { ...state, phase: "asked" } },
    [{ do: "stop" }, { do: "arm", delayMs: state.graceMs }],
  ];
}

function drained({ drainMs = 0 }: InstancePolicy, instance: Instance, isLate = false): Step {
  const { state } = instance;
  if (state.is !== "stopping" || state.phase !== "draining") return [instance, []];
  const [next, effects] = ask(instance, state);
  if (!isLate) return [next, effects];
  return [next, [{ do: "tell", notice: { kind: "undrained", afterMs: drainMs } }, ...effects]];
}

function unhealthy(
  policy: InstancePolicy,
  instance: Instance,
  reason: string,
  moment: Moment,
  notice: Notice = { kind: "unhealthy", reason },
): Step {
  const { state } = instance;
  if (!isAlive(state)) return [instance, []];
  const cause: StopCause = { kind: "unhealthy", reason, ...lengthsOf(state, moment) };
  const [next, effects] = stop(policy, instance, state, moment, cause);
  return [next, [{ do: "tell", notice }, ...effects]];
}

/**
 * Who has proved itself is replaced at once, as if a person had asked for it. Who needs so much so
 * soon needs it again: that is a failure, with a pause that grows. So is it for whoever is not to be
 * started again, as a task, which must not count as done.
 */
function outgrown(
  policy: InstancePolicy,
  instance: Instance,
  use: MemoryUse,
  moment: Moment,
): Step {
  const { state } = instance;
  const notice: Notice = { kind: "memory-limit", use };
  if (!isStable(state, moment.nowMs) || policy.restart.policy === "never") {
    return unhealthy(policy, instance, `took ${describeUse(use, "limit")}`, moment, notice);
  }
  const [next, effects] = stop(policy, { ...instance, failures: 0 }, state, moment);
  return [next, [{ do: "tell", notice }, ...effects]];
}

function lengthsOf(state: Alive, { nowMs }: Moment): { upMs: number; ranMs: number } {
  return {
    upMs: state.is === "up" ? nowMs - state.sinceMs : 0,
    ranMs: nowMs - startOf(state),
  };
}

function kill(instance: Instance, moment: Moment): Step {
  const { state } = instance;
  if (!isRunning(state)) return [instance, []];
  const effects: readonly Effect[] = [{ do: "kill" }, { do: "arm", delayMs: killAgainMs }];
  if (state.is === "stopping") {
    return [{ ...instance, state: { ...state, phase: "killed" } }, effects];
  }
  const killed: InstanceState = {
    is: "stopping",
    sinceMs: moment.nowMs,
    startedMs: startOf(state),
    graceMs: 0,
    cause: { kind: "asked" },
    phase: "killed",
  };
  return [{ ...instance, state: killed }, effects];
}

function timer(policy: InstancePolicy, instance: Instance, moment: Moment): Step {
  const { state } = instance;
  switch (state.is) {
    case "starting":
      return becomeUp(instance, moment, policy.readiness.is === "alive" ? "unasked" : "unanswered");
    case "stopping":
      return state.phase === "draining"
        ? drained(policy, instance, true)
        : graceOver(policy, instance, state, moment);
    case "crashed":
      return spawn(instance, moment);
    case "up":
    case "down":
    case "scheduled":
    case "waiting":
    case "exited":
    case "parked":
      return [instance, []];
  }
}

type End = Extract<InstanceEvent, { what: "gone" }>;
type Crashed = Extract<InstanceState, { is: "crashed" }>;
type Stopping = Extract<InstanceState, { is: "stopping" }>;

function graceOver(
  { stop }: InstancePolicy,
  instance: Instance,
  state: Stopping,
  moment: Moment,
): Step {
  const [killed, effects] = kill(instance, moment);
  if (state.phase === "killed") return [killed, effects];
  const { graceMs, cause } = state;
  const askedBy = (cause.kind === "ended" ? undefined : stop.command) ?? stop.signal;
  return [killed, [...effects, { do: "tell", notice: { kind: "overdue", graceMs, askedBy } }]];
}

function becomeUp(instance: Instance, moment: Moment, how: "up" | "unanswered" | "unasked"): Step {
  const { state } = instance;
  if (state.is !== "starting") return [instance, []];
  const up: Instance = {
    ...instance,
    state: { is: "up", sinceMs: moment.nowMs, startedMs: state.sinceMs },
  };
  if (how === "unasked") return [up, [{ do: "disarm" }]];
  const notice: Notice = { kind: how, afterMs: moment.nowMs - state.sinceMs };
  return [up, [{ do: "disarm" }, { do: "tell", notice }]];
}

function exited(policy: InstancePolicy, instance: Instance, moment: Moment): Step {
  const { state } = instance;
  if (state.is === "stopping") return drained(policy, instance);
  if (!isAlive(state)) return [instance, []];
  const startedMs = startOf(state);
  const next: InstanceState = {
    is: "stopping",
    sinceMs: moment.nowMs,
    startedMs,
    graceMs: stragglerGraceMs,
    cause: { kind: "ended", from: state.is, ...lengthsOf(state, moment) },
    phase: "asked",
  };
  return [{ ...instance, state: next }, [{ do: "stop" }, { do: "arm", delayMs: stragglerGraceMs }]];
}

function gone(policy: InstancePolicy, instance: Instance, end: End, moment: Moment): Step {
  const { state } = instance;
  switch (state.is) {
    case "starting":
      // It could not be started: else `exited` would have come before.
      return ended(policy, instance, end, { startedMs: state.sinceMs, upMs: 0 }, moment);
    case "stopping": {
      const { cause, startedMs } = state;
      if (isRequest(cause)) return stopped(instance, state, cause, end.status, moment);
      const { upMs, ranMs } = cause;
      return ended(policy, instance, endBy(cause, end), { startedMs, upMs, ranMs }, moment);
    }
    case "up":
    case "crashed":
    case "down":
    case "scheduled":
    case "waiting":
    case "exited":
    case "parked":
      return [instance, []];
  }
}

/** How it ended is the answer to a signal when it was unhealthy, and says nothing. */
function endBy(cause: Exclude<StopCause, Request>, end: End): End {
  if (cause.kind === "ended") return end;
  return { ...end, status: { kind: "unhealthy", reason: cause.reason }, port: undefined };
}

function isRequest(cause: StopCause): cause is Request {
  return cause.kind === "asked" || cause.kind === "changed";
}

/** It was to be stopped: the want decides, and there is nothing to wait for but a port. */
function stopped(
  instance: Instance,
  state: Stopping,
  cause: Request,
  status: ExitStatus,
  moment: Moment,
): Step {
  const notice: Notice = { kind: "stopped", status, tookMs: moment.nowMs - state.sinceMs };
  const told: readonly Effect[] = [{ do: "disarm" }, { do: "tell", notice }];
  if (instance.want === "down") return [{ ...instance, state: { is: "down" } }, told];
  const [next, effects] = spawn(instance, moment, cause);
  return [next, [...told, ...effects]];
}

/** It ended by itself: the restart policy decides, unless it is not wanted any more. */
function ended(
  policy: InstancePolicy,
  instance: Instance,
  { status, port: trouble }: End,
  life: { readonly startedMs: number; readonly upMs: number; readonly ranMs?: number },
  moment: Moment,
): Step {
  const { failures, want } = instance;
  // Who was up had its port: to be in TIME_WAIT is what it has left.
  const port = trouble?.is === "time-wait" && life.upMs > 0 ? undefined : trouble;
  const sinceStartMs = moment.nowMs - life.startedMs;
  const ranMs = life.ranMs ?? sinceStartMs;
  if (want === "down") {
    const notice: Notice = { kind: "stopped", status, tookMs: sinceStartMs - ranMs };
    return [{ ...instance, state: { is: "down" } }, [{ do: "disarm" }, { do: "tell", notice }]];
  }
  const decided = decideSequel(
    policy.restart,
    status,
    { failures, upMs: life.upMs, sinceStartMs, isPortHeld: port?.is === "held" },
    moment.jitter,
  );
  const hasSchedule = policy.overlap !== undefined;
  const sequel: Sequel = hasSchedule && decided.is !== "again" ? { is: "scheduled" } : decided;
  const notice: Notice = { kind: "ended", status, ranMs, port, sequel };
  const told: readonly Effect[] = [{ do: "disarm" }, { do: "tell", notice }];
  switch (sequel.is) {
    case "again": {
      const { inMs, failures: counted, onPortFree } = sequel;
      const crashed: Crashed = { is: "crashed", status, untilMs: moment.nowMs + inMs };
      const armed: readonly Effect[] = [...told, { do: "arm", delayMs: inMs }];
      const next: Instance = { ...instance, failures: counted, state: crashed };
      if (!onPortFree || !port) return [next, armed];
      const fromMs = moment.nowMs + onPortFree.inMs;
      const portWait: PortWait = { trouble: port, fromMs, failures: onPortFree.failures };
      return [{ ...next, state: { ...crashed, portWait } }, [...armed, { do: "await-port" }]];
    }
    case "scheduled": {
      const { isQueued, ...rest } = instance;
      if (!isQueued) return [scheduled(rest), told];
      const [next, effects] = spawn({ ...rest, failures: 0 }, moment);
      return [next, [...told, ...effects]];
    }
    case "content":
      return [{ ...instance, state: { is: "exited", status } }, told];
    case "park":
      return [{ ...instance, state: { is: "parked", status, reason: sequel.reason } }, told];
  }
}

/** What it failed for is over. */
function portFree(instance: Instance, moment: Moment): Step {
  const { state } = instance;
  if (state.is !== "crashed" || state.portWait === undefined) return [instance, []];
  const { fromMs, failures } = state.portWait;
  const delayMs = Math.max(0, fromMs - moment.nowMs);
  const due: InstanceState = {
    is: "crashed",
    status: state.status,
    untilMs: moment.nowMs + delayMs,
  };
  return [{ ...instance, failures, state: due }, [{ do: "arm", delayMs }]];
}

/** Ended by itself and will not be started again: the status it ended with, else undefined. */
export function findFinalStatus(state: InstanceState): ExitStatus | undefined {
  return state.is === "exited" || state.is === "parked" ? state.status : undefined;
}

export function hasFailed(state: InstanceState): boolean {
  const status = findFinalStatus(state);
  return status !== undefined && !isSuccess(status);
}
