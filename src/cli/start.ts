/** `procman start`: loads the app, runs it in this terminal, and ends with its exit code. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { createApp, type RunningApp } from "../app.ts";
import { type App, loadApp } from "../config/load.ts";
import { findOverridden } from "../core/environment.ts";
import { releaseType } from "../core/formation.ts";
import { formatDuration } from "../core/notice.ts";
import { createPipeMaker, type PipeMaker } from "../process/pipe.ts";
import type { Options } from "./call.ts";
import { choosePorts } from "./choose-ports.ts";
import { exitCodeFor, exitCodes } from "./exit-codes.ts";
import { loadRequest, stdoutKind, type TerminalKind } from "./options.ts";
import { complain, reportDiagnostics } from "./report.ts";
import { exitCodeAfter, hearStopSignals, type StopSignals } from "./stop-signals.ts";

/** Enough for most apps, and made while the app's files are read. */
const pipesAhead = 8;

export async function start(types: readonly string[], options: Options): Promise<number> {
  const signals = hearStopSignals();
  const pipes = createPipeMaker(pipesAhead);
  const prepared = await prepare(types, options);
  const early = signals.first();
  if (typeof prepared === "number" || early !== undefined) {
    await pipes.close();
    return typeof prepared === "number" ? prepared : exitCodeAfter(early ?? "SIGTERM");
  }
  return supervise({ ...prepared, pipes, signals });
}

interface Prepared {
  readonly app: App;
  readonly notes: readonly string[];
  readonly terminal: TerminalKind;
}

/** All that can fail before the first process is started: the exit code then. */
async function prepare(types: readonly string[], options: Options): Promise<Prepared | number> {
  const terminal = stdoutKind(options);
  const loaded = await loadApp(loadRequest(options, types, terminal === "colour"));
  reportDiagnostics(loaded.diagnostics);
  if (!loaded.ok) return exitCodeFor(loaded.diagnostics);
  const { specs, notes } = loaded.value;
  if (specs.length === 0) {
    complain("nothing to start: every process type is at 0; name one, as in: procman start web=1");
    return exitCodes.usage;
  }
  const chosen = await choosePorts(loaded.value);
  if ("problem" in chosen) {
    complain(chosen.problem);
    return exitCodes.failed;
  }
  return { app: chosen.app, notes: [...notes, ...chosen.notes], terminal };
}

interface Supervised extends Prepared {
  readonly pipes: PipeMaker;
  readonly signals: StopSignals;
}

async function supervise({ app, notes, terminal, pipes, signals }: Supervised): Promise<number> {
  let isOutputClosed = false;
  const running = createApp({
    app,
    pid: process.pid,
    pipes,
    terminal: {
      kind: terminal,
      outputFd: 1,
      errorFd: 2,
      onClosed() {
        // Whoever read this has gone, as in `| head`: that is no failure.
        isOutputClosed = true;
        running.stop();
      },
    },
    logFolder: join(app.root, ".procman", "log"),
  });
  process.on("exit", () => running.killAtOnce());
  for (const note of [...notes, ...describe(app)]) running.say(note);
  running.start();
  stopOn(signals, running, app.settings.graceMs);
  const exitCode = await running.ended;
  await pipes.close();
  const signal = signals.first();
  if (isOutputClosed || signal === "SIGHUP") letGoOfTerminal();
  if (signal !== undefined) return exitCodeAfter(signal);
  return isOutputClosed ? exitCodes.done : exitCode;
}

function describe(app: App): readonly string[] {
  const notes: string[] = [];
  const overridden = findOverridden(app.layers);
  if (overridden.length > 0) {
    notes.push(
      `${overridden.join(", ")} of .env: the shell's value wins (--env-override turns that around)`,
    );
  }
  if (app.types.some(({ name }) => name === releaseType)) {
    notes.push(`${releaseType} is not started; run it with: procman run ${releaseType}`);
  }
  const idle = [...app.formation].filter(([, count]) => count === 0).map(([name]) => name);
  if (idle.length > 0) notes.push(`not started: ${idle.join(", ")}`);
  return notes;
}

/** A key that bounces, or an npm in between that passes a signal on, is no second request. */
const secondAfterMs = 300;
const reminderMs = 2_000;

/** The first signal stops, the second kills; SIGQUIT kills at once. */
function stopOn(signals: StopSignals, running: RunningApp, graceMs: number): void {
  let firstMs: number | undefined;

  signals.handOn((signal) => {
    const isSecond = firstMs !== undefined && performance.now() - firstMs >= secondAfterMs;
    if (signal === "SIGQUIT" || isSecond) kill();
    else if (firstMs === undefined) stop();
  });

  function stop(): void {
    firstMs = performance.now();
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
