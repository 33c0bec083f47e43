/**
 * What the processes of instances take: processor, memory, ports. Nothing is measured while nobody
 * asks, and the processor only for a moment, from one look at the process table to the next.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Usage } from "../core/usage.ts";
import { nowMs } from "./now-ms.ts";
import { listeningPorts } from "./port-holder.ts";

/** One process, as far as it matters here. */
interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** User and system time. */
  readonly cpuMs: number;
}

const sampleMs = 250;
/** Linux counts in hundredths of a second, whatever its own clock does. */
const tickMs = 10;
const filesPerTurn = 64;

/** By instance, for the leaders of their sessions. Empty where there is no /proc. */
export async function measureUsage(
  leaders: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, Usage>> {
  const before = await readRows();
  const startMs = nowMs();
  if (before.length === 0) return new Map();
  await sleep(sampleMs);
  const cpuBefore = new Map(before.map(({ pid, cpuMs }) => [pid, cpuMs]));
  const rows = await readRows();
  const passedMs = nowMs() - startMs;
  const usage = new Map<string, Usage>();
  for (const [name, leader] of leaders) {
    const family = familyOf(leader, rows);
    // What was not there before has used all of its time since.
    const usedMs = sum(family, ({ pid, cpuMs }) => cpuMs - (cpuBefore.get(pid) ?? 0));
    usage.set(name, {
      cpuPercent: Math.round((usedMs / passedMs) * 1_000) / 10,
      memoryBytes: sum(family, ({ pid }) => readMemoryBytes(pid)),
      ports: await listeningPorts(family.map(({ pid }) => pid)),
    });
  }
  return usage;
}

/** Its session, and all that descends from that, as what has called setsid. */
function familyOf(leader: number, rows: readonly Row[]): readonly Row[] {
  const children = new Map<number, Row[]>();
  for (const row of rows) children.set(row.parent, [...(children.get(row.parent) ?? []), row]);
  const family = new Map<number, Row>();
  const add = (row: Row) => {
    if (family.has(row.pid)) return;
    family.set(row.pid, row);
    for (const child of children.get(row.pid) ?? []) add(child);
  };
  for (const row of rows) if (row.session === leader) add(row);
  return [...family.values()];
}

function sum(rows: readonly Row[], amountOf: (row: Row) => number): number {
  return rows.reduce((total, row) => total + amountOf(row), 0);
}

async function readRows(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let read = 0;
  for (const pid of readPids()) {
    read += 1;
    if (read % filesPerTurn === 0) await nextTurn();
    const row = rowOf(pid, readProcFile(pid, "stat"));
    if (row) rows.push(row);
  }
  return rows;
}

/** `pid (name) state ppid pgrp session …`, user and system time in columns 14 and 15. */
function rowOf(pid: number, stat: string): Row | undefined {
  if (stat === "") return undefined;
  const columns = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const column = (number: number) => Number(columns[number - 3]);
  const cpuMs = (column(14) + column(15)) * tickMs;
  return { pid, parent: column(4), session: column(6), cpuMs };
}

function readMemoryBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProcFile(pid, "status"))?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1_024;
}

function readPids(): readonly number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

/** Empty when it ended meanwhile. */
function readProcFile(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
