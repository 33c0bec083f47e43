/**
 * `procman start -D`: leaves a procman in the background, and returns when its app is ready. When
 * that cannot come nothing is left running, and the last lines of the log are shown.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readRunningRoot } from "../config/root.ts";
import { findClient } from "../control/client.ts";
import { findOwnFolder, logFolderOf } from "../control/own-folder.ts";
import { isWeb } from "../core/type-name.ts";
import { readHistory } from "../logs/read-history.ts";
import { settledWithin } from "../process/settled-within.ts";
import { daemonChildMark, type Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { rootRequest } from "./options.ts";
import { printLine } from "./print.ts";
import type { Dyno } from "./ps-table.ts";
import { complain } from "./report.ts";
import { explain, type RunningProcman } from "./running.ts";
import { explainSettled, waitUntil } from "./settle.ts";
import { exitCodeAfter, hearStopSignals, type StopSignals } from "./stop-signals.ts";

const readyTimeoutMs = 60_000;
const shownLines = 20;
/** Who has ended its app needs no more for its own end. */
const endMs = 5_000;

export async function startDaemon(options: Options): Promise<number> {
  const sinceMs = Date.now();
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
  const started = untilAsked(child).then((isReady) =>
    isReady ? watch({ options, sinceMs, child, ended, signals }) : ended,
  );
  return Promise.race([started, stopped]);
}

/** The same command line again, by a process that nothing here holds on to. */
function spawnDaemon(): ChildProcess {
  const [, script = "", ...words] = process.argv;
  const child = spawn(process.execPath, [script, daemonChildMark, ...words], {
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

interface Watch {
  readonly options: Options;
  /** When it was started. */
  readonly sinceMs: number;
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  readonly signals: StopSignals;
}

/** Until its app is ready, or has ended. */
async function watch({ options, sinceMs, child, ended, signals }: Watch): Promise<number> {
  const { root } = await readRunningRoot(rootRequest(options));
  const folder = findOwnFolder(root) ?? root;
  const client = findClient({ folder, name: "procman start" });
  if (client === undefined) {
    // It may be about to end. If not, nobody could ever ask it for anything.
    if (await settledWithin(ended, endMs)) return tellEnd(folder, sinceMs, await ended);
    child.kill("SIGTERM");
    await ended;
    complain(`the app is stopped, because nothing in ${folder} says how procman can be asked`);
    return exitCodes.failed;
  }
  const running = { client, root, folder };
  const what = { what: "ready", names: [], timeoutMs: readyTimeoutMs } as const;
  const settled = await waitUntil(running, what);
  // Whoever ends it knows why it did not become ready.
  if (signals.first() !== undefined) return ended;
  switch (settled.is) {
    case "done":
      return report(running, options);
    case "late":
    case "failed": {
      explainSettled(running, settled);
      await client.askAndWait("POST", "/procman/v1/shutdown");
      // By then all it has printed is on the disk.
      await ended;
      complain("the app is stopped, because it did not become ready; the last lines of its log:");
      await showLog(
        folder,
        sinceMs,
        settled.instances.map(({ name }) => name),
      );
      return exitCodes.failed;
    }
    case "unanswered":
      return settled.answer.is === "gone" || settled.answer.is === "not-running"
        ? tellEnd(folder, sinceMs, await ended)
        : explainSettled(running, settled);
  }
}

async function tellEnd(folder: string, sinceMs: number, exitCode: number): Promise<number> {
  complain(`the app has ended, with exit code ${exitCode}; the last lines of its log:`);
  await showLog(folder, sinceMs, []);
  return exitCode;
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
    const where = isWeb(type) && port !== null ? ` on http://localhost:${port}` : "";
    return `${name} is ${state}${own === null ? "" : ` with pid ${own}`}${where}`;
  });
  if (dynos.every(({ state }) => state === "exited")) {
    return [`${app} has ended: all it had to do is done`, ...rows].join("\n");
  }
  const how = "procman ps, procman logs -t, procman stop";
  return [`${app} runs in the background (pid ${pid}) in ${root}`, ...rows, `Next: ${how}`].join(
    "\n",
  );
}

/** Of these, or of all. */
async function showLog(folder: string, sinceMs: number, names: readonly string[]): Promise<void> {
  const query = { types: [], names, source: undefined, sinceMs, pattern: undefined };
  const { text } = await readHistory(logFolderOf(folder), query, shownLines);
  process.stderr.write(Buffer.from(text, "latin1"));
}
