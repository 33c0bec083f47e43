import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import {
  type Effect,
  findFinalStatus,
  hasFailed,
  type Instance,
  type InstanceEvent,
  type InstancePolicy,
  type InstanceState,
  isRunning,
  isStable,
  newInstance,
  type Step,
  stragglerGraceMs,
  transition,
} from "../../src/core/instance.ts";
import type { Obstacle } from "../../src/core/obstacle.ts";
import type { PortTrouble } from "../../src/core/port-trouble.ts";
import { defaultRestartRule } from "../../src/core/restart.ts";
import { defaultStopPolicy, type StopPolicy } from "../../src/core/stop-policy.ts";

const policy: InstancePolicy = {
  restart: defaultRestartRule,
  readiness: { is: "alive", afterMs: 500 },
  stop: defaultStopPolicy(10_000),
};
const probed: InstancePolicy = {
  ...policy,
  readiness: { is: "asked", orAfterMs: 10_000 },
};
const once: InstancePolicy = {
  ...policy,
  restart: { ...defaultRestartRule, policy: "never" },
};

/** Whoever asks it is the one to say. */
const told: InstancePolicy = { ...policy, readiness: { is: "told" } };
const always: InstancePolicy = {
  ...policy,
  restart: { ...defaultRestartRule, policy: "always", max: 3 },
};

/** It gets requests. */
const serving: InstancePolicy = { ...policy, drainMs: 5_000 };

const skipping: InstancePolicy = { ...once, overlap: "skip" };
const queueing: InstancePolicy = { ...once, overlap: "queue" };
const killing: InstancePolicy = { ...once, overlap: "kill" };
/** With a schedule, and tried again in between when it fails. */
const trying: InstancePolicy = { ...policy, overlap: "skip" };

const obstacles: readonly Obstacle[] = [{ type: "db", until: "ready" }];
const failedObstacles: readonly Obstacle[] = [
  { type: "db", until: "ready", failure: "db.1 is parked" },
];

const succeeded: ExitStatus = { kind: "exit", code: 0 };
const failed: ExitStatus = { kind: "exit", code: 1 };
const notFound: ExitStatus = { kind: "exit", code: 127 };
const terminated: ExitStatus = { kind: "signal", signal: "SIGTERM", number: 15 };
const noFolder: ExitStatus = { kind: "unstarted", reason: "no folder", isLasting: true };
const noFiles: ExitStatus = { kind: "unstarted", reason: "no descriptors", isLasting: false };

const held: PortTrouble = {
  is: "held",
  port: 5006,
  holder: { pid: 431, command: "node\0index.js", user: "marc" },
};

/** Every state as it is 60 s after the start, in the third run. */
const nowMs = 100_000;
const startedMs = 40_000;
const states = {
  down: { is: "down" },
  starting: { is: "starting", sinceMs: startedMs },
  up: { is: "up", sinceMs: nowMs - 20_000, startedMs },
  stable: { is: "up", sinceMs: nowMs - 30_000, startedMs },
  stopping: stopping({ kind: "asked" }),
  renewing: stopping({ kind: "changed" }),
  killing: { ...stopping({ kind: "asked" }), phase: "killed" },
  draining: { ...stopping({ kind: "asked" }), phase: "draining" },
  ending: stopping({ kind: "ended", from: "up", upMs: 20_000, ranMs: 59_900 }),
  endingStable: stopping({ kind: "ended", from: "up", upMs: 30_000, ranMs: 59_900 }),
  crashed: { is: "crashed", status: failed, untilMs: nowMs + 4_000 },
  awaitingPort: awaitingPortFrom(nowMs - 100),
  awaitingPortNew: awaitingPortFrom(nowMs + 600),
  scheduled: { is: "scheduled" },
  waiting: { is: "waiting", for: [{ type: "db", until: "ready" }] },
  replacing: stopping({ kind: "unhealthy", reason: "late", upMs: 20_000, ranMs: 59_900 }),
  exited: { is: "exited", status: succeeded },
  parked: { is: "parked", status: notFound, reason: "command not found" },
} satisfies { readonly [name: string]: InstanceState };

function stopping(cause: Extract<InstanceState, { is: "stopping" }>["cause"]) {
  const graceMs = cause.kind === "asked" ? policy.stop.graceMs : stragglerGraceMs;
  return {
    is: "stopping",
    sinceMs: nowMs - 100,
    startedMs,
    graceMs,
    cause,
    phase: "asked",
  } as const;
}

function awaitingPortFrom(fromMs: number) {
  const portWait = { trouble: held, fromMs, failures: 1 };
  return { is: "crashed", status: failed, untilMs: nowMs + 9_000, portWait } as const;
}

const run = 3;
const unhealthy: InstanceEvent = { what: "unhealthy", run, reason: "late" };
const use = { usedBytes: 531, allowedBytes: 512 };
const outgrown: InstanceEvent = { what: "outgrown", run, use };
const recheck: InstanceEvent = { what: "recheck" };
const wantUp: InstanceEvent = { what: "want", want: "up" };
const wantDown: InstanceEvent = { what: "want", want: "down" };
const restart: InstanceEvent = { what: "restart" };
const kill: InstanceEvent = { what: "kill" };
const changed: InstanceEvent = { what: "changed", change: { file: "a.ts", others: 0 } };
const due: InstanceEvent = { what: "due" };
const timer: InstanceEvent = { what: "timer" };
const started: InstanceEvent = { what: "started", run };
const ready: InstanceEvent = { what: "ready", run };
const exited: InstanceEvent = { what: "exited", run };
const gone = (status: ExitStatus, port?: PortTrouble): InstanceEvent => ({
  what: "gone",
  run,
  status,
  port,
});
const portFree: InstanceEvent = { what: "port-free", run };
const inTimeWait: PortTrouble = { is: "time-wait", port: 5006, leftMs: 42_000 };

interface Before {
  readonly want?: "up" | "down";
  readonly failures?: number;
  readonly isQueued?: boolean;
  readonly policy?: InstancePolicy;
  readonly obstacles?: readonly Obstacle[];
}

interface After {
  readonly state: keyof typeof states | "same";
  readonly does?: readonly string[];
  readonly want?: "up" | "down";
  readonly failures?: number;
  readonly isQueued?: boolean;
}

function instanceIn(
  name: keyof typeof states,
  { want, failures = 2, isQueued = false }: Before,
): Instance {
  const state = states[name];
  return { want: want ?? (name === "down" ? "down" : "up"), run, failures, isQueued, state };
}

function describeEffect(effect: Effect): string {
  switch (effect.do) {
    case "spawn":
      return `spawn ${effect.run}${effect.awaitsPort ? " on its port" : ""}`;
    case "arm":
      return `arm ${effect.delayMs}`;
    case "tell":
      return `tell ${effect.notice.kind}`;
    case "stop":
    case "drain":
    case "kill":
    case "disarm":
    case "await-port":
      return effect.do;
  }
}

function phaseOf(name: keyof typeof states) {
  const state: InstanceState = states[name];
  return state.is === "stopping" ? { phase: state.phase } : {};
}

type Cell = [
  name: string,
  state: keyof typeof states,
  event: InstanceEvent,
  before: Before,
  after: After,
];

function checkCell(
  stateName: keyof typeof states,
  event: InstanceEvent,
  before: Before,
  after: After,
) {
  const instance = instanceIn(stateName, before);
  const [next, effects] = transition(before.policy ?? policy, instance, event, {
    nowMs,
    jitter: 0.5,
    obstacles: before.obstacles,
  });
  const expected = after.state === "same" ? instance.state.is : states[after.state].is;
  expect(next.state.is).toBe(expected);
  expect(effects.map(describeEffect)).toEqual(after.does ?? []);
  expect(next.want).toBe(after.want ?? instance.want);
  expect(next.failures).toBe(after.failures ?? instance.failures);
  expect(next.isQueued ?? false).toBe(after.isQueued ?? false);
  return next;
}

describe("the machine, told what is wanted", () => {
  const spawned: After = { state: "starting", does: ["spawn 4"], want: "up" };
  const asked: After = { state: "stopping", does: ["stop", "arm 10000"] };
  const waits: After = { state: "waiting", does: ["tell waiting"] };
  it.each<Cell>([
    ["down, want up", "down", wantUp, {}, spawned],
    ["down, want down", "down", wantDown, {}, { state: "same" }],
    ["down, restart", "down", restart, {}, { ...spawned, failures: 0 }],
    ["down, kill", "down", kill, {}, { state: "same" }],
    ["starting, want up", "starting", wantUp, {}, { state: "same" }],
    ["starting, want down", "starting", wantDown, {}, { ...asked, want: "down" }],
    ["starting, restart", "starting", restart, {}, { ...asked, failures: 0 }],
    ["starting, kill", "starting", kill, {}, { state: "stopping", does: ["kill", "arm 1000"] }],
    ["up, want up", "up", wantUp, {}, { state: "same" }],
    ["up, want down", "up", wantDown, {}, { ...asked, want: "down" }],
    ["up, restart", "up", restart, {}, { ...asked, failures: 0 }],
    ["up, kill", "up", kill, {}, { state: "stopping", does: ["kill", "arm 1000"] }],
    ["stopping, want up", "stopping", wantUp, { want: "down" }, { state: "same", want: "up" }],
    ["stopping, want down", "stopping", wantDown, {}, { state: "same", want: "down" }],
    [
      "stopping, restart of what was to be down",
      "stopping",
      restart,
      { want: "down" },
      { state: "same", want: "up", failures: 0 },
    ],
    ["stopping, kill", "stopping", kill, {}, { state: "same", does: ["kill", "arm 1000"] }],
    ["killing, kill", "killing", kill, {}, { state: "same", does: ["kill", "arm 1000"] }],
    ["ending, want down", "ending", wantDown, {}, { state: "same", want: "down" }],
    ["ending, restart", "ending", restart, {}, { state: "same", failures: 0 }],
    ["ending, kill", "ending", kill, {}, { state: "same", does: ["kill", "arm 1000"] }],
    ["crashed, want up", "crashed", wantUp, {}, { state: "same" }],
    [
      "crashed, want down",
      "crashed",
      wantDown,
      {},
      { state: "down", does: ["disarm"], want: "down" },
    ],
    [
      "crashed, restart",
      "crashed",
      restart,
      {},
      { ...spawned, does: ["disarm", "spawn 4"], failures: 0 },
    ],
    ["crashed, kill", "crashed", kill, {}, { state: "same" }],
    ["exited, want up", "exited", wantUp, {}, { state: "same" }],
    ["exited, want down", "exited", wantDown, {}, { state: "down", want: "down" }],
    ["exited, restart", "exited", restart, {}, { ...spawned, failures: 0 }],
    ["exited, kill", "exited", kill, {}, { state: "same" }],
    ["parked, want up", "parked", wantUp, {}, { state: "same" }],
    ["parked, want down", "parked", wantDown, {}, { state: "down", want: "down" }],
    ["parked, restart", "parked", restart, {}, { ...spawned, failures: 0 }],
    ["down, want up, not yet", "down", wantUp, { obstacles }, { ...waits, want: "up" }],
    ["exited, restart, not yet", "exited", restart, { obstacles }, { ...waits, failures: 0 }],
    [
      "crashed, restart, not yet",
      "crashed",
      restart,
      { obstacles },
      { state: "waiting", does: ["disarm", "tell waiting"], failures: 0 },
    ],
    ["waiting, want up", "waiting", wantUp, { obstacles }, { state: "same" }],
    ["waiting, want up, come", "waiting", wantUp, {}, spawned],
    ["waiting, want down", "waiting", wantDown, { obstacles }, { state: "down", want: "down" }],
    ["waiting, restart", "waiting", restart, { obstacles }, { state: "same", failures: 0 }],
    ["waiting, restart, come", "waiting", restart, {}, { ...spawned, failures: 0 }],
    ["waiting, kill", "waiting", kill, { obstacles }, { state: "same" }],
  ])("%s", (_, state, event, before, after) => {
    checkCell(state, event, before, after);
  });
});

describe("the machine, of who gets requests", () => {
  const drains: After = { state: "draining", does: ["drain", "arm 5000"] };
  const asks = { state: "stopping", does: ["stop", "arm 10000"] } as const;
  const drained: InstanceEvent = { what: "drained", run };
  it.each<Cell>([
    ["up, want down", "up", wantDown, {}, { ...drains, want: "down" }],
    ["up, restart", "up", restart, {}, { ...drains, failures: 0 }],
    [
      "up, files have changed",
      "up",
      changed,
      {},
      { ...drains, does: ["tell changed", "drain", "arm 5000"], failures: 0 },
    ],
    ["up, unhealthy", "up", unhealthy, {}, { ...asks, does: ["tell unhealthy", ...asks.does] }],
    ["up, kill", "up", kill, {}, { state: "killing", does: ["kill", "arm 1000"] }],
    ["starting, want down", "starting", wantDown, {}, { ...asks, want: "down" }],
    ["draining, drained", "draining", drained, {}, asks],
    ["draining, exited", "draining", exited, {}, asks],
    [
      "draining, timer",
      "draining",
      timer,
      {},
      { ...asks, does: ["tell undrained", "stop", "arm 10000"] },
    ],
    ["draining, want up", "draining", wantUp, { want: "down" }, { state: "same", want: "up" }],
    ["draining, want down", "draining", wantDown, {}, { state: "same", want: "down" }],
    ["draining, kill", "draining", kill, {}, { state: "killing", does: ["kill", "arm 1000"] }],
    ["stopping, drained", "stopping", drained, {}, { state: "same" }],
    ["up, drained", "up", drained, {}, { state: "same" }],
    [
      "draining, drained in an earlier run",
      "draining",
      { what: "drained", run: 2 },
      {},
      { state: "same" },
    ],
  ])("%s", (_, state, event, before, after) => {
    const next = checkCell(state, event, { policy: serving, ...before }, after);
    expect(next.state).toMatchObject(phaseOf(after.state === "same" ? state : after.state));
  });
});

describe("the machine, told that files have changed", () => {
  const spawned: After = {
    state: "starting",
    does: ["tell changed", "spawn 4 on its port"],
    failures: 0,
  };
  const renewing: After = {
    state: "renewing",
    does: ["tell changed", "stop", "arm 10000"],
    failures: 0,
  };
  const told: After = { state: "same", does: ["tell changed"], failures: 0 };
  const again = ["disarm", "tell stopped", "spawn 4 on its port"];
  it.each<Cell>([
    ["down", "down", changed, {}, { state: "same" }],
    ["starting", "starting", changed, {}, renewing],
    ["up", "up", changed, {}, renewing],
    ["stopping", "stopping", changed, {}, told],
    ["stopping, and not wanted", "stopping", changed, { want: "down" }, { state: "same" }],
    ["renewing, once more", "renewing", changed, {}, told],
    ["ending", "ending", changed, {}, told],
    [
      "crashed",
      "crashed",
      changed,
      {},
      { ...spawned, does: ["tell changed", "disarm", "spawn 4 on its port"] },
    ],
    ["waiting", "waiting", changed, {}, { state: "same" }],
    ["exited", "exited", changed, {}, spawned],
    ["parked", "parked", changed, {}, spawned],
    ["renewing, gone", "renewing", gone(terminated), {}, { state: "starting", does: again }],
    [
      "renewing, gone, and restarts are not allowed",
      "renewing",
      gone(failed),
      { policy: once },
      { state: "starting", does: again },
    ],
    [
      "renewing, gone, and not wanted any more",
      "renewing",
      gone(terminated),
      { want: "down" },
      { state: "down", does: ["disarm", "tell stopped"] },
    ],
    ["renewing, exited", "renewing", exited, {}, { state: "same" }],
    [
      "renewing, timer",
      "renewing",
      timer,
      {},
      { state: "same", does: ["kill", "arm 1000", "tell overdue"] },
    ],
  ])("%s", (_, state, event, before, after) => {
    checkCell(state, event, before, after);
  });
});

describe("the machine, of who has a schedule", () => {
  const skips: Before = { policy: skipping };
  const spawned: After = { state: "starting", does: ["spawn 4"] };
  const skipped: After = { state: "same", does: ["tell overlap"] };
  const scheduled: After = { state: "scheduled", does: ["disarm", "tell ended"], failures: 0 };
  const anew: After = { state: "stopping", does: ["tell overlap", "stop", "arm 10000"] };
  it.each<Cell>([
    ["down, want up", "down", wantUp, skips, { state: "scheduled", want: "up", failures: 0 }],
    ["down, due", "down", due, skips, { state: "same" }],
    ["down, restart", "down", restart, skips, { ...spawned, want: "up", failures: 0 }],
    ["scheduled, want up", "scheduled", wantUp, skips, { state: "same" }],
    ["scheduled, want up, no schedule any more", "scheduled", wantUp, {}, spawned],
    ["scheduled, want down", "scheduled", wantDown, skips, { state: "down", want: "down" }],
    ["scheduled, restart", "scheduled", restart, skips, { ...spawned, failures: 0 }],
    ["scheduled, kill", "scheduled", kill, skips, { state: "same" }],
    ["scheduled, its files", "scheduled", changed, skips, { state: "same" }],
    ["scheduled, recheck", "scheduled", recheck, skips, { state: "same" }],
    ["scheduled, timer", "scheduled", timer, skips, { state: "same" }],
    ["scheduled, due", "scheduled", due, skips, spawned],
    ["scheduled, due, no schedule any more", "scheduled", due, {}, { state: "same" }],
    [
      "scheduled, due, not yet",
      "scheduled",
      due,
      { policy: skipping, obstacles },
      { state: "waiting", does: ["tell waiting"] },
    ],
    ["waiting, due", "waiting", due, { policy: skipping, obstacles }, skipped],
    ["exited, want up", "exited", wantUp, skips, { state: "scheduled", failures: 0 }],
    ["parked, want up", "parked", wantUp, skips, { state: "scheduled", failures: 0 }],
    ["up, want up", "up", wantUp, skips, { state: "same" }],
    ["up, due", "up", due, skips, skipped],
    ["up, due, no schedule", "up", due, {}, { state: "same" }],
    ["starting, due, queue", "starting", due, { policy: queueing }, { ...skipped, isQueued: true }],
    [
      "up, due, queue, once more",
      "up",
      due,
      { policy: queueing, isQueued: true },
      { ...skipped, isQueued: true },
    ],
    ["up, due, kill", "up", due, { policy: killing }, { ...anew, failures: 0 }],
    ["stopping, due, kill", "stopping", due, { policy: killing }, { ...skipped, failures: 0 }],
    [
      "stopping, due, not wanted",
      "stopping",
      due,
      { policy: killing, want: "down" },
      { state: "same" },
    ],
    [
      "stopping for that, gone",
      "stopping",
      gone(terminated),
      { policy: killing },
      { state: "starting", does: ["disarm", "tell stopped", "spawn 4"] },
    ],
    ["ending, gone well", "ending", gone(succeeded), skips, scheduled],
    ["ending, gone badly", "ending", gone(failed), skips, scheduled],
    ["ending, gone for good", "ending", gone(notFound), skips, scheduled],
    ["starting, gone without a start", "starting", gone(noFolder), skips, scheduled],
    ["replacing, gone", "replacing", gone(terminated), skips, scheduled],
    [
      "ending, gone, queued",
      "ending",
      gone(failed),
      { policy: queueing, isQueued: true },
      { state: "starting", does: ["disarm", "tell ended", "spawn 4"], failures: 0 },
    ],
    [
      "up, queued, want down",
      "up",
      wantDown,
      { policy: queueing, isQueued: true },
      {
        state: "stopping",
        does: ["stop", "arm 10000"],
        want: "down",
      },
    ],
    [
      "ending, gone badly, tried again",
      "ending",
      gone(failed),
      { policy: trying },
      { state: "crashed", does: ["disarm", "tell ended", "arm 2000"], failures: 3 },
    ],
    ["ending, gone well, tried again", "ending", gone(succeeded), { policy: trying }, scheduled],
    [
      "crashed, due",
      "crashed",
      due,
      { policy: trying },
      { state: "starting", does: ["disarm", "spawn 4"], failures: 0 },
    ],
  ])("%s", (_, state, event, before, after) => {
    checkCell(state, event, before, after);
  });
});

describe("the machine, told what happened", () => {
  const crashed = (delayMs: number, failures: number): After => ({
    state: "crashed",
    does: ["disarm", "tell ended", `arm ${delayMs}`],
    failures,
  });
  const toldEnd = ["disarm", "tell ended"];
  const replaced: After = { state: "stopping", does: ["tell unhealthy", "stop", "arm 10000"] };
  const outgrowing: After = { state: "stopping", does: ["tell memory-limit", "stop", "arm 10000"] };
  const again = ["disarm", "tell stopped", "spawn 4"];
  const down: After = { state: "down", does: ["disarm", "tell stopped"] };
  const straggling: After = { state: "ending", does: ["stop", `arm ${stragglerGraceMs}`] };
  const unwanted: Before = { want: "down" };
  it.each<Cell>([
    ["starting, started", "starting", started, {}, { state: "same", does: ["arm 500"] }],
    ["starting, timer", "starting", timer, {}, { state: "up", does: ["disarm"] }],
    ["starting, started, asked", "starting", started, { policy: told }, { state: "same" }],
    ["starting, unhealthy", "starting", unhealthy, {}, replaced],
    ["up, unhealthy", "up", unhealthy, {}, replaced],
    ["stopping, unhealthy", "stopping", unhealthy, {}, { state: "same" }],
    ["crashed, unhealthy", "crashed", unhealthy, {}, { state: "same" }],
    ["up, outgrown", "up", outgrown, {}, outgrowing],
    ["starting, outgrown", "starting", outgrown, {}, outgrowing],
    ["stable, outgrown", "stable", outgrown, {}, { ...outgrowing, failures: 0 }],
    ["stable, outgrown, restart: never", "stable", outgrown, { policy: once }, outgrowing],
    ["stopping, outgrown", "stopping", outgrown, {}, { state: "same" }],
    ["replacing, exited", "replacing", exited, {}, { state: "same" }],
    ["replacing, gone well", "replacing", gone(succeeded), {}, crashed(2_000, 3)],
    ["replacing, gone as asked", "replacing", gone(terminated, held), {}, crashed(2_000, 3)],
    [
      "replacing, gone, restart: never",
      "replacing",
      gone(succeeded),
      { policy: once },
      { state: "exited", does: toldEnd },
    ],
    ["replacing, want down, gone", "replacing", gone(succeeded), unwanted, down],
    [
      "up for the last time, gone well, restart: always",
      "ending",
      gone(succeeded),
      { policy: always, failures: 3 },
      { state: "parked", does: toldEnd },
    ],
    [
      "ending, gone well, restart: always",
      "ending",
      gone(succeeded),
      { policy: always },
      crashed(2_000, 3),
    ],
    ["waiting, recheck", "waiting", recheck, { obstacles }, { state: "same" }],
    ["waiting, recheck, come", "waiting", recheck, {}, { state: "starting", does: ["spawn 4"] }],
    [
      "waiting, recheck, in vain",
      "waiting",
      recheck,
      { obstacles: failedObstacles },
      { state: "waiting", does: ["tell waiting"] },
    ],
    ["up, recheck", "up", recheck, { obstacles }, { state: "same" }],
    [
      "crashed, timer, not yet",
      "crashed",
      timer,
      { obstacles },
      { state: "waiting", does: ["tell waiting"] },
    ],
    [
      "stopping, gone, not yet",
      "stopping",
      gone(terminated),
      { obstacles },
      { state: "waiting", does: ["disarm", "tell stopped", "tell waiting"] },
    ],
    [
      "starting, timer, and nobody has answered",
      "starting",
      timer,
      { policy: probed },
      { state: "up", does: ["disarm", "tell unanswered"] },
    ],
    ["starting, ready", "starting", ready, {}, { state: "up", does: ["disarm", "tell up"] }],
    ["starting, exited", "starting", exited, {}, straggling],
    ["starting, gone without a start", "starting", gone(noFiles), {}, crashed(2_000, 3)],
    [
      "starting, gone, never can start",
      "starting",
      gone(noFolder),
      {},
      { state: "parked", does: toldEnd },
    ],
    ["up, started", "up", started, {}, { state: "same" }],
    ["up, ready", "up", ready, {}, { state: "same" }],
    ["up, timer", "up", timer, {}, { state: "same" }],
    ["up, exited", "up", exited, {}, straggling],
    // It has a process, and the end of that comes first.
    ["up, gone without a start", "up", gone(noFiles), {}, { state: "same" }],
    [
      "stopping, timer",
      "stopping",
      timer,
      {},
      { state: "same", does: ["kill", "arm 1000", "tell overdue"] },
    ],
    ["killing, timer", "killing", timer, {}, { state: "same", does: ["kill", "arm 1000"] }],
    [
      "ending, timer",
      "ending",
      timer,
      {},
      { state: "same", does: ["kill", "arm 1000", "tell overdue"] },
    ],
    ["stopping, started", "stopping", started, {}, { state: "same" }],
    ["stopping, exited", "stopping", exited, {}, { state: "same" }],
    ["stopping, ready", "stopping", ready, {}, { state: "same" }],
    ["stopping, gone, not wanted", "stopping", gone(terminated), unwanted, down],
    [
      "stopping, gone, wanted",
      "stopping",
      gone(terminated),
      {},
      { state: "starting", does: again },
    ],
    // A restart was asked for: how the old run ended is no reason not to.
    [
      "stopping, gone, wanted once",
      "stopping",
      gone(succeeded),
      { policy: once },
      { state: "starting", does: again },
    ],
    ["killing, gone, not wanted", "killing", gone(terminated), unwanted, down],
    [
      "ending, gone with success",
      "ending",
      gone(succeeded),
      {},
      { state: "exited", does: toldEnd },
    ],
    ["ending, gone with failure", "ending", gone(failed), {}, crashed(2_000, 3)],
    [
      "ending, gone, somebody else holding its port",
      "ending",
      gone(failed, held),
      {},
      {
        state: "crashed",
        does: ["disarm", "tell ended", "arm 12000", "await-port"],
        failures: 3,
      },
    ],
    [
      "ending, gone, somebody else holding its port, had been stable",
      "endingStable",
      gone(failed, held),
      {},
      crashed(250, 0),
    ],
    [
      "ending, gone, its port in TIME_WAIT",
      "ending",
      gone(failed, inTimeWait),
      {},
      crashed(2_000, 3),
    ],
    [
      "waiting, port free",
      "awaitingPort",
      portFree,
      {},
      { state: "same", does: ["arm 0"], failures: 1 },
    ],
    [
      "waiting, port free within a second of the start",
      "awaitingPortNew",
      portFree,
      {},
      { state: "same", does: ["arm 600"], failures: 1 },
    ],
    ["waiting, timer", "awaitingPort", timer, {}, { state: "starting", does: ["spawn 4"] }],
    ["crashed, port free", "crashed", portFree, {}, { state: "same" }],
    ["up, port free", "up", portFree, {}, { state: "same" }],
    ["ending, gone, had been stable", "endingStable", gone(failed), {}, crashed(250, 0)],
    [
      "ending, gone, never again",
      "ending",
      gone(failed),
      { policy: once },
      { state: "exited", does: toldEnd },
    ],
    [
      "ending, gone, no such command",
      "ending",
      gone(notFound),
      {},
      { state: "parked", does: toldEnd },
    ],
    ["ending, gone, not wanted", "ending", gone(failed), unwanted, down],
    ["crashed, timer", "crashed", timer, {}, { state: "starting", does: ["spawn 4"] }],
    ["crashed, gone", "crashed", gone(failed), {}, { state: "same" }],
    ["down, timer", "down", timer, {}, { state: "same" }],
    ["exited, timer", "exited", timer, {}, { state: "same" }],
    ["parked, timer", "parked", timer, {}, { state: "same" }],
  ])("%s", (_, state, event, before, after) => {
    checkCell(state, event, before, after);
  });

  it("is the same when it looks again and waits for the same, so that nobody else looks", () => {
    const instance: Instance = { want: "up", run, failures: 0, state: states.waiting };
    const obstacles = [{ type: "db", until: "ready" }] as const;
    expect(transition(policy, instance, recheck, { nowMs, jitter: 0.5, obstacles })[0]).toBe(
      instance,
    );
  });

  it("counts a stable run from when it was up, not from its start", () => {
    const [ending] = step(instanceIn("stable", {}), exited);
    const [next] = step(ending, gone(failed));
    expect(next).toMatchObject({ failures: 0, state: { is: "crashed", untilMs: nowMs + 250 } });
    const [almost] = step(step(instanceIn("up", {}), exited)[0], gone(failed));
    expect(almost).toMatchObject({ failures: 3 });
  });

  it("counts its life from when it has a process, however long that took to come", () => {
    const [spawned] = transition(policy, newInstance, wantUp, { nowMs: 0, jitter: 0.5 });
    const at = (ms: number) => ({ nowMs: ms, jitter: 0.5 });
    const [alive] = transition(policy, spawned, { what: "started", run: 1 }, at(3_000));
    const [, effects] = transition(policy, alive, { what: "ready", run: 1 }, at(3_200));
    expect(effects).toContainEqual({ do: "tell", notice: { kind: "up", afterMs: 200 } });
    const [ending] = transition(policy, alive, { what: "exited", run: 1 }, at(3_300));
    expect(ending.state).toMatchObject({ startedMs: 3_000, cause: { ranMs: 300 } });
  });

  it("says how long it ran, without the time its stragglers took", () => {
    const [, effects] = step(instanceIn("ending", {}), gone(failed));
    expect(effects).toContainEqual({
      do: "tell",
      notice: {
        kind: "ended",
        status: failed,
        ranMs: 59_900,
        sequel: { is: "again", inMs: 2_000, failures: 3 },
      },
    });
  });

  it("says who holds its port", () => {
    const [, effects] = step(instanceIn("ending", {}), gone(failed, held));
    const notice = expect.objectContaining({ kind: "ended", port: held });
    expect(effects).toContainEqual({ do: "tell", notice });
  });

  it.each<[name: string, from: "starting" | "up", port: PortTrouble | undefined]>([
    ["what never was up", "starting", inTimeWait],
    // It had its port, and this is what is left of that.
    ["what was up", "up", undefined],
  ])("says that its port is in TIME_WAIT, of %s", (_, from, port) => {
    const [ending] = step(instanceIn(from, {}), exited);
    const [, effects] = step(ending, gone(failed, inTimeWait));
    const notices = effects.flatMap((effect) => (effect.do === "tell" ? effect.notice : []));
    expect(notices).toMatchObject([{ kind: "ended", port }]);
  });

  it("does not count a failure for its port twice", () => {
    const [crashed] = step(instanceIn("ending", {}), gone(failed, held));
    const [free] = step(crashed, portFree);
    expect(step(free, portFree)).toEqual([free, []]);
    expect([crashed.failures, free.failures]).toEqual([3, 2]);
  });

  it("says how long a stop took", () => {
    const instance = instanceIn("stopping", { want: "down" });
    const [, effects] = step(instance, gone(terminated));
    const notice = { kind: "stopped", status: terminated, tookMs: 100 };
    expect(effects).toContainEqual({ do: "tell", notice });
  });

  it.each<[name: string, events: InstanceEvent[], graceMs: number]>([
    ["a stop", [wantDown], 10_000],
    ["stragglers", [exited], stragglerGraceMs],
    ["stragglers that are not wanted any more", [exited, wantDown], stragglerGraceMs],
    ["stragglers, when a restart came in between", [exited, restart], stragglerGraceMs],
  ])("says which time is over: of %s", (_, events, graceMs) => {
    let instance = instanceIn("up", {});
    for (const event of events) [instance] = step(instance, event);
    const moment = { nowMs: nowMs + graceMs, jitter: 0.5 };
    const [, effects] = transition(policy, instance, timer, moment);
    const notice = { kind: "overdue", graceMs, askedBy: "SIGTERM" };
    expect(effects).toContainEqual({ do: "tell", notice });
  });

  it.each<[name: string, event: InstanceEvent, askedBy: string]>([
    ["its stop command, when there is one", wantDown, "docker rm -f x"],
    ["a signal, when only stragglers are left", exited, "SIGQUIT"],
  ])("says that it was asked by %s", (_, event, askedBy) => {
    const stop: StopPolicy = {
      signal: "SIGQUIT",
      graceMs: 700,
      scope: "group",
      command: "docker rm -f x",
    };
    const own = { ...policy, stop };
    const [stopped, effects] = transition(own, instanceIn("up", {}), event, { nowMs, jitter: 0.5 });
    const graceMs = event === wantDown ? 700 : stragglerGraceMs;
    expect(effects).toContainEqual({ do: "arm", delayMs: graceMs });
    const [, late] = transition(own, stopped, timer, { nowMs: nowMs + graceMs, jitter: 0.5 });
    const notice = { kind: "overdue", graceMs, askedBy };
    expect(late).toContainEqual({ do: "tell", notice });
  });
});

describe("what a state says", () => {
  it.each<[name: keyof typeof states, running: boolean, final: ExitStatus | undefined]>([
    ["down", false, undefined],
    ["starting", true, undefined],
    ["up", true, undefined],
    ["stopping", true, undefined],
    ["crashed", false, undefined],
    ["waiting", false, undefined],
    ["replacing", true, undefined],
    ["exited", false, succeeded],
    ["parked", false, notFound],
  ])("%s", (name, running, final) => {
    const state: InstanceState = states[name];
    expect(isRunning(state)).toBe(running);
    expect(findFinalStatus(state)).toEqual(final);
    expect(hasFailed(state)).toBe(name === "parked");
  });
});

function step(instance: Instance, event: InstanceEvent): Step {
  return transition(policy, instance, event, { nowMs, jitter: 0.5 });
}

// -- Random histories ------------------------------------------------------------------------

/** A process as the world has it: what may still come of it depends on how far it is. */
interface Live {
  readonly run: number;
  /** It can fail to start, and is cancelled by a stop, only while it is being prepared. */
  phase: "preparing" | "cancelled" | "running" | "ending";
}

/** Carries out effects as the runner does, and objects to those that make no sense. */
class World {
  instance = newInstance;
  nowMs = 0;
  live: Live | undefined;
  dueMs: number | undefined;
  /** Whose port somebody looks at. It may be free when that does not matter any more. */
  awaitedRun: number | undefined;
  obstacles: readonly Obstacle[] | undefined;
  /** A person has asked for a start since the last one. */
  private isAsked = false;
  private lastSpawnMs = Number.NEGATIVE_INFINITY;
  private lastGoneMs = Number.NEGATIVE_INFINITY;
  private readonly policy: InstancePolicy;

  constructor(policy: InstancePolicy) {
    this.policy = policy;
  }

  send(event: InstanceEvent, chance: number): void {
    if (this.isPersonal(event)) this.isAsked = true;
    if (event.what === "gone" && event.run === this.instance.run) this.lastGoneMs = this.nowMs;
    const [next, effects] = transition(this.policy, this.instance, event, {
      nowMs: this.nowMs,
      jitter: (chance % 100) / 100,
      obstacles: this.obstacles,
    });
    this.instance = next;
    for (const effect of effects) this.carryOut(effect);
    this.check();
  }

  /** Somebody who stops or kills it himself, and wants it up, does not wait. */
  private isPersonal(event: InstanceEvent): boolean {
    if (event.what === "want") return event.want === "up" && this.instance.want === "down";
    if (event.what === "changed") return this.instance.want === "up";
    if (event.what === "outgrown") return isStable(this.instance.state, this.nowMs);
    return event.what === "restart" || event.what === "kill";
  }

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case "spawn":
        this.spawn(effect.run);
        return;
      case "drain":
        demand(this.live !== undefined, "drain without a process");
        return;
      case "stop":
      case "kill":
        demand(this.live !== undefined, `${effect.do} without a process`);
        if (this.live?.phase === "preparing") this.live.phase = "cancelled";
        return;
      case "arm":
        demand(effect.delayMs >= 0 && effect.delayMs <= 30_000, `a timer of ${effect.delayMs} ms`);
        this.dueMs = this.nowMs + effect.delayMs;
        return;
      case "disarm":
        this.dueMs = undefined;
        return;
      case "await-port":
        this.awaitedRun = this.instance.run;
        return;
      case "tell":
        return;
    }
  }

  private spawn(spawned: number): void {
    demand(this.live === undefined, "two live runs");
    demand(this.instance.want === "up", "a spawn while wanted down");
    demand(this.obstacles === undefined, "a spawn before what it waits for");
    demand(spawned === this.instance.run, "a spawn of another run");
    if (!this.isAsked) {
      demand(this.nowMs - this.lastSpawnMs >= 1_000, "two starts within a second");
      demand(this.nowMs - this.lastGoneMs >= 250, "a restart without backoff");
      demand(this.policy.restart.policy !== "never", "a restart that is not allowed");
    }
    this.isAsked = false;
    this.lastSpawnMs = this.nowMs;
    this.live = { run: spawned, phase: "preparing" };
  }

  private check(): void {
    const { is } = this.instance.state;
    const isAlive = this.live?.phase === "running" || this.live?.phase === "ending";
    demand(is !== "up" || isAlive, "up without a process");
    const isTimed = this.policy.readiness.is !== "told" && isAlive;
    const hasTimer = is === "starting" ? isTimed : is === "stopping" || is === "crashed";
    demand(is !== "waiting" || this.obstacles !== undefined, "it waits for nothing");
    demand(hasTimer === (this.dueMs !== undefined), `a timer in ${is}: ${this.dueMs}`);
    demand(isRunning(this.instance.state) === (this.live !== undefined), `a process in ${is}`);
    demand(this.instance.failures >= 0, "fewer than no failures");
  }
}

function demand(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Error(otherwise);
}

interface Turn {
  readonly move: Move;
  /** Stands for whatever a move leaves open. */
  readonly chance: number;
}

/** A move that cannot be made now does nothing. */
const plays = {
  "want up": (world, chance) => world.send(wantUp, chance),
  "want down": (world, chance) => world.send(wantDown, chance),
  restart: (world, chance) => world.send(restart, chance),
  changed: (world, chance) => world.send(changed, chance),
  kill: (world, chance) => world.send(kill, chance),
  start(world, chance) {
    const { live } = world;
    if (live?.phase !== "preparing") return;
    live.phase = "running";
    world.send({ what: "started", run: live.run }, chance);
  },
  fail(world, chance) {
    const { live } = world;
    if (live?.phase !== "preparing" && live?.phase !== "cancelled") return;
    const status = live.phase === "preparing" && chance % 10 === 0 ? noFolder : noFiles;
    world.live = undefined;
    world.send({ what: "gone", run: live.run, status }, chance);
  },
  exit(world, chance) {
    const { live } = world;
    if (live?.phase !== "running") return;
    live.phase = "ending";
    world.send({ what: "exited", run: live.run }, chance);
  },
  gone(world, chance) {
    const { live } = world;
    if (live?.phase !== "ending") return;
    const status = endings[chance % endings.length] ?? failed;
    const port = [undefined, held, inTimeWait][Math.floor(chance / endings.length) % 3];
    world.live = undefined;
    world.send({ what: "gone", run: live.run, status, port }, chance);
  },
  "free the port"(world, chance) {
    if (world.awaitedRun === undefined) return;
    world.send({ what: "port-free", run: world.awaitedRun }, chance);
    world.awaitedRun = undefined;
  },
  "find it unhealthy"(world, chance) {
    const { live } = world;
    if (live?.phase === "running") {
      world.send({ what: "unhealthy", run: live.run, reason: "late" }, chance);
    }
  },
  "find it outgrown"(world, chance) {
    const { live } = world;
    if (live?.phase === "running") world.send({ what: "outgrown", run: live.run, use }, chance);
  },
  "put something before it"(world, chance) {
    world.obstacles = chance % 2 === 0 ? obstacles : failedObstacles;
    world.send(recheck, chance);
  },
  "take that away"(world, chance) {
    world.obstacles = undefined;
    world.send(recheck, chance);
  },
  ready(world, chance) {
    const { live } = world;
    if (live?.phase === "running") world.send({ what: "ready", run: live.run }, chance);
  },
  stale(world, chance) {
    const staleRun = chance % 2 === 0 ? world.instance.run - 1 : world.instance.run + 1;
    const before = world.instance;
    for (const event of [
      { what: "started", run: staleRun },
      { what: "ready", run: staleRun },
      { what: "unhealthy", run: staleRun, reason: "late" },
      { what: "outgrown", run: staleRun, use },
      { what: "exited", run: staleRun },
      { what: "gone", run: staleRun, status: failed },
      { what: "port-free", run: staleRun },
    ] as const) {
      world.send(event, chance);
      demand(world.instance === before, `a stale ${event.what} did something`);
    }
  },
  due(world, chance) {
    if (world.dueMs === undefined) return;
    world.nowMs = Math.max(world.nowMs, world.dueMs);
    world.dueMs = undefined;
    world.send(timer, chance);
  },
  wait(world, chance) {
    world.nowMs = Math.min(world.nowMs + (chance % 50_000), world.dueMs ?? Number.MAX_VALUE);
  },
} satisfies { readonly [move: string]: (world: World, chance: number) => void };

type Move = keyof typeof plays;
const moves = Object.keys(plays) as readonly Move[];
const endings = [succeeded, failed, failed, failed, terminated, notFound];

/** What comes by itself: exits and timers. */
function settle(world: World): void {
  for (let turn = 0; turn < 10 && world.instance.state.is !== "down"; turn += 1) {
    for (const move of ["due", "fail", "start", "exit", "gone"] as const) {
      plays[move](world, 0);
    }
  }
}

describe("any history of events", () => {
  const policies = fc.constantFrom(policy, probed, once, told, always);
  const turns = fc.array(
    fc.nat(2 ** 20).map(
      (number): Turn => ({
        move: moves[number % moves.length] ?? "wait",
        chance: Math.floor(number / moves.length),
      }),
    ),
    { maxLength: 40, size: "max" },
  );

  // What it never does is in `World`.
  it("does nothing that makes no sense, and comes down when it is wanted down", () => {
    fc.assert(
      fc.property(policies, turns, (chosen, history) => {
        const world = new World(chosen);
        for (const { move, chance } of history) plays[move](world, chance);
        world.send(wantDown, 0.5);
        settle(world);
        demand(world.instance.state.is === "down", `it is ${world.instance.state.is}, not down`);
        demand(world.dueMs === undefined && world.live === undefined, "something is left");
      }),
      { numRuns: 20_000 },
    );
  }, 30_000);
});
