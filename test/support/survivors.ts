/** What the kernel knows of processes: who is alive, by the mark in its environment, and how it is. */
import { readdirSync, readFileSync } from "node:fs";

export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

/** Everybody with this variable, `NAME=value`, in the environment it was started with. */
export function findSurvivors(variable: string): readonly Survivor[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => readProcFile(name, "environ").split("\0").includes(variable))
    .filter((name) => isAlive(Number(name)))
    .map((name) => ({ pid: Number(name), command: commandOf(name) }));
}

/** Everybody who was given a word that begins like this. */
export function findGiven(word: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => readProcFile(name, "cmdline").includes(`\0${word}`))
    .map(Number)
    .filter((pid) => pid !== process.pid && isAlive(pid));
}

/** Zombies are dead: in containers nobody may reap them. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The letter for the state of a process, as `T` for stopped; undefined when there is none. */
export function stateOf(pid: number): string | undefined {
  const stat = readProcFile(String(pid), "stat");
  return stat === "" ? undefined : stat.charAt(stat.lastIndexOf(")") + 2);
}

/** The most memory that a process ever had, in bytes. */
export function peakMemory(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readProcFile(String(pid), "status"))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} is gone`);
  return Number(kilobytes) * 1024;
}

/** How much it has written until now, wherever to. */
export function writtenBytes(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readProcFile(String(pid), "io"))?.[1] ?? 0);
}

function commandOf(pid: string): string {
  return readProcFile(pid, "cmdline").replaceAll("\0", " ").trim();
}

/** Empty when it ended meanwhile. */
function readProcFile(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
