/**
 * Whether an app is this procman's: nobody else runs it, and the guardian of who was killed there
 * has finished.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isSamePidSpace, type RollHead } from "../core/roll.ts";
import type { LockAnswer } from "../process/guardian.ts";
import { type Hold, type HoldOptions, readRoll, takeHold } from "../process/hold.ts";
import { isStillThere, pidSpaceHere } from "../process/incarnation.ts";
import { nowMs } from "../process/now-ms.ts";
import { complain } from "./report.ts";

export type Claim =
  | { readonly hold: Hold; readonly lock: Exclude<LockAnswer, "taken"> }
  | { readonly problem: string };

/** Who has the lock and has not said who it is, is just starting or leaving. */
const unknownMs = 1_000;
const againMs = 50;

/** Rejects when nothing can be locked there. Once `givenUp`, it ends with a problem. */
export async function claimApp(
  root: string,
  options: HoldOptions,
  givenUp: AbortSignal,
): Promise<Claim> {
  const fromMs = nowMs();
  for (let isSaid = false; !givenUp.aborted; await sleep(againMs)) {
    const claim = await tryClaim(root, options);
    if (claim !== "taken") return claim;
    const head = readOtherHead(options.folder);
    if (head && isStillThere(head)) return { problem: describeRunning(root, head) };
    if (head && !isSaid) {
      complain(`waiting until what an earlier procman (pid ${head.pid}) has left is ended`);
      isSaid = true;
    }
    if (!head && nowMs() - fromMs > unknownMs) {
      return { problem: `another procman is being started in ${root}` };
    }
  }
  return { problem: "procman was stopped" };
}

/** Once, without waiting for anybody. */
async function tryClaim(root: string, options: HoldOptions): Promise<Claim | "taken"> {
  const hold = takeHold(options);
  if (hold === "taken") return hold;
  const lock = await hold.guardian.lock;
  // Where there are no locks the roll has to do; and where somebody has just removed that of another.
  const head = lock === "taken" ? undefined : readOtherHead(options.folder);
  const other = head && isStillThere(head) ? head : undefined;
  if (lock !== "taken" && other === undefined) return { hold, lock };
  await hold.release();
  return other === undefined ? "taken" : { problem: describeRunning(root, other) };
}

/** Undefined when it is our own, of another machine, or of a container with pids of its own. */
function readOtherHead(folder: string): RollHead | undefined {
  const head = readRoll(folder)?.head;
  const isOther = head && head.pid !== process.pid && isSamePidSpace(head, pidSpaceHere());
  return isOther ? head : undefined;
}

function describeRunning(root: string, { pid }: RollHead): string {
  return `procman runs in ${root} already (pid ${pid}); look with: procman ps, stop it with: procman stop`;
}
