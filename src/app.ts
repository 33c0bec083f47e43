/** Builds a running app of real clocks, processes and streams; the only place that does. */
import { access } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { App } from "./config/load.ts";
import { createCommands } from "./control/commands.ts";
import type { ControlledApp } from "./control/controlled-app.ts";
import { resultOf } from "./core/diagnostic.ts";
import { type Environment, idVariable } from "./core/environment.ts";
import { herokuWording } from "./core/heroku-wording.ts";
import { describeNotice, type Notice } from "./core/notice.ts";
import { siteNameOf } from "./core/site-name.ts";
import { createBlockPool } from "./logs/block-pool.ts";
import { createFormat, type FormatOptions, ownName } from "./logs/format.ts";
import { describeMissing, type Missing } from "./logs/missing.ts";
import type { LogFile } from "./logs/segments.ts";
import { createSink, type SinkTools } from "./logs/sink.ts";
import { openWriter, type Writer } from "./logs/writer.ts";
import { startChild } from "./process/child.ts";
import { memoryKills } from "./process/memory-kills.ts";
import type { PipeMaker } from "./process/pipe.ts";
import { isPortFree } from "./process/ports.ts";
import { createProber } from "./process/prober.ts";
import { markedNow, processTable } from "./process/process-table.ts";
import type { RollKeeper } from "./process/roll-keeper.ts";
import { settledWithin } from "./process/settled-within.ts";
import { signalProcess } from "./process/signal.ts";
import { createSweeper } from "./process/sweep.ts";
import { systemClock as clock } from "./process/system-clock.ts";
import type { Router } from "./router/own-router.ts";
import type { RouterConfig } from "./router/router-message.ts";
import { createRouting, noRouting } from "./router/routing.ts";
import { createSchedules } from "./schedule/schedules.ts";
import { createAutoscaler } from "./supervisor/autoscaler.ts";
import { createEnvironments } from "./supervisor/environments.ts";
import {
  createOutputHub,
  formatOwn,
  type Outlet,
  type OutputHub,
} from "./supervisor/output-hub.ts";
import type { StateChange } from "./supervisor/status.ts";
import { createSupervisor } from "./supervisor/supervisor.ts";
import { createSourceWatch } from "./watch/source-watch.ts";
import { createWatching } from "./watch/watching.ts";

export interface RunningApp {
  start(): void;
  /** Begins to look for changed files, where a process type is to be restarted for them. */
  watch(): void;
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
  /** For whoever asks from outside. */
  readonly commands: ControlledApp;
  /**
   * Nothing of the app is alive, and all it printed is written or cannot be. The exit code, which
   * is 0 when somebody asked for the end by a command.
   */
  readonly ended: Promise<number>;
}

export interface AppOptions {
  readonly app: App;
  readonly pid: number;
  /** The value of `PROCMAN_ID`. */
  readonly id: string;
  readonly roll: RollKeeper;
  readonly pipes: PipeMaker;
  /** Whoever looks on; nobody, when procman runs in the background. */
  readonly terminal: Terminal | undefined;
  /** Where the log is kept. */
  readonly logFolder: string;
  /** None where nobody wants one. */
  readonly router: ChosenRouter | undefined;
}

export type ChosenRouter =
  | { readonly is: "own"; readonly config: RouterConfig }
  /** `path` is that of its socket. */
  | { readonly is: "shared"; readonly path: string };

export interface Terminal {
  readonly kind: FormatOptions["terminal"];
  /** The descriptors that lines, and what can no longer be said there, are written to. */
  readonly outputFd: number;
  readonly errorFd: number;
  /** The reader of the lines has gone away. */
  readonly onClosed: () => void;
}

/** A reader who takes nothing for this long is not waited for when all else is done. */
const stalledMs = 2_000;

export function createApp(options: AppOptions): RunningApp {
  const { app, pid, id, roll, pipes, terminal } = options;
  const { settings } = app;
  const startedMs = Date.now();
  const { root } = app;
  const launch = newSignal();
  const logFile = openWhen(launch.given, async () => {
    const { openSegments } = await import("./logs/segments.ts");
    return openSegments(options.logFolder, { clock, ...app.logSize, onTrouble: sayLeftOut });
  });
  const tools = { clock, pool: createBlockPool() };
  const logged = logOutlet(app, logFile, tools, () => sayLeftOut(slowDisk.reason));
  const outlets = [...(terminal ? [terminalOutlet(app, terminal, tools)] : []), logged];
  const hub: OutputHub = createOutputHub({ outlets, clock, timeMs: Date.now });
  const changes = createListeners<StateChange>();
  const sweeper = createSweeper(processTable);
  const children = { pipes, sweeper, table: processTable, memoryKills, roll };
  const environments = createEnvironments({
    app: app.name,
    id,
    layers: app.layers,
    readLayers: app.readLayers,
    readTypeFiles: app.readTypeFiles,
    isDyno: app.isDyno,
    ports: () => supervisor.ports(),
    onStale: (name, problem) => tell(name, { kind: "stale-environment", problem }),
  });
  /** What those were started with that are asked how they do. */
  const probed = new Map<string, Environment>();
  const environmentOf = (instance: string) => probed.get(instance) ?? new Map();
  const prober = createProber({ root, environmentOf });
  const watch = newSignal();
  const watching = createWatching(watch.given, {
    root,
    clock,
    onChange: (type, change) => supervisor.changed(type, change),
    say: (text) => hub.say(text),
  });
  const schedules = createSchedules({
    clock,
    timeMs: Date.now,
    onDue: (type) => supervisor.due(type),
    say(text) {
      hub.say(text);
      // It may be the only life for hours.
      launch.give();
    },
  });
  const autoscaler = createAutoscaler({
    clock,
    async readMetric(type, command, givenUp) {
      try {
        const { cwd = root, shell } = type.launch ?? {};
        const environment = await environments.ofCommand(type);
        const { readMetric } = await import("./process/metric.ts");
        return await readMetric({ command, shell, cwd, environment }, givenUp);
      } catch (error) {
        // As when no descriptor is left to load it.
        return { is: "failed", reason: String(error) };
      }
    },
    scaleOf: (type) => supervisor.scaleOf(type),
    scale: (type, quantity, reason) => supervisor.autoscale(type, quantity, reason),
    say: (text) => hub.say(text),
  });
  const follow = (types: App["types"]) => {
    watching.follow(types);
    schedules.follow(types);
    autoscaler.follow(types);
  };
  const sampler = createOnce(async () => (await import("./process/sampler.ts")).createSampler());
  const sources = createSourceWatch(watch.given, {
    clock,
    async plan() {
      const plan = await commands.reload(true, apiName);
      return plan.is === "refused"
        ? { ...plan, ok: false }
        : resultOf(plan.is === "done" ? plan.value : [], []);
    },
    say: (text) => hub.say(text),
  });
  const routing = options.router
    ? createRouting(launch.given, {
        open: openRouterOf(options.router),
        say: (text) => hub.say(text),
        table: () => supervisor.routes(),
      })
    : noRouting;
  function openRouterOf(chosen: ChosenRouter): () => Promise<Router> {
    const common = { clock, openLog: hub.openRouter, say: (text: string) => hub.say(text) };
    switch (chosen.is) {
      case "own":
        return async () => {
          const { openRouter } = await import("./router/own-router.ts");
          return openRouter({ ...common, config: chosen.config, env: { [idVariable]: id } });
        };
      case "shared":
        return async () => {
          const { openSharedRouter } = await import("./router/shared-router.ts");
          const { isSticky = false, timeoutMs = 0 } = app.router ?? {};
          const site = { site: siteNameOf(app.name), isSticky, timeoutMs };
          return openSharedRouter({ ...common, path: chosen.path, site });
        };
    }
  }

  let runs = 0;
  let isShutDown = false;

  function tell(name: string, notice: Notice): void {
    hub.tell(name, notice);
    // With its first life something has come of the start, or nothing will.
    if (notice.kind !== "state") launch.give();
    if (notice.kind !== "state") return;
    if (notice.to === "down") probed.delete(name);
    changes.call({ ...notice, name, timeMs: Date.now() });
  }

  function sayLeftOut(reason: string): void {
    hub.sayOf(logged, `the log on disk has to leave lines out: ${reason}`);
  }

  function announce(text: string): void {
    hub.say(text, apiName);
  }

  const end = newSignal<number>();
  const supervisor = createSupervisor({
    start: app,
    ends: settings,
    graceMs: settings.graceMs,
    drainMs: app.router?.drainMs,
    onTypes: follow,
    onEnded: end.give,
    tools: {
      clock,
      timeMs: Date.now,
      random: Math.random,
      launch(spec, listener, first) {
        runs += 1;
        const run = `${id}.${runs}`;
        const {
          command,
          launch: { cwd = root, shell } = {},
          isolation = settings.isolation,
        } = spec;
        const environment = async (givenUp: AbortSignal) => {
          if (first) await first(givenUp);
          const variables = await environments.of(spec, run, givenUp);
          if (spec.ready || spec.live) probed.set(spec.name, variables);
          return variables;
        };
        const request = { command, shell, cwd, environment, run, isolation };
        return startChild(request, listener, children);
      },
      prober,
      ports: {
        findTrouble: async (port) => (await portTrouble())?.findPortTrouble(port),
        isFree: isPortFree,
        async untilFree(port, instance, givenUp) {
          const { graceMs } = settings;
          const onCleared = (processes: readonly string[]) =>
            tell(instance, { kind: "port-cleared", port, processes });
          const trouble = await portTrouble();
          return (await trouble?.awaitPort({ port, root, graceMs, onCleared }, givenUp)) ?? false;
        },
      },
      openOutput: hub.open,
      drain: routing.drain,
      onChange: routing.recheck,
      onUnreplaced: environments.revert,
      onRanWell: environments.ranWell,
      nextRunMs: schedules.nextMs,
      tell,
      announce,
      // Without descriptors nothing can be measured, or even loaded: the next time, then.
      sampleMemory: async (leaders) => {
        try {
          return await (await sampler()).sampleMemory(leaders);
        } catch {
          return new Map();
        }
      },
    },
  });
  follow(app.types);
  let hasEnded = false;

  async function finish(exitCode: number): Promise<number> {
    follow([]);
    sources.close();
    await routing.close();
    // What a run forked in its last moment, after it had been swept.
    const { ended, left } = await sweeper.sweep({ mark: `${idVariable}=${id}` }, () => true);
    if (ended.length > 0) hub.say(`ended what was left behind: ${ended.join(", ")}`);
    if (left.length > 0) hub.say(`could not end ${left.join(", ")}; stop it yourself`);
    hasEnded = true;
    launch.give();
    await Promise.all(outlets.map(({ sink }) => sink.flush(stalledMs)));
    const untold = outlets.flatMap((outlet) => outlet.untold() ?? []);
    const closed = logFile.close().then((line) => line && untold.push(line));
    // A disk that does not answer at all is not waited for.
    await settledWithin(closed, stalledMs);
    if (terminal) await sayLast(untold, terminal.errorFd, tools);
    return isShutDown ? 0 : exitCode;
  }

  const commands = createCommands({
    app: { name: app.name, root, id, pid, startedMs },
    supervisor,
    refreshEnvironment: environments.refresh,
    async readTypes() {
      const fresh = await app.readTypes();
      if (fresh.ok) sources.follow(fresh.value.paths);
      return fresh;
    },
    changedKeys: environments.changedKeys,
    changeSinceRanWell: environments.changeSinceRanWell,
    usage: async (leaders) => (await sampler()).measureUsage(leaders),
    shutDown(by) {
      isShutDown = true;
      announce(`Stopping all, asked by ${by}`);
      return supervisor.stopAll();
    },
    onStateChange: changes.add,
  });
  sources.follow(app.paths);

  return {
    start() {
      // Node aborts when it cannot make its threads, which it does on their first use. That must not
      // come when processes may have used up the limit that they share with threads: one is enough
      // for that, and nobody would end it.
      access("/", () => {});
      environments.whileFresh(supervisor.start);
    },
    watch: watch.give,
    stop: () => void supervisor.stopAll(),
    kill: supervisor.kill,
    killAtOnce() {
      if (hasEnded) return;
      supervisor.kill();
      for (const marked of markedNow(`${idVariable}=${id}`)) signalProcess(marked, "SIGKILL");
    },
    running: supervisor.running,
    say: (text) => hub.say(text),
    commands,
    ended: end.given.then(finish),
  };
}

/** As Heroku has it for what somebody asked for. */
const apiName = "api";

/** It only explains: without it, as when no descriptor is left to load it, things go on. */
function portTrouble() {
  return import("./process/port-trouble.ts").catch(() => undefined);
}

interface AppOutlet extends Outlet {
  /** What it has not said of lines that it had to leave out. */
  readonly untold: () => string | undefined;
}

/** Why a reader may miss lines, and where the last of them are. */
interface Loss {
  readonly reason: string;
  readonly end: string;
}

const nobodyReads: Loss = { reason: "nobody took this output in time", end: "at the end" };
const slowDisk: Loss = { reason: "the disk is too slow", end: "at the end of the log on disk" };

function terminalOutlet(
  app: App,
  { kind, outputFd, onClosed }: Terminal,
  tools: SinkTools,
): AppOutlet {
  const { settings, specs, quiet } = app;
  const hidden = new Set(quiet);
  const open = () => openWriter(outputFd);
  return outletOf(
    { open, onClosed, loss: nobodyReads, tools },
    {
      format: createFormat({
        logFormat: settings.logFormat,
        timestamps: settings.timestamps,
        prefix: settings.prefix,
        terminal: kind,
        names: specs.map(({ name }) => name),
        colours: app.colours,
      }),
      isShown: (name) => !hidden.has(name.slice(0, name.lastIndexOf("."))),
      wording: settings.logFormat === "text" ? wordingForPeople : herokuWording,
      showsRouter: false,
      onBehind() {},
    },
  );
}

function logOutlet(app: App, file: Writer, tools: SinkTools, onBehind: () => void): AppOutlet {
  const names = app.specs.map(({ name }) => name);
  return outletOf(
    { open: () => file, onClosed() {}, loss: slowDisk, tools },
    {
      format: createFormat({
        logFormat: "heroku",
        timestamps: "off",
        prefix: true,
        terminal: "none",
        names,
      }),
      isShown: () => app.settings.log === "all",
      wording: herokuWording,
      showsRouter: app.settings.log === "all",
      onBehind,
    },
  );
}

interface Reader {
  readonly open: () => Writer;
  readonly onClosed: () => void;
  readonly loss: Loss;
  readonly tools: SinkTools;
}

function outletOf(
  { open, onClosed, loss: { reason, end }, tools }: Reader,
  lines: Omit<Outlet, "sink">,
): AppOutlet {
  const describeGap = (dropped: Missing) => {
    const line = describeMissing(dropped, "here", reason);
    return formatOwn(lines.format, ownName, [line], Date.now());
  };
  const sink = createSink(open, { onClosed, describeGap }, tools);
  const untold = () => {
    const dropped = sink.takeDropped();
    return dropped.lines > 0 ? describeMissing(dropped, end, reason) : undefined;
  };
  return { ...lines, sink, untold };
}

function wordingForPeople(notice: Notice): readonly string[] {
  const line = describeNotice(notice);
  return line === undefined ? [] : [line];
}

/** What could not be said in its place is said where somebody may still read it. */
async function sayLast(lines: readonly string[], errorFd: number, tools: SinkTools): Promise<void> {
  if (lines.length === 0) return;
  const listener = { describeGap: () => "", onClosed() {} };
  const last = createSink(() => openWriter(errorFd), listener, tools);
  last.write(lines.map((line) => `procman: ${line}\n`).join(""));
  await Promise.race([last.flush(stalledMs), nextTurn()]);
}

/** Loaded and opened when it is time, so that whoever waits for the first process does not wait for it. */
function openWhen(time: Promise<void>, open: () => Promise<LogFile>): LogFile {
  let opened: Promise<LogFile> | undefined;
  const file = () => {
    opened ??= time.then(open);
    return opened;
  };
  return {
    write: async (bytes) => (await file()).write(bytes),
    close: async () => (await file()).close(),
  };
}

/** Made when it is needed first; again, when that failed. */
function createOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

interface Signal<T> {
  readonly given: Promise<T>;
  /** Only the first time counts. */
  give(value: T): void;
}

function newSignal<T = void>(): Signal<T> {
  let give: (value: T) => void = () => {};
  const given = new Promise<T>((resolve) => {
    give = resolve;
  });
  return { given, give: (value) => give(value) };
}

interface Listeners<T> {
  /** Gives a function that takes it away again. */
  add(listen: (value: T) => void): () => void;
  call(value: T): void;
}

function createListeners<T>(): Listeners<T> {
  const all = new Set<(value: T) => void>();
  return {
    add(listen) {
      all.add(listen);
      return () => all.delete(listen);
    },
    call(value) {
      for (const listen of all) listen(value);
    },
  };
}
