// One contestant at work, in a folder of its own: starts it, hears from its processes, knows which
// processes are whose, and leaves nobody behind. They know each other by the folder's name, which is in
// the environment of all that the contestant starts, or in its command line.
import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { env, node } from "./environment.mjs";
import { findMarked, readStat } from "./processes.mjs";
import { openSink } from "./sinks.mjs";
import { script, ticksScript } from "./workload.mjs";

const patienceMs = 30_000;
/** What an event may take that was on its way when the manager ended. */
const lateMs = 1_000;
const running = new Set();

/**
 * Runs the processes by the contestant, and resolves with what `measure` makes of it. `sink` is where
 * its output goes, `restart` says that what ends is to be started again, and `setUp` puts into the
 * folder what the processes need.
 */
export async function inRun(contestant, options, measure) {
  const run = startRun(contestant, options);
  running.add(run);
  try {
    return await measure(run);
  } finally {
    await run.end();
    running.delete(run);
  }
}

/** For whoever interrupts the benchmark. */
export async function endAllRuns() {
  await Promise.all([...running].map((run) => run.end()));
}

function startRun(contestant, { processes, sink: sinkKind = "null", restart = false, setUp }) {
  const folder = mkdtempSync(join(tmpdir(), "procman-bench-"));
  writeFileSync(join(folder, "w"), script, { mode: 0o755 });
  writeFileSync(join(folder, "ticks.cjs"), ticksScript);
  symlinkSync(node, join(folder, "node"));
  spawnSync("mkfifo", [join(folder, "events"), join(folder, "go")]);
  setUp?.(folder);

  const heard = listen(join(folder, "events"));
  const launch = contestant.prepare({ folder, processes, restart });
  const sink = openSink(sinkKind);
  const errors = openSync(join(folder, "errors.log"), "w");
  const startMs = performance.now();
  const [command, ...args] = launch.argv;
  const itsEnv = { ...env, ...launch.env, PROCMAN_BENCH: folder };
  const child = spawn(command, args, {
    cwd: folder,
    env: itsEnv,
    stdio: ["ignore", sink.fd, errors],
    // In a group of its own, so that all of it can be signalled, and a Ctrl-C here does not reach it.
    detached: true,
  });
  closeSync(sink.fd);
  closeSync(errors);
  let exit;
  const exited = new Promise((resolve) => {
    const onExit = (code, signal) => {
      exit = { ms: performance.now(), code, signal };
      setTimeout(heard.giveUp, lateMs).unref();
      resolve(exit);
    };
    child.once("error", onExit).once("exit", onExit);
  });

  function find() {
    const all = findMarked(folder);
    const work = all.filter((one) => one.environment.includes("BENCH_ROLE=work\0"));
    const parents = new Set(work.map((one) => one.parent));
    const others = all.filter((one) => !work.includes(one) && !launch.ignores?.includes(one.name));
    // The shell around a command is the tool's doing, but not the tool.
    const isShell = (one) => one.pid !== child.pid && parents.has(one.pid) && /sh$/.test(one.name);
    return {
      work: work.map((one) => one.pid),
      managers: others.filter((one) => !isShell(one)).map((one) => one.pid),
      shells: others.filter(isShell).map((one) => one.pid),
    };
  }

  /** The one that a person would signal. */
  function leader() {
    const isIt = (pid) => readStat(pid)?.name === launch.leader;
    return (launch.leader && find().managers.find(isIt)) ?? child.pid;
  }

  return {
    folder,
    env: itsEnv,
    startMs,
    sink,
    exited,
    find,
    /** When the event was heard for the nth time, or undefined when it was not. */
    when: heard.when,
    count: heard.count,
    exit: () => exit,
    signal: (signal) => kill(leader(), signal),
    exitWithin: (ms) => Promise.race([exited, pause(ms, undefined, { ref: false })]),
    /** Opens the FIFO that all producers wait for. Would wait itself, were it opened only to be written. */
    go() {
      closeSync(openSync(join(folder, "go"), constants.O_RDWR));
      return performance.now();
    },
    async end() {
      child.kill("SIGKILL");
      for (let left = findMarked(folder); left.length > 0; left = findMarked(folder)) {
        for (const { pid } of left) kill(pid, "SIGKILL");
        await pause(20);
      }
      heard.close();
      await sink.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function listen(fifo) {
  const events = [];
  const waiting = new Set();
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  let rest = "";
  socket.on("data", (text) => {
    const ms = performance.now();
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) events.push({ what: line.split(" ")[0], ms });
    for (const check of waiting) check();
  });
  const of = (what) => events.filter((event) => event.what === what);
  return {
    count: (what) => of(what).length,
    when(what, nth = 1, timeoutMs = patienceMs) {
      return new Promise((resolve) => {
        const conclude = (ms) => {
          clearTimeout(timer);
          waiting.delete(check);
          resolve(ms);
        };
        const check = (isOver) => {
          const found = of(what)[nth - 1];
          if (found !== undefined || isOver) conclude(found?.ms);
        };
        const timer = setTimeout(conclude, timeoutMs);
        waiting.add(check);
        check();
      });
    },
    giveUp() {
      for (const check of waiting) check(true);
    },
    close: () => socket.destroy(),
  };
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
