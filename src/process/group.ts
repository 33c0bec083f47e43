/** When a process group is empty, which is when a process is stopped: not when its leader exits. */
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "./now-ms.ts";
import type { ProcessTable } from "./process-table.ts";
import { signalGroup } from "./signal.ts";

const firstPauseMs = 15;
const longestPauseMs = 100;
/** Zombies that nobody reaps keep a group there for ever; telling them apart costs a whole scan. */
const firstLookMs = 40;
const lookAgainMs = 200;

/** Resolves with nobody when it is empty, or with who is left when `hasGivenUp` says so. */
export async function untilEmpty(
  pgid: number,
  table: ProcessTable,
  hasGivenUp: () => boolean,
): Promise<readonly number[]> {
  let pauseMs = firstPauseMs;
  let nextLookMs = nowMs() + firstLookMs;
  while (signalGroup(pgid, 0) !== "gone") {
    if (nowMs() >= nextLookMs || hasGivenUp()) {
      // Whoever cannot look, for want of descriptors, must believe that somebody is there.
      const members = await table.members(pgid).catch(() => [pgid]);
      if (members.length === 0 || hasGivenUp()) return members;
      nextLookMs = nowMs() + lookAgainMs;
    }
    await sleep(pauseMs);
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
  }
  return [];
}
