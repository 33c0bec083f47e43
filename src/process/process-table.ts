/**
 * What runs on this machine, as far as procman must know it: who is in a group, who belongs to a
 * run, and what to call a process. Reads /proc where there is one, else asks `ps`. Zombies are
 * never listed: nobody may be there to reap them.
 */
import { existsSync } from "node:fs";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { isBackgroundServer } from "./background-server.ts";
import { findWritable, type OpenPipe } from "./open-pipe.ts";
import { type ProcStat, procPids, readProcFile, readStat } from "./proc-files.ts";
import { psTable } from "./ps-table.ts";
import { signalProcess } from "./signal.ts";
import { type Found, marksIn, markValue, sharedBeginning, type Trace } from "./trace.ts";

export interface ProcessTable {
  members(pgid: number): Promise<readonly number[]>;
  /** Who has left a trace, for each of them. */
  find(traces: readonly Trace[]): Promise<ReadonlyMap<Trace, readonly Found[]>>;
  /** Its words, with blanks or NULs between them, or undefined when it is gone. */
  findCommand(pid: number): Promise<string | undefined>;
  findParent(pid: number): Promise<number | undefined>;
  /** As in `Found`. */
  findStart(pid: number): Promise<number | undefined>;
}

export const processTable: ProcessTable = existsSync("/proc/self/environ")
  ? procTable()
  : psTable();

/** A scan of /proc must not hold up the event loop: this many files, then a turn for others. */
const filesPerTurn = 64;

/** An exec leaves a process without an environment for a moment, longer when disks are slow. */
const execMs = 5;
const maxExecs = 40;

function procTable(): ProcessTable {
  /** Kernel threads, and who was started without any environment. */
  const bare = new Set<number>();

  return {
    async members(pgid) {
      const members: number[] = [];
      await scan(function* () {
        for (const pid of procPids()) {
          yield;
          const stat = readStat(pid);
          if (stat?.group === pgid && !stat.isZombie) members.push(pid);
        }
      });
      return members;
    },
    async find(traces) {
      const found = new Map<Trace, Found[]>(traces.map((trace) => [trace, []]));
      let pids = procPids();
      for (let pass = 0; pass < maxExecs && pids.length > 0; pass += 1) {
        if (pass > 0) await sleep(execMs);
        const unclear = new Set<number>();
        const now = pids;
        await scan(() => findTraced(now, found, unclear));
        pids = [...unclear].filter((pid) => !bare.has(pid) && isInExec(pid, bare));
      }
      for (const pid of pids) bare.add(pid);
      for (const [trace, finds] of found) addMembers(trace, finds);
      return found;
    },
    async findCommand(pid) {
      return readProcFile(pid, "cmdline", "utf8");
    },
    async findParent(pid) {
      return readStat(pid)?.parent;
    },
    async findStart(pid) {
      return readStat(pid)?.start;
    },
  };
}

/**
 * The same as `find` by one mark, at once and in one go: for the moment in which the process is
 * leaving and nothing asynchronous can happen any more. Without background servers, and what runs
 * in them. Empty where there is no /proc.
 */
export function markedNow(mark: string): readonly number[] {
  const found = new Map<Trace, Found[]>([[{ mark }, []]]);
  if (existsSync("/proc/self/environ")) {
    for (const _ of findTraced(procPids(), found, new Set()));
  }
  const pids = [...found.values()].flat().map(({ pid }) => pid);
  return pids.filter((pid) => !isInServer(pid));
}

function isInServer(pid: number): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1 && at !== process.pid; ) {
    if (isBackgroundServer(readProcFile(at, "cmdline", "utf8") ?? "")) return true;
    at = readStat(at)?.parent;
  }
  return false;
}

async function scan(files: () => Iterable<unknown>): Promise<void> {
  let read = 0;
  for (const _ of files()) {
    read += 1;
    if (read % filesPerTurn === 0) await nextTurn();
  }
}

/** Of a process without an environment. Adds it to `bare` when it can never have one. */
function isInExec(pid: number, bare: Set<number>): boolean {
  const stat = readStat(pid);
  if (stat === undefined) return false;
  if (stat.isKernelThread) bare.add(pid);
  return !bare.has(pid) && !stat.isZombie;
}

/**
 * `unclear` gets those without any environment: kernel threads, zombies, and whoever is in the
 * middle of an exec, and may turn out to be marked a moment later.
 */
function* findTraced(
  pids: readonly number[],
  found: ReadonlyMap<Trace, Found[]>,
  unclear: Set<number>,
): Iterable<void> {
  const sessions = sessionsOf(found.keys());
  const pipes = [...found.keys()].flatMap(({ pipe }) => pipe ?? []);
  const shared = sharedBeginning([...found.keys()].map(({ mark }) => markValue(mark)));
  for (const pid of pids) {
    yield;
    const environ = readProcFile(pid, "environ");
    // It has ended, or it is not ours to signal.
    if (environ === undefined) continue;
    const stat = sessions.size > 0 ? readStat(pid) : undefined;
    const ofSession = stat && sessions.get(stat.session);
    const writable = yield* findWritable(pid, pipes);
    const marks = marksIn(environ, shared);
    const isFound = note({ pid, stat, ofSession, marks, writable }, found);
    if (environ === "" && !isFound) unclear.add(pid);
  }
}

interface Seen {
  readonly pid: number;
  readonly marks: ReadonlySet<string>;
  readonly stat: ProcStat | undefined;
  /** The trace that names its session. */
  readonly ofSession: Trace | undefined;
  readonly writable: ReadonlySet<OpenPipe>;
}

/** Whether anything speaks for a trace. */
function note(seen: Seen, found: ReadonlyMap<Trace, Found[]>): boolean {
  const { pid, marks, ofSession, writable } = seen;
  let isFound = false;
  for (const [trace, finds] of found) {
    const { mark, pipe, since = 0 } = trace;
    const isWriter = pipe !== undefined && writable.has(pipe);
    const isMarked = marks.size > 0 && (marks.has(mark) || marks.has(markValue(mark)));
    if (!(isWriter || ofSession === trace || isMarked)) continue;
    const stat = seen.stat ?? readStat(pid);
    if (stat === undefined || stat.isZombie || stat.start < since) continue;
    finds.push({ pid, start: stat.start });
    isFound = true;
  }
  return isFound;
}

function addMembers({ cgroup }: Trace, finds: Found[]): void {
  for (const pid of cgroup?.members() ?? []) {
    const start = readStat(pid)?.start;
    const isKnown = finds.some((each) => each.pid === pid);
    if (start !== undefined && !isKnown) finds.push({ pid, start });
  }
}

/** A number that somebody has now was given away when the session had ended: that is another one. */
function sessionsOf(traces: Iterable<Trace>): ReadonlyMap<number, Trace> {
  const sessions = new Map<number, Trace>();
  for (const trace of traces) {
    const { session } = trace;
    if (session !== undefined && signalProcess(session, 0) === "gone") sessions.set(session, trace);
  }
  return sessions;
}

/**
 * Nobody is there, or only a zombie, or somebody else who was given the number. Who cannot be
 * looked at is there.
 */
export function hasEnded(pid: number, start?: number): boolean {
  if (signalProcess(pid, 0) === "gone") return true;
  const stat = readStat(pid);
  if (stat === undefined) return false;
  return stat.isZombie || (start !== undefined && stat.start !== start);
}

/** `node index.js (pid 431)`, shortened. */
export async function nameProcess(table: ProcessTable, pid: number): Promise<string> {
  return nameOf((await table.findCommand(pid)) ?? "", pid);
}

/** The same for a command that is known. */
export function nameOf(command: string, pid: number): string {
  return `${shorten(command) || "a process"} (pid ${pid})`;
}

/** On one line, whatever the process was given: NULs stand between the words of /proc. */
function shorten(command: string): string {
  const line = command.replace(/[\p{C}\s]+/gu, " ").trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
