/**
 * Ends what left its group: finds it by the traces of its run, asks it politely, then by force. One
 * pass over the process table serves everybody who waits for one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isBackgroundServer } from "./background-server.ts";
import type { Cgroups } from "./cgroup.ts";
import { nowMs } from "./now-ms.ts";
import { hasEnded, nameOf, type ProcessTable } from "./process-table.ts";
import { signalProcess } from "./signal.ts";
import type { Found, Trace } from "./trace.ts";

/** Each process by its command and pid. */
export interface Sweep {
  readonly ended: readonly string[];
  readonly spared: readonly string[];
  /** Still there: not ours to signal, or stuck in the kernel. */
  readonly left: readonly string[];
}

export interface Sweeper {
  /**
   * Ends everybody who has left this trace; by SIGKILL when `graceMs` are over, or at once when
   * `isForced` says so.
   */
  sweep(trace: Trace, isForced: () => boolean, graceMs?: number): Promise<Sweep>;
}

/** What an escapee has after SIGTERM: those it belonged to have had their grace period by then. */
const escapeeGraceMs = 1_000;
/** And after SIGKILL. */
const forcedMs = 1_000;
const firstPauseMs = 15;
const longestPauseMs = 100;
const maxFailures = 20;

interface Escapee extends Found {
  readonly name: string;
  /** The background server that it is, or that it runs in; that one is spared. */
  readonly server: string | undefined;
}

export function createSweeper(table: ProcessTable): Sweeper {
  const find = createFinder(table);

  return {
    async sweep(given, isForced, graceMs = escapeeGraceMs) {
      // Each sweep waits for itself, though two may be after the same.
      const trace: Trace = { ...given };
      const known: Escapee[] = [];
      const asked = new Set<Escapee>();
      const startMs = nowMs();
      let pauseMs = firstPauseMs;
      for (;;) {
        const there = await recognize(table, await find(trace), known);
        const left = there.filter(({ server }) => server === undefined);
        const sinceMs = nowMs() - startMs;
        const isOver = sinceMs > graceMs + forcedMs;
        if (isOver || (left.length === 0 && !isEnding(known))) return summary(known, left);
        if (isForced() || sinceMs > graceMs) await kill(table, there, trace.cgroup);
        else await askOnce(table, left, asked);
        await sleep(pauseMs);
        pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
      }
    },
  };
}

/**
 * Whether somebody is on the way out, and so without an environment already, but has its files and
 * ports still open.
 */
function isEnding(known: readonly Escapee[]): boolean {
  return known.some(({ server, pid, start }) => server === undefined && !hasEnded(pid, start));
}

function summary(known: readonly Escapee[], left: readonly Escapee[]): Sweep {
  const spared = new Set<string>();
  const ended: string[] = [];
  const stuck: string[] = [];
  for (const escapee of known) {
    const { name, server, pid, start } = escapee;
    if (server !== undefined) spared.add(server);
    else if (left.includes(escapee) || !hasEnded(pid, start)) stuck.push(name);
    else ended.push(name);
  }
  return { ended, spared: [...spared], left: stuck };
}

/** Those of `known` that were found; who is new is added to them. */
async function recognize(
  table: ProcessTable,
  found: readonly Found[],
  known: Escapee[],
): Promise<readonly Escapee[]> {
  const there: Escapee[] = [];
  for (const { pid, start } of found) {
    const old = known.find((each) => each.pid === pid && each.start === start);
    const escapee = old ?? { pid, start, ...(await describe(table, pid)) };
    if (!old) known.push(escapee);
    there.push(escapee);
  }
  return there;
}

async function describe(table: ProcessTable, pid: number): Promise<Omit<Escapee, keyof Found>> {
  const name = nameOf((await table.findCommand(pid)) ?? "", pid);
  return { name, server: await findServer(table, pid) };
}

/**
 * What runs in a server belongs to it, our mark or not: tmux hands the environment it was started
 * with to every later window, whoever opens it. Procman itself may run in such a window.
 */
async function findServer(table: ProcessTable, pid: number): Promise<string | undefined> {
  let at: number | undefined = pid;
  while (at !== undefined && at > 1 && at !== process.pid) {
    const command = (await table.findCommand(at)) ?? "";
    if (isBackgroundServer(command)) return nameOf(command, at);
    at = await table.findParent(at);
  }
  return undefined;
}

async function kill(
  table: ProcessTable,
  escapees: readonly Escapee[],
  cgroup: Cgroups | undefined,
): Promise<void> {
  for (const { pid, start, server } of escapees) {
    if (server === undefined && (await isStill(table, pid, start))) signalProcess(pid, "SIGKILL");
  }
  if (escapees.every(({ server }) => server === undefined)) cgroup?.kill();
}

async function askOnce(
  table: ProcessTable,
  escapees: readonly Escapee[],
  asked: Set<Escapee>,
): Promise<void> {
  for (const escapee of escapees) {
    const { pid, start } = escapee;
    if (asked.has(escapee) || !(await isStill(table, pid, start))) continue;
    asked.add(escapee);
    signalProcess(pid, "SIGTERM");
    signalProcess(pid, "SIGCONT");
  }
}

/** Right before a signal: it may have ended since it was found, and its number be another's. */
async function isStill(table: ProcessTable, pid: number, start: number): Promise<boolean> {
  return (await table.findStart(pid)) === start;
}

/** Requests that come while a pass is under way wait for the next one, all together. */
function createFinder(table: ProcessTable): (trace: Trace) => Promise<readonly Found[]> {
  let waiting = new Map<Trace, (found: readonly Found[]) => void>();
  let isPassing = false;
  let failures = 0;

  async function passes(): Promise<void> {
    while (waiting.size > 0) {
      const served = waiting;
      waiting = new Map();
      await serve(served);
    }
    isPassing = false;
  }

  async function serve(served: typeof waiting): Promise<void> {
    const found = await table.find([...served.keys()]).catch(() => undefined);
    // No descriptor may be left to look with: that is no reason to believe nobody is there, but
    // none to wait for ever either.
    failures = found === undefined ? failures + 1 : 0;
    if (found === undefined && failures < maxFailures) {
      for (const [trace, resolve] of served) waiting.set(trace, resolve);
      await sleep(longestPauseMs);
      return;
    }
    for (const [trace, resolve] of served) resolve(found?.get(trace) ?? []);
  }

  return (trace) =>
    new Promise((resolve) => {
      waiting.set(trace, resolve);
      if (isPassing) return;
      isPassing = true;
      // In the next turn, so that all that ended in this one share the pass.
      setImmediate(() => void passes());
    });
}
