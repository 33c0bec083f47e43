/**
 * Ends what left its group: finds it by the mark in its environment, asks it politely, then by
 * force. One pass over the process table serves everybody who waits for one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isBackgroundServer } from "./background-server.ts";
import { nowMs } from "./now-ms.ts";
import { hasEnded, nameOf, type ProcessTable } from "./process-table.ts";
import { signalProcess } from "./signal.ts";

/** Each process by its command and pid. */
export interface Sweep {
  readonly ended: readonly string[];
  readonly spared: readonly string[];
  /** Still there: not ours to signal, or stuck in the kernel. */
  readonly left: readonly string[];
}

export interface Sweeper {
  /**
   * Ends everybody with this mark, `NAME=value`; by SIGKILL when `graceMs` are over, or at once
   * when `isForced` says so.
   */
  sweep(mark: string, isForced: () => boolean, graceMs?: number): Promise<Sweep>;
}

/** What an escapee has after SIGTERM: those it belonged to have had their grace period by then. */
const escapeeGraceMs = 1_000;
/** And after SIGKILL. */
const forcedMs = 1_000;
const firstPauseMs = 15;
const longestPauseMs = 100;
const maxFailures = 20;

interface Escapee {
  readonly name: string;
  /** The background server that it is, or that it runs in; that one is spared. */
  readonly server: string | undefined;
}

export function createSweeper(table: ProcessTable): Sweeper {
  const find = createFinder(table);

  return {
    async sweep(mark, isForced, graceMs = escapeeGraceMs) {
      const known = new Map<number, Escapee>();
      const asked = new Set<number>();
      const startMs = nowMs();
      let pauseMs = firstPauseMs;
      for (;;) {
        const pids = await find(mark);
        await addUnknown(table, pids, known);
        const left = pids.filter((pid) => known.get(pid)?.server === undefined);
        const sinceMs = nowMs() - startMs;
        const isOver = sinceMs > graceMs + forcedMs;
        if (isOver || (left.length === 0 && !isEnding(known))) return summary(known, left);
        if (isForced() || sinceMs > graceMs) kill(left);
        else askOnce(left, asked);
        await sleep(pauseMs);
        pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
      }
    },
  };
}

/**
 * Whether somebody is on the way out, and so without an environment already, but has its files and
 * ports still open. The number may be another's by now: such a one is not signalled any more.
 */
function isEnding(known: ReadonlyMap<number, Escapee>): boolean {
  return [...known].some(([pid, { server }]) => server === undefined && !hasEnded(pid));
}

function summary(known: ReadonlyMap<number, Escapee>, left: readonly number[]): Sweep {
  const spared = new Set<string>();
  const ended: string[] = [];
  const stuck: string[] = [];
  for (const [pid, { name, server }] of known) {
    if (server !== undefined) spared.add(server);
    else if (left.includes(pid) || !hasEnded(pid)) stuck.push(name);
    else ended.push(name);
  }
  return { ended, spared: [...spared], left: stuck };
}

async function addUnknown(
  table: ProcessTable,
  pids: readonly number[],
  known: Map<number, Escapee>,
): Promise<void> {
  for (const pid of pids) {
    if (known.has(pid)) continue;
    const name = nameOf((await table.findCommand(pid)) ?? "", pid);
    known.set(pid, { name, server: await findServer(table, pid) });
  }
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

function kill(pids: readonly number[]): void {
  for (const pid of pids) signalProcess(pid, "SIGKILL");
}

function askOnce(pids: readonly number[], asked: Set<number>): void {
  for (const pid of pids) {
    if (asked.has(pid)) continue;
    asked.add(pid);
    signalProcess(pid, "SIGTERM");
    signalProcess(pid, "SIGCONT");
  }
}

/** Requests that come while a pass is under way wait for the next one, all together. */
function createFinder(table: ProcessTable): (mark: string) => Promise<readonly number[]> {
  let waiting = new Map<string, ((pids: readonly number[]) => void)[]>();
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
    const found = await table.marked([...served.keys()]).catch(() => undefined);
    // No descriptor may be left to look with: that is no reason to believe nobody is there, but
    // none to wait for ever either.
    failures = found === undefined ? failures + 1 : 0;
    if (found === undefined && failures < maxFailures) {
      for (const [mark, resolves] of served) wait(mark, ...resolves);
      await sleep(longestPauseMs);
      return;
    }
    for (const [mark, resolves] of served) {
      for (const resolve of resolves) resolve(found?.get(mark) ?? []);
    }
  }

  function wait(mark: string, ...resolves: ((pids: readonly number[]) => void)[]): void {
    waiting.set(mark, [...(waiting.get(mark) ?? []), ...resolves]);
  }

  return (mark) =>
    new Promise((resolve) => {
      wait(mark, resolve);
      if (isPassing) return;
      isPassing = true;
      // In the next turn, so that all that ended in this one share the pass.
      setImmediate(() => void passes());
    });
}
