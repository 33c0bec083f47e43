/** Builds a running app of real clocks, processes and streams; the only place that does. */
import { access } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { App } from "./config/load.ts";
import type { Clock } from "./core/clock.ts";
import { formatDiagnostic, isError } from "./core/diagnostic.ts";
import {
  appVariables,
  type Environment,
  idVariable,
  instanceVariables,
  mergeLayers,
  outerMarks,
} from "./core/environment.ts";
import { firstPorts, type InstanceSpec } from "./core/plan.ts";
import { createFormat, type FormatOptions } from "./logs/format.ts";
import { createSink } from "./logs/sink.ts";
import { openWriter } from "./logs/writer.ts";
import { startChild } from "./process/child.ts";
import { memoryKills } from "./process/memory-kills.ts";
import type { PipeMaker } from "./process/pipe.ts";
import { markedNow, processTable } from "./process/process-table.ts";
import { portAnswers } from "./process/readiness.ts";
import { signalProcess } from "./process/signal.ts";
import { createSweeper } from "./process/sweep.ts";
import { createOutputHub, describeDropped } from "./supervisor/output-hub.ts";
import { createSupervisor } from "./supervisor/supervisor.ts";

export interface RunningApp {
  start(): void;
  /** Asks all to stop. Those that are still waited for are told by `running`. */
  stop(): void;
  kill(): void;
  /**
   * For the moment in which procman itself is leaving and nothing asynchronous can happen any
   * more. Without effect when the app has ended.
   */
  killAtOnce(): void;
  running(): readonly string[];
  /** A line of procman's own. */
  say(text: string): void;
  /** Nothing of the app is alive, and all it printed is written or cannot be. The exit code. */
  readonly ended: Promise<number>;
}

export interface AppOptions {
  readonly app: App;
  /** The process id of procman, for the mark of its own. */
  readonly pid: number;
  readonly terminal: FormatOptions["terminal"];
  readonly pipes: PipeMaker;
  /** The descriptors that lines, and what can no longer be said there, are written to. */
  readonly outputFd: number;
  readonly errorFd: number;
  /** The reader of the lines has gone away. */
  readonly onOutputClosed: () => void;
}

/** A reader who takes nothing for this long is not waited for when all else is done. */
const stalledMs = 2_000;

const clock: Clock = {
  // The same as performance.now(), which takes a millisecond to load when it is first asked.
  nowMs: () => Number(process.hrtime.bigint()) / 1e6,
  after(delayMs, onDue) {
    const timer = setTimeout(onDue, delayMs);
    return () => clearTimeout(timer);
  },
};

export function createApp(options: AppOptions): RunningApp {
  const { app, pid } = options;
  const { settings, specs } = app;
  const id = `${pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  const sink = createSink(() => openWriter(options.outputFd), {
    onGapOver: () => hub.onGapOver(),
    onClosed: options.onOutputClosed,
  });
  const hub = createOutputHub({
    sink,
    clock,
    timeMs: Date.now,
    format: createFormat({
      logFormat: settings.logFormat,
      timestamps: settings.timestamps,
      prefix: settings.prefix,
      terminal: options.terminal,
      names: specs.map(({ name }) => name),
    }),
    isShown: isShown(app),
  });
  const sweeper = createSweeper(processTable);
  const children = { pipes: options.pipes, sweeper, table: processTable, memoryKills };
  const appEnvironment = appVariables(app.name, firstPorts(app.types, app.basePort));
  let { layers } = app;
  /** The files have been read a moment ago, once for all that are started now. */
  let areLayersFresh = false;
  let runs = 0;

  async function environmentOf(spec: InstanceSpec, run: string): Promise<Environment> {
    if (!areLayersFresh) await refreshLayers(spec.name);
    const own = instanceVariables(spec, { id, run });
    const outer = outerMarks(layers.shell);
    return new Map([...mergeLayers(layers), ...appEnvironment, ...outer, ...own]);
  }

  async function refreshLayers(name: string): Promise<void> {
    const read = await app.readLayers();
    if (read.ok) {
      layers = read.value;
    } else {
      const problem = read.diagnostics.filter(isError).map(formatDiagnostic).join(", ");
      hub.tell(name, { kind: "stale-environment", problem });
    }
  }

  let onEnded: (exitCode: number) => void = () => {};
  const supervised = new Promise<number>((resolve) => {
    onEnded = resolve;
  });
  const supervisor = createSupervisor({
    specs,
    restart: settings.restart,
    graceMs: settings.graceMs,
    onEnded,
    tools: {
      clock,
      random: Math.random,
      launch(spec, listener) {
        runs += 1;
        const run = `${id}.${runs}`;
        const { command } = spec;
        const environment = () => environmentOf(spec, run);
        return startChild({ command, cwd: app.root, environment, run }, listener, children);
      },
      probe: ({ port }, givenUp) => portAnswers(port, givenUp),
      openOutput: hub.open,
      tell: hub.tell,
    },
  });
  let hasEnded = false;

  async function finish(exitCode: number): Promise<number> {
    // What a run forked in its last moment, after it had been swept.
    const { ended, left } = await sweeper.sweep(`${idVariable}=${id}`, () => true);
    if (ended.length > 0) hub.say(`ended what was left behind: ${ended.join(", ")}`);
    if (left.length > 0) hub.say(`could not end ${left.join(", ")}; stop it yourself`);
    hasEnded = true;
    await sink.flush(stalledMs);
    const { lines, bytes } = sink.takeDropped();
    if (lines > 0) {
      const last = createSink(() => openWriter(options.errorFd), {
        onGapOver() {},
        onClosed() {},
      });
      last.write(`procman: ${describeDropped(lines, bytes)}\n`);
      await Promise.race([last.flush(stalledMs), nextTurn()]);
    }
    return exitCode;
  }

  return {
    start() {
      // Node aborts when it cannot make its threads. It does so on their first use, which must not
      // come when processes may have used up the limit that they share with threads.
      access("/", () => {});
      areLayersFresh = true;
      supervisor.start();
      areLayersFresh = false;
    },
    stop: supervisor.stop,
    kill: supervisor.kill,
    killAtOnce() {
      if (hasEnded) return;
      supervisor.kill();
      for (const marked of markedNow(`${idVariable}=${id}`)) signalProcess(marked, "SIGKILL");
    },
    running: supervisor.running,
    say: hub.say,
    ended: supervised.then(finish),
  };
}

function isShown({ quiet, specs }: App): (name: string) => boolean {
  const hidden = new Set(specs.filter(({ type }) => quiet.includes(type)).map(({ name }) => name));
  return (name) => !hidden.has(name);
}
