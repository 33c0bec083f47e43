/** `procman start`: loads the app, runs it in this terminal, and ends with its exit code. */
import { closeSync, openSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ChosenRouter, createApp, type RunningApp } from "../app.ts";
import { type App, loadApp } from "../config/load.ts";
import { isApp, readRoot } from "../config/root.ts";
import { logFolderOf } from "../control/own-folder.ts";
import type { Result } from "../core/diagnostic.ts";
import { findOverridden } from "../core/environment.ts";
import { formatDuration } from "../core/notice.ts";
import type { RouterSettings } from "../core/router-settings.ts";
import { isRelease } from "../core/type-name.ts";
import { nowMs } from "../process/now-ms.ts";
import { type ApiAddress, readApiAddress } from "./api-address.ts";
import { daemonChildMark, type Options } from "./call.ts";
import { choosePorts } from "./choose-ports.ts";
import { closeInherited, tellReady } from "./daemon-child.ts";
import { exitCodeFor, exitCodes } from "./exit-codes.ts";
import { loadRequest, stdoutKind, type TerminalKind } from "./options.ts";
import { type Place, takePlace } from "./place.ts";
import { complain, reportDiagnostics } from "./report.ts";
import { exitCodeAfter, hearStopSignals, type StopSignals } from "./stop-signals.ts";

export async function start(types: readonly string[], options: Options): Promise<number> {
  const isInBackground = options.has(daemonChildMark);
  const api = readApiAddress(options);
  if (api === "invalid") {
    complain("--api takes an address of this machine, as in --api 127.0.0.1:5900");
    return exitCodes.usage;
  }
  if (options.has("daemon") && !isInBackground) {
    return (await import("./daemon.ts")).startDaemon(options);
  }
  if (isInBackground) closeInherited();
  const signals = hearStopSignals();
  const terminal = isInBackground ? undefined : stdoutKind(options);
  const request = loadRequest(options, types, terminal === "colour");
  const found = await readRoot(request);
  const path = request.shell.get("PATH");
  let taken: ReturnType<typeof takePlace> | undefined;
  const take = () => {
    taken ??= takePlace(found.root, path);
    return taken;
  };
  // While the app's files are read; but where there may be no app, not before that is known.
  if (isApp(found.root)) take();
  // Either may wait: for somebody who writes to a pipe, or for what an earlier procman has left.
  const loaded = await Promise.race([loadApp(request, found), signals.heard]);
  const prepared = loaded && (await Promise.race([prepare(loaded, take), signals.heard]));
  const signal = signals.first();
  if (typeof prepared !== "object" || signal !== undefined) {
    if (taken && "leave" in taken) await taken.leave();
    return typeof prepared === "number" ? prepared : exitCodeAfter(signal ?? "SIGTERM");
  }
  return supervise({ ...prepared, terminal, api, signals });
}

interface Prepared {
  readonly app: App;
  readonly router: ChosenRouter | undefined;
  readonly place: Place;
  readonly notes: readonly string[];
}

/** All that can fail before the first process is started: the exit code then. */
async function prepare(
  loaded: Result<App>,
  take: () => ReturnType<typeof takePlace>,
): Promise<Prepared | number> {
  reportDiagnostics(loaded.diagnostics);
  if (!loaded.ok) return exitCodeFor(loaded.diagnostics);
  const { settings, specs, notes } = loaded.value;
  if (specs.length === 0) {
    complain("nothing to start: every process type is at 0; name one, as in: procman start web=1");
    return exitCodes.usage;
  }
  const place = take();
  const claimed = "problem" in place ? place : await place.claimed;
  if ("problem" in place || "problem" in claimed) {
    complain("problem" in claimed ? claimed.problem : "");
    return exitCodes.failed;
  }
  const left = await place.enter(settings.graceMs);
  const chosen = await choosePorts(loaded.value);
  if ("problem" in chosen) {
    complain(chosen.problem);
    return exitCodes.failed;
  }
  const { router: wanted } = chosen.app;
  const router = wanted && (await findRouter(chosen.app, wanted, place.folder));
  if (router && "problem" in router) {
    complain(router.problem);
    return exitCodes.failed;
  }
  const lacking = settings.isolation === "cgroup" ? await findNoCgroup(place.id) : [];
  return {
    app: chosen.app,
    router,
    place,
    notes: [...notes, ...claimed.notes, ...left, ...chosen.notes, ...lacking],
  };
}

async function findRouter(app: App, wanted: RouterSettings, folder: string) {
  const { chooseRouter } = await import("./router-config.ts");
  return chooseRouter(app, wanted, folder);
}

/** Who has asked for one is told. */
async function findNoCgroup(id: string): Promise<readonly string[]> {
  const { makeCgroup } = await import("../process/cgroup.ts");
  const tried = makeCgroup(`${id}.0`);
  tried?.remove();
  return tried ? [] : ["no cgroup can be made here, so what hides from procman is not found"];
}

interface Supervised extends Prepared {
  /** None in the background. */
  readonly terminal: TerminalKind | undefined;
  readonly api: ApiAddress | undefined;
  readonly signals: StopSignals;
}

async function supervise(supervised: Supervised): Promise<number> {
  const { app, router, place, notes, terminal, signals } = supervised;
  const { folder, id, pipes, roll } = place;
  let isOutputClosed = false;
  const onClosed = () => {
    // Whoever read this has gone, as in `| head`: that is no failure.
    isOutputClosed = true;
    running.stop();
  };
  const running = createApp({
    app,
    pid: process.pid,
    id,
    pipes,
    roll,
    terminal: terminal && { kind: terminal, outputFd: 1, errorFd: 2, onClosed },
    logFolder: logFolderOf(folder),
    router,
  });
  process.on("exit", () => running.killAtOnce());
  for (const note of [...notes, ...describe(app)]) running.say(note);
  running.start();
  stopOn(signals, running, app.settings.graceMs);
  const control = serve(supervised, running);
  const exitCode = await running.ended;
  const isServed = await control;
  await place.leave();
  const signal = signals.first();
  if (isOutputClosed || signal === "SIGHUP") letGoOfTerminal();
  if (signal !== undefined) return exitCodeAfter(signal);
  if (!isServed) return exitCodes.failed;
  return isOutputClosed ? exitCodes.done : exitCode;
}

/** Opens the control API until the app has ended. False when it is no use to go on without. */
async function serve(supervised: Supervised, running: RunningApp): Promise<boolean> {
  const { api, terminal, place } = supervised;
  // What it takes to load it would be felt by who waits for the first process. And the guardian,
  // which is started a turn after that, comes before this.
  await running.commands.until("settled", [], new AbortController().signal);
  await nextTurn();
  const { openControl } = await import("./open-control.ts");
  try {
    const logFolder = logFolderOf(place.folder);
    const control = await openControl({
      running,
      place,
      logFolder,
      api,
      isPatient: terminal !== undefined,
    });
    if (terminal === undefined) tellReady(place.folder, running.say);
    running.watch();
    await running.ended;
    await control.close();
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (api === undefined && terminal !== undefined) {
      running.say(`scale, ps and the like do not work: ${reason}`);
      running.watch();
      return true;
    }
    complain(reason);
    running.stop();
    return false;
  }
}

function describe(app: App): readonly string[] {
  const notes: string[] = [];
  const overridden = findOverridden(app.layers);
  if (overridden.length > 0) {
    notes.push(
      `${overridden.join(", ")} of .env: the shell's value wins (--env-override turns that around)`,
    );
  }
  for (const { name } of app.types) {
    if (!isRelease(name) || app.formation.has(name)) continue;
    notes.push(`${name} is not started; run it with: procman run ${name}, or with start --release`);
  }
  notes.push(...describeUnwaited(app));
  if (process.pid === 1) {
    notes.push(
      "as process 1, procman cannot reap what ends without a parent; start the container with --init, or write: procman-init procman start",
    );
  }
  if (app.settings.log === "procman") notes.push("what the processes print is not kept on disk");
  const idle = [...app.formation].filter(([, count]) => count === 0).map(([name]) => name);
  if (idle.length > 0) notes.push(`not started: ${idle.join(", ")}`);
  return notes;
}

/** Who is not there is not waited for. */
function describeUnwaited({ types, formation }: App): readonly string[] {
  return types.flatMap(({ name, dependsOn = [] }) => {
    const missing = dependsOn.filter(({ type }) => formation.get(type) === 0);
    if (missing.length === 0 || formation.get(name) === 0) return [];
    const names = missing.map(({ type }) => type).join(", ");
    return [`${name} does not wait for ${names}, which is not started`];
  });
}

/** A key that bounces, or an npm in between that passes a signal on, is no second request. */
const secondAfterMs = 300;
const reminderMs = 2_000;

/** The first signal stops, the second kills; SIGQUIT kills at once. */
function stopOn(signals: StopSignals, running: RunningApp, graceMs: number): void {
  let firstMs: number | undefined;

  signals.handOn((signal) => {
    const isSecond = firstMs !== undefined && nowMs() - firstMs >= secondAfterMs;
    if (signal === "SIGQUIT" || isSecond) kill();
    else if (firstMs === undefined) stop();
  });

  function stop(): void {
    firstMs = nowMs();
    const names = running.running();
    if (names.length > 0) running.say(`stopping ${names.join(", ")} (Ctrl-C again kills)`);
    running.stop();
    if (graceMs > reminderMs) setTimeout(remind, reminderMs).unref();
  }

  function remind(): void {
    const names = running.running();
    if (names.length === 0) return;
    const left = formatDuration(graceMs - reminderMs);
    running.say(`still waiting for ${names.join(", ")}; killing in ${left}`);
  }

  function kill(): void {
    const names = running.running();
    if (names.length > 0) running.say(`killing ${names.join(", ")}`);
    running.kill();
  }
}

/**
 * Node puts a terminal back into the state it had, and aborts when it cannot because the terminal
 * is gone. It leaves alone what is no longer the file it was.
 */
function letGoOfTerminal(): void {
  for (const fd of [0, 1, 2]) {
    closeSync(fd);
    openSync("/dev/null", "r+");
  }
}
