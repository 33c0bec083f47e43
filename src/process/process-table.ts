/**
 * What runs on this machine, as far as procman must know it: who is in a group, who carries a
 * mark in its environment, and what to call a process. Reads /proc where there is one, else asks
 * `ps`. Zombies are never listed: nobody may be there to reap them.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { signalProcess } from "./signal.ts";

export interface ProcessTable {
  members(pgid: number): Promise<readonly number[]>;
  /**
   * For each mark, such as `PROCMAN_RUN=…`, who has it in the environment it was started with, or
   * had it from a procman around its own.
   */
  marked(marks: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>>;
  /** Its words, with blanks or NULs between them, or undefined when it is gone. */
  findCommand(pid: number): Promise<string | undefined>;
  findParent(pid: number): Promise<number | undefined>;
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
          const stat = readProcFile(pid, "stat");
          if (stat !== undefined && isLiveMember(stat, pgid)) members.push(pid);
        }
      });
      return members;
    },
    async marked(marks) {
      const found = new Map<string, number[]>(marks.map((mark) => [mark, []]));
      let pids = procPids();
      for (let pass = 0; pass < maxExecs && pids.length > 0; pass += 1) {
        if (pass > 0) await sleep(execMs);
        const unclear = new Set<number>();
        const now = pids;
        await scan(() => findMarked(now, marks, found, unclear));
        pids = [...unclear].filter((pid) => !bare.has(pid) && isInExec(pid, bare));
      }
      for (const pid of pids) bare.add(pid);
      return found;
    },
    async findCommand(pid) {
      return readProcFile(pid, "cmdline", "utf8");
    },
    async findParent(pid) {
      const stat = readProcFile(pid, "stat");
      return stat === undefined ? undefined : Number(columnsOf(stat)[1]);
    },
  };
}

/**
 * The same as `marked` of one mark, at once and in one go: for the moment in which the process is
 * leaving and nothing asynchronous can happen any more. Empty where there is no /proc.
 */
export function markedNow(mark: string): readonly number[] {
  const found = new Map<string, number[]>([[mark, []]]);
  if (existsSync("/proc/self/environ")) {
    for (const _ of findMarked(procPids(), [mark], found, new Set()));
  }
  return found.get(mark) ?? [];
}

async function scan(files: () => Iterable<unknown>): Promise<void> {
  let read = 0;
  for (const _ of files()) {
    read += 1;
    if (read % filesPerTurn === 0) await nextTurn();
  }
}

const kernelThreadFlag = 0x200000;

/** Of a process without an environment. Adds it to `bare` when it can never have one. */
function isInExec(pid: number, bare: Set<number>): boolean {
  const stat = readProcFile(pid, "stat");
  if (stat === undefined) return false;
  const columns = columnsOf(stat);
  if (Number(columns[6]) & kernelThreadFlag) bare.add(pid);
  return !bare.has(pid) && !isZombie(columns);
}

/**
 * `unclear` gets those without any environment: kernel threads, zombies, and whoever is in the
 * middle of an exec, and may turn out to be marked a moment later.
 */
function* findMarked(
  pids: readonly number[],
  marks: readonly string[],
  found: ReadonlyMap<string, number[]>,
  unclear: Set<number>,
): Iterable<void> {
  for (const pid of pids) {
    yield;
    const environ = readProcFile(pid, "environ");
    if (environ === undefined) continue;
    if (environ === "") unclear.add(pid);
    for (const mark of marks) if (hasMark(environ, mark)) found.get(mark)?.push(pid);
  }
}

/** Only a whole variable counts, or its value as a word among the marks of outer procmans. */
function hasMark(environ: string, mark: string): boolean {
  return `\0${environ}\0`.includes(`\0${mark}\0`) || environ.includes(outerMark(mark));
}

function outerMark(mark: string): string {
  return ` ${mark.slice(mark.indexOf("=") + 1)} `;
}

function procPids(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

function readProcFile(
  pid: number,
  file: string,
  encoding: "latin1" | "utf8" = "latin1",
): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, encoding);
  } catch {
    // It ended meanwhile, or it is another user's.
    return undefined;
  }
}

/** `pid (name) state ppid pgrp …` from the state on: the name may hold anything, parentheses too. */
function columnsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function isLiveMember(stat: string, pgid: number): boolean {
  const columns = columnsOf(stat);
  return Number(columns[2]) === pgid && !isZombie(columns);
}

/**
 * The state is that of the first thread. While others are still ending, so are its files and ports
 * still open.
 */
function isZombie(columns: readonly string[]): boolean {
  const [state] = columns;
  const threads = Number(columns[17]);
  return state === "X" || (state === "Z" && threads <= 1);
}

/** Nobody is there, or only a zombie. Who cannot be looked at is there. */
export function hasEnded(pid: number): boolean {
  if (signalProcess(pid, 0) === "gone") return true;
  const stat = readProcFile(pid, "stat");
  return stat !== undefined && isZombie(columnsOf(stat));
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

/** What systems without /proc have. `E` and `e` add the environment behind the command. */
export function psTable(): ProcessTable {
  return {
    async members(pgid) {
      const rows = await ps(["-A", "-o", "pid=,pgid=,stat="]);
      return rows
        .map((row) => row.trim().split(/\s+/))
        .filter(([, group, stat]) => Number(group) === pgid && !stat?.startsWith("Z"))
        .map(([pid]) => Number(pid));
    },
    async marked(marks) {
      const rows = await ps(
        process.platform === "darwin"
          ? ["-A", "-E", "-ww", "-o", "pid=,command="]
          : ["axeww", "-o", "pid=,command="],
      );
      const pidsOf = (mark: string) =>
        rows
          .filter((row) => ` ${row} `.includes(` ${mark} `) || row.includes(outerMark(mark)))
          .map((row) => Number.parseInt(row, 10))
          .filter((pid) => pid !== process.pid);
      return new Map(marks.map((mark) => [mark, pidsOf(mark)]));
    },
    async findCommand(pid) {
      const [row] = await ps(["-o", "command=", "-p", String(pid)]);
      return row?.trim() || undefined;
    },
    async findParent(pid) {
      const [row] = await ps(["-o", "ppid=", "-p", String(pid)]);
      return row === undefined ? undefined : Number(row);
    },
  };
}

/** No `ps`, no rows: the group alone then has to do. */
function ps(args: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    execFile("ps", args, { maxBuffer: 64 * 2 ** 20 }, (_error, stdout) =>
      resolve(stdout.split("\n").filter((row) => row !== "")),
    );
  });
}
