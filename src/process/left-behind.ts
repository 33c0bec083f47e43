/**
 * Ends what a procman that is no more has left, when no guardian has: both may have been killed in
 * one go. Goes by its roll, and by the mark and the cgroups of all that it started, and touches nobody
 * else.
 */
import { idVariable } from "../core/environment.ts";
import { type Incarnation, isSamePidSpace, type Roll } from "../core/roll.ts";
import { findCgroups } from "./cgroup.ts";
import { untilEmpty } from "./group.ts";
import { isStillThere, pidSpaceHere, startTimeOf } from "./incarnation.ts";
import { nowMs } from "./now-ms.ts";
import { nameProcess, processTable as table } from "./process-table.ts";
import { giveUpMs, signalGroup, stopGroup } from "./signal.ts";
import { createSweeper, type Sweep } from "./sweep.ts";
import type { Trace } from "./trace.ts";

export interface LeftBehind {
  readonly trace: Trace;
  /** Those that have members, each by its number. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
}

/**
 * Undefined when there is nobody, the roll is that of another machine or container, or its procman
 * still runs. Cgroups that nobody is in are not left, either.
 */
export async function findLeftBehind({ head, groups }: Roll): Promise<LeftBehind | undefined> {
  if (!isSamePidSpace(head, pidSpaceHere()) || isStillThere(head)) return undefined;
  const found = new Map<number, readonly number[]>();
  for (const { pid } of groups.filter(isOurs)) {
    const members = await table.members(pid);
    if (members.length > 0) found.set(pid, members);
  }
  const cgroup = findCgroups(head.id);
  const trace: Trace = { mark: `${idVariable}=${head.id}`, cgroup };
  const traced = (await table.find([trace])).get(trace) ?? [];
  if (found.size + traced.length > 0) return { trace, groups: found };
  cgroup?.remove();
  return undefined;
}

/** Politely; by force when `graceMs` are over. */
export async function endLeftBehind(
  { trace, groups }: LeftBehind,
  graceMs: number,
): Promise<Sweep> {
  const startMs = nowMs();
  const isForced = () => nowMs() - startMs > graceMs;
  const names = new Map<number, string>();
  for (const pid of [...groups.values()].flat()) names.set(pid, await nameProcess(table, pid));
  const stuck = await Promise.all([...groups.keys()].map((pgid) => endGroup(pgid, isForced)));
  const swept = await createSweeper(table).sweep(trace, isForced, graceMs);
  trace.cgroup?.remove();
  const left = new Set([...stuck.flat().map((pid) => names.get(pid) ?? ""), ...swept.left]);
  const ended = [...names.values()].filter((name) => !left.has(name));
  return { ended: [...ended, ...swept.ended], spared: swept.spared, left: [...left] };
}

async function endGroup(pgid: number, isForced: () => boolean): Promise<readonly number[]> {
  stopGroup(pgid, "SIGTERM");
  if ((await untilEmpty(pgid, table, isForced)).length === 0) return [];
  signalGroup(pgid, "SIGKILL");
  const startMs = nowMs();
  return untilEmpty(pgid, table, () => nowMs() - startMs > giveUpMs);
}

/**
 * As long as it has members nobody else gets its number, with or without its leader. Where no start
 * time was written down, nobody can tell.
 */
function isOurs({ pid, start }: Incarnation): boolean {
  if (start === "-" || signalGroup(pid, 0) === "gone") return false;
  const now = startTimeOf(pid);
  return now === start || now === "-";
}
