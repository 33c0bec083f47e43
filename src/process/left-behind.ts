/**
 * Ends what a procman that is no more has left, when no guardian has: both may have been killed in
 * one go. Goes by its roll, and by the mark of all that it started, and touches nobody else.
 */
import { idVariable } from "../core/environment.ts";
import { type Incarnation, isSamePidSpace, type Roll } from "../core/roll.ts";
import { untilEmpty } from "./group.ts";
import { isStillThere, pidSpaceHere, startTimeOf } from "./incarnation.ts";
import { nowMs } from "./now-ms.ts";
import { nameProcess, processTable as table } from "./process-table.ts";
import { giveUpMs, signalGroup, stopGroup } from "./signal.ts";
import { createSweeper, type Sweep } from "./sweep.ts";

export interface LeftBehind {
  readonly mark: string;
  /** Those that have members, each by its number. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
}

/**
 * Undefined when there is nobody, the roll is that of another machine or container, or its procman
 * still runs.
 */
export async function findLeftBehind({ head, groups }: Roll): Promise<LeftBehind | undefined> {
  if (!isSamePidSpace(head, pidSpaceHere()) || isStillThere(head)) return undefined;
  const found = new Map<number, readonly number[]>();
  for (const { pid } of groups.filter(isOurs)) {
    const members = await table.members(pid);
    if (members.length > 0) found.set(pid, members);
  }
  const mark = `${idVariable}=${head.id}`;
  const trace = { mark };
  const marked = (await table.find([trace])).get(trace) ?? [];
  return found.size + marked.length > 0 ? { mark, groups: found } : undefined;
}

/** Politely; by force when `graceMs` are over. */
export async function endLeftBehind({ mark, groups }: LeftBehind, graceMs: number): Promise<Sweep> {
  const startMs = nowMs();
  const isForced = () => nowMs() - startMs > graceMs;
  const names = new Map<number, string>();
  for (const pid of [...groups.values()].flat()) names.set(pid, await nameProcess(table, pid));
  const stuck = await Promise.all([...groups.keys()].map((pgid) => endGroup(pgid, isForced)));
  const swept = await createSweeper(table).sweep({ mark }, isForced, graceMs);
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
