/** Tells a process from a later one that has got its number. */
import { readFileSync, readlinkSync } from "node:fs";
import type { Incarnation, PidSpace } from "../core/roll.ts";
import { readStat } from "./proc-files.ts";
import { hasEnded } from "./process-table.ts";

const unknown = "-";

/** `-` where there is no /proc, or no such process. */
export function startTimeOf(pid: number): string {
  return String(readStat(pid)?.start ?? unknown);
}

/** False only when it is known to be gone: where nobody can tell, whoever has the number is it. */
export function isStillThere({ pid, start }: Incarnation): boolean {
  if (hasEnded(pid)) return false;
  const now = startTimeOf(pid);
  return start === unknown || now === unknown || now === start;
}

export function pidSpaceHere(): PidSpace {
  try {
    return {
      boot: readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim(),
      namespace: readlinkSync("/proc/self/ns/pid"),
    };
  } catch {
    return { boot: unknown, namespace: unknown };
  }
}
