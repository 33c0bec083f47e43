/**
 * What the processes of instances take: processor, memory, ports. Nothing is measured while nobody
 * asks. As long as somebody samples the memory anyway, the last sample answers for all else.
 */
import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { sampleEveryMs } from "../core/memory.ts";
import type { Usage } from "../core/usage.ts";
import { nowMs } from "./now-ms.ts";
import { listeningPorts } from "./port-holder.ts";
import { procPids, readProcFile } from "./proc-files.ts";

export interface Sampler {
  /** In bytes, by instance, for the leaders of their sessions. Empty where there is no /proc. */
  sampleMemory(leaders: Leaders): Promise<ReadonlyMap<string, number>>;
  /** The same, with all that there is to know. */
  measureUsage(leaders: Leaders): Promise<ReadonlyMap<string, Usage>>;
}

type Leaders = ReadonlyMap<string, number>;

/** One process, as far as it matters here. */
interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** User and system time. */
  readonly cpuMs: number;
}

interface Snapshot {
  readonly atMs: number;
  readonly rows: ReadonlyMap<number, Row>;
}

/** Of a leader, with all that it started. */
interface Sample {
  readonly pids: readonly number[];
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

/** The processor is looked at twice, when there was nobody who looked before. */
const betweenLooksMs = 250;
/** A sample is answered with until the next one should have come. */
const freshMs = 1.5 * sampleEveryMs;
/** Linux counts in hundredths of a second, whatever its own clock does. */
const tickMs = 10;
const filesPerTurn = 32;

export function createSampler(): Sampler {
  let before: Snapshot | undefined;
  let last: { readonly atMs: number; readonly samples: ReadonlyMap<number, Sample> } | undefined;

  async function sample(leaders: Leaders, since: Snapshot, now: Snapshot) {
    const samples = new Map<number, Sample>();
    const relations = relationsIn(now);
    for (const leader of leaders.values()) {
      const family = familyOf(leader, now, relations);
      if (family.length > 0) samples.set(leader, await sampleFamily(family, since, now));
    }
    return samples;
  }

  async function measure(leaders: Leaders): Promise<ReadonlyMap<number, Sample>> {
    const since = await takeSnapshot();
    if (since.rows.size === 0) return new Map();
    await sleep(betweenLooksMs);
    return sample(leaders, since, await takeSnapshot());
  }

  function findLast(leaders: Leaders): ReadonlyMap<number, Sample> | undefined {
    if (last === undefined || nowMs() - last.atMs > freshMs) return undefined;
    const { samples } = last;
    return [...leaders.values()].every((leader) => samples.has(leader)) ? samples : undefined;
  }

  return {
    async sampleMemory(leaders) {
      const now = await takeSnapshot();
      const isNext = before !== undefined && now.atMs - before.atMs <= freshMs;
      const samples = await sample(leaders, (isNext ? before : undefined) ?? now, now);
      // The first says nothing of the processor.
      last = isNext ? { atMs: now.atMs, samples } : undefined;
      before = now;
      const used = new Map<string, number>();
      for (const [name, leader] of leaders) {
        const found = samples.get(leader);
        if (found) used.set(name, found.memoryBytes);
      }
      return used;
    },
    async measureUsage(leaders) {
      const samples = findLast(leaders) ?? (await measure(leaders));
      const usage = new Map<string, Usage>();
      for (const [name, leader] of leaders) {
        const found = samples.get(leader);
        if (found === undefined) continue;
        const { pids, cpuPercent, memoryBytes } = found;
        usage.set(name, { cpuPercent, memoryBytes, ports: await listeningPorts(pids) });
      }
      return usage;
    },
  };
}

async function sampleFamily(
  family: readonly Row[],
  since: Snapshot,
  now: Snapshot,
): Promise<Sample> {
  // What was not there before has used all of its time since.
  const usedMs = sum(family.map(({ pid, cpuMs }) => cpuMs - (since.rows.get(pid)?.cpuMs ?? 0)));
  const passedMs = Math.max(1, now.atMs - since.atMs);
  const pids = family.map(({ pid }) => pid);
  return {
    pids,
    cpuPercent: Math.round((usedMs / passedMs) * 1_000) / 10,
    memoryBytes: await readMemoryBytes(pids),
  };
}

/**
 * What is in memory and in swap. Of a single process that is what `ps` and `top` say of it. What the
 * workers of a forking server share would count for each of them, so several are asked for their
 * proportional share (PSS). The kernel walks their page tables for it, which takes half a
 * millisecond for a small process and 11 for one of 1 GiB, where the other is 25 microseconds: only
 * where it makes a difference, and in a thread.
 */
async function readMemoryBytes(pids: readonly number[]): Promise<number> {
  const [first, ...others] = pids;
  if (first !== undefined && others.length === 0) return residentBytes(first);
  const shares: number[] = [];
  for (const pid of pids) shares.push((await readShareBytes(pid)) ?? residentBytes(pid));
  return sum(shares);
}

function residentBytes(pid: number): number {
  const status = readProcFile(pid, "status") ?? "";
  return fieldBytes(status, "VmRSS") + fieldBytes(status, "VmSwap");
}

/** Undefined when it has ended, is another user's, or the kernel is older than 4.14. */
async function readShareBytes(pid: number): Promise<number | undefined> {
  try {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "latin1");
    return fieldBytes(rollup, "Pss") + fieldBytes(rollup, "SwapPss");
  } catch {
    return undefined;
  }
}

function fieldBytes(text: string, name: string): number {
  const start = text.indexOf(`\n${name}:`);
  return start < 0 ? 0 : Number.parseInt(text.slice(start + name.length + 2), 10) * 1_024;
}

/** Its session, and all that descends from that, as what has called setsid. */
function familyOf(
  leader: number,
  { rows }: Snapshot,
  { ofParent, ofSession }: Relations,
): readonly Row[] {
  const family = new Map<number, Row>();
  const add = (pid: number) => {
    const row = rows.get(pid);
    if (row === undefined || family.has(pid)) return;
    family.set(pid, row);
    for (const child of ofParent.get(pid) ?? []) add(child);
  };
  for (const pid of ofSession.get(leader) ?? []) add(pid);
  return [...family.values()];
}

/** By parent and by session. */
interface Relations {
  readonly ofParent: ReadonlyMap<number, readonly number[]>;
  readonly ofSession: ReadonlyMap<number, readonly number[]>;
}

function relationsIn({ rows }: Snapshot): Relations {
  const ofParent = new Map<number, number[]>();
  const ofSession = new Map<number, number[]>();
  for (const { pid, parent, session } of rows.values()) {
    push(ofParent, parent, pid);
    push(ofSession, session, pid);
  }
  return { ofParent, ofSession };
}

function push(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

async function takeSnapshot(): Promise<Snapshot> {
  const rows = new Map<number, Row>();
  let read = 0;
  for (const pid of listPids()) {
    read += 1;
    if (read % filesPerTurn === 0) await nextTurn();
    const row = rowOf(pid, readProcFile(pid, "stat"));
    if (row) rows.set(pid, row);
  }
  return { atMs: nowMs(), rows };
}

/** `pid (name) state ppid pgrp session …`, user and system time in columns 14 and 15. */
function rowOf(pid: number, stat: string | undefined): Row | undefined {
  if (stat === undefined || stat === "") return undefined;
  const columns = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 13);
  const column = (number: number) => Number(columns[number - 3]);
  const cpuMs = (column(14) + column(15)) * tickMs;
  return { pid, parent: column(4), session: column(6), cpuMs };
}

function listPids(): readonly number[] {
  try {
    return procPids();
  } catch {
    return [];
  }
}
