/** `procman start`: loads the app, runs it in this terminal, and ends with its exit code. */
import { constants } from "node:os";
import process from "node:process";
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

/** Enough for most apps, and made while the app's files are read. */
const pipesAhead = 8;

export async function start(types: readonly string[], options: Options): Promise<number> {
  const pipes = createPipeMaker(pipesAhead);
  const prepared = await prepare(types, options);
  return typeof prepared === "number" ? prepared : supervise({ ...prepared, pipes });
}

/** All that can fail before the first process is started: the exit code then. */
async function prepare(
  types: readonly string[],
  options: Options,
): Promise<Omit<Prepared, "pipes"> | number> {
  const terminal = stdoutKind(options);
  const loaded = await loadApp(loadRequest(options, types, terminal === "colour"));
  reportDiagnostics(loaded.diagnostics);
  if (!loaded.ok) return exitCodeFor(loaded.diagnostics);
  if (loaded.value.specs.length === 0) {
    complain("nothing to start: every process type is at 0; name one, as in: procman start web=1");
    return exitCodes.usage;
  }
  const chosen = await choosePorts(loaded.value);
  if ("problem" in chosen) {
    complain(chosen.problem);
    return exitCodes.failed;
  }
  return { app: chosen.app, notes: [...loaded.value.notes, ...chosen.notes], terminal };
}

interface Prepared {
  readonly app: App;
  readonly notes: readonly string[];
  readonly terminal: TerminalKind;
  readonly pipes: PipeMaker;
}

async function supervise({ app, notes, terminal, pipes }: Prepared): Promise<number> {
  let stopCode: number | undefined;
  const running = createApp({
    app,
    pid: process.pid,
    terminal,
    pipes,
    outputFd: 1,
    errorFd: 2,
    onOutputClosed() {
      // Whoever read this has gone, as in `| head`: that is no failure.
      stopCode ??= exitCodes.done;
      running.stop();
    },
  });
  const forget = onStopSignals(running, app.settings.graceMs, (code) => {
    stopCode ??= code;
  });
  process.on("exit", () => running.killAtOnce());
  for (const note of [...notes, ...describe(app)]) running.say(note);
  running.start();
  const exitCode = await running.ended;
  forget();
  return stopCode ?? exitCode;
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
function onStopSignals(
  running: RunningApp,
  graceMs: number,
  onFirst: (exitCode: number) => void,
): () => void {
  let firstMs: number | undefined;
  let reminder: NodeJS.Timeout | undefined;

  function onSignal(signal: NodeJS.Signals): void {
    onFirst(128 + constants.signals[signal]);
    const isSecond = firstMs !== undefined && performance.now() - firstMs >= secondAfterMs;
    if (signal === "SIGQUIT" || isSecond) kill();
    else if (firstMs === undefined) stop();
  }

  function kill(): void {
    running.say(`killing ${running.running().join(", ")}`);
    running.kill();
  }

  function stop(): void {
    firstMs = performance.now();
    const names = running.running();
    if (names.length > 0) running.say(`stopping ${names.join(", ")} (Ctrl-C again kills)`);
    running.stop();
    reminder = setTimeout(() => {
      const left = formatDuration(Math.max(0, graceMs - reminderMs));
      running.say(`still waiting for ${running.running().join(", ")}; killing in ${left}`);
    }, reminderMs);
  }

  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    clearTimeout(reminder);
  };
}
