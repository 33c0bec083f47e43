/**
 * One instance: keeps its machine's state, carries out its effects, and feeds what happens back to
 * it. Decides nothing.
 */
import type { Clock } from "../core/clock.ts";
import {
  type Effect,
  type Instance,
  type InstanceEvent,
  type InstancePolicy,
  newInstance,
  transition,
} from "../core/instance.ts";
import type { Notice } from "../core/notice.ts";
import type { InstanceSpec } from "../core/plan.ts";
import type { LineSplitter } from "../logs/line-batches.ts";
import type { Child, ChildEnd, ChildListener } from "../process/child.ts";
import type { Pace } from "./output-hub.ts";

export interface Runner {
  readonly spec: InstanceSpec;
  instance(): Instance;
  send(event: InstanceEvent): void;
}

export interface RunnerTools {
  launch(spec: InstanceSpec, listener: ChildListener): Child;
  /** Resolves with true when the instance is ready; undefined when there is nothing to ask. */
  readonly probe: ((spec: InstanceSpec, givenUp: AbortSignal) => Promise<boolean>) | undefined;
  openOutput(name: string, pace: Pace): LineSplitter;
  tell(name: string, notice: Notice): void;
  /** After every event. */
  onChange(runner: Runner): void;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

export function createRunner(
  spec: InstanceSpec,
  policy: InstancePolicy,
  stopSignal: NodeJS.Signals,
  tools: RunnerTools,
): Runner {
  let instance = newInstance;
  let child: Child | undefined;
  let cancelTimer: (() => void) | undefined;
  let probing: AbortController | undefined;

  function send(event: InstanceEvent): void {
    const moment = { nowMs: tools.clock.nowMs(), jitter: tools.random() };
    const [next, effects] = transition(policy, instance, event, moment);
    instance = next;
    if (instance.state.is !== "starting") {
      probing?.abort();
      probing = undefined;
    }
    for (const effect of effects) carryOut(effect);
    tools.onChange(runner);
  }

  function carryOut(effect: Effect): void {
    switch (effect.do) {
      case "spawn": {
        const launched: Child = tools.launch(
          spec,
          listen(effect.run, { hold: () => launched.pause(), flow: () => launched.resume() }),
        );
        child = launched;
        return;
      }
      case "stop":
        child?.stop(stopSignal);
        return;
      case "kill":
        child?.kill();
        return;
      case "arm":
        cancelTimer?.();
        cancelTimer = tools.clock.after(effect.delayMs, () => send({ what: "timer" }));
        return;
      case "disarm":
        cancelTimer?.();
        return;
      case "tell":
        tools.tell(spec.name, effect.notice);
        return;
    }
  }

  function listen(run: number, pace: Pace): ChildListener {
    const lines = tools.openOutput(spec.name, pace);
    return {
      onPoorPipe: (reason) => tools.tell(spec.name, { kind: "poor-pipe", reason }),
      onStarted(pid) {
        tools.tell(spec.name, { kind: "started", pid, port: spec.port, command: spec.command });
        void probe(run);
      },
      onOutput: lines.push,
      onExited: () => send({ what: "exited", run }),
      onGone(end) {
        lines.end();
        for (const notice of noticesOf(end)) tools.tell(spec.name, notice);
        send({ what: "gone", run, status: end.status });
      },
    };
  }

  async function probe(run: number): Promise<void> {
    if (!tools.probe || instance.state.is !== "starting") return;
    probing = new AbortController();
    if (await tools.probe(spec, probing.signal)) send({ what: "ready", run });
  }

  const runner: Runner = {
    spec,
    instance: () => instance,
    send,
  };
  return runner;
}

function noticesOf(end: ChildEnd): readonly Notice[] {
  const notices: Notice[] = [];
  if (end.swept.length > 0) notices.push({ kind: "swept", processes: end.swept });
  if (end.spared.length > 0) notices.push({ kind: "spared", processes: end.spared });
  if (end.unstoppable.length > 0) notices.push({ kind: "unstoppable", processes: end.unstoppable });
  if (end.isOutputHeld) notices.push({ kind: "output-held" });
  return notices;
}
