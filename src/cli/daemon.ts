/**
 * `procman start -D`: leaves a procman in the background, and returns when its app is ready. When
 * that cannot come nothing is left running, and the last lines of the log are shown.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { logFolderOf } from "../control/own-folder.ts";
import { readHistory } from "../logs/read-history.ts";
import type { Options } from "./call.ts";
import { daemonChildOption } from "./daemon-child.ts";
import { exitCodes } from "./exit-codes.ts";
import { printLine } from "./print.ts";
import type { Dyno } from "./ps-table.ts";
import { complain } from "./report.ts";
import { explain, findRunning, type RunningProcman } from "./running.ts";
import { settle } from "./settle.ts";
import { exitCodeAfter, hearStopSignals } from "./stop-signals.ts";

const readyTimeoutMs = 60_000;
const shownLines = 20;

export async function startDaemon(options: Options): Promise<number> {
  const child = spawnDaemon();
  const ended = new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? exitCodes.failed));
    child.once("error", (error) => {
      complain(`could not start procman in the background: ${error.message}`);
      resolve(exitCodes.failed);
    });
  });
  const signals = hearStopSignals();
  const stopped = new Promise<number>((resolve) => {
    signals.handOn((signal) => {
      // It is in a session of its own, and does not hear the terminal.
      child.kill("SIGTERM");
      void ended.then(() => resolve(exitCodeAfter(signal)));
    });
  });
  const started = untilAsked(child).then((isReady) => (isReady ? watch(options, ended) : ended));
  return Promise.race([started, stopped]);
}

/** The same command line again, by a process that nothing here holds on to. */
function spawnDaemon(): ChildProcess {
  const [, script = "", ...words] = process.argv;
  const child = spawn(process.execPath, [script, ...words, `--${daemonChildOption}`], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  child.stderr?.pipe(process.stderr);
  return child;
}

/** Whether it can be asked now; or it has ended before, and has said why. */
function untilAsked(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.stdio[3]?.once("data", () => resolve(true)).once("close", () => resolve(false));
    child.once("error", () => resolve(false));
  });
}

/** Until its app is ready. */
async function watch(options: Options, ended: Promise<number>): Promise<number> {
  const running = await findRunning(options, "start");
  // It has ended meanwhile, and that has been said.
  if (typeof running === "number") return ended;
  const exitCode = await settle(running, { what: "ready", names: [], timeoutMs: readyTimeoutMs });
  if (exitCode === exitCodes.done) return report(running, options);
  await showLog(running.folder);
  await running.client.askAndWait("POST", "/procman/v1/shutdown");
  await ended;
  return exitCodes.failed;
}

async function report(running: RunningProcman, options: Options): Promise<number> {
  const { client, root } = running;
  const answer = await client.ask("GET", "/procman/v1/status");
  if (answer.is !== "answered") return explain(running, answer);
  const { app, dynos } = answer.body as { app: { name: string }; dynos: readonly Dyno[] };
  const text = options.has("json")
    ? JSON.stringify(answer.body, undefined, 2)
    : describe(app.name, client.pid, root, dynos);
  await printLine(text);
  return exitCodes.done;
}

function describe(app: string, pid: number, root: string, dynos: readonly Dyno[]): string {
  const rows = dynos.map(({ name, type, state, pid: own, port }) => {
    const where = type === "web" ? ` on http://localhost:${port}` : "";
    return `${name} is ${state}${own === null ? "" : ` with pid ${own}`}${where}`;
  });
  const how = "procman ps, procman logs -t, procman stop";
  return [`${app} runs in the background (pid ${pid}) in ${root}`, ...rows, `Next: ${how}`].join(
    "\n",
  );
}

async function showLog(folder: string): Promise<void> {
  const all = { types: [], names: [], source: undefined, sinceMs: undefined, pattern: undefined };
  const { text } = await readHistory(logFolderOf(folder), all, shownLines);
  complain("the app is stopped, because it did not become ready; the last lines of its log:");
  process.stderr.write(Buffer.from(text, "latin1"));
}
