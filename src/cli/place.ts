/**
 * Where an app runs: its own folder, with the lock, the roll of what runs, and the pipes. It is
 * taken, entered, and left.
 */
import { join } from "node:path";
import { logFolderOf, makeOwnFolder } from "../control/own-folder.ts";
import { readOwner, removeOwner } from "../control/owner.ts";
import { idVariable } from "../core/environment.ts";
import type { Roll } from "../core/roll.ts";
import { newSupervisorId } from "../core/supervisor-id.ts";
import { activeName } from "../logs/active-name.ts";
import { type Hold, type HoldOptions, readRoll } from "../process/hold.ts";
import { createPipeMaker, type PipeMaker } from "../process/pipe.ts";
import { createRollKeeper, type RollKeeper } from "../process/roll-keeper.ts";
import { claimApp } from "./claim.ts";
import { complain } from "./report.ts";

export interface Place {
  /** The app's own folder. */
  readonly folder: string;
  /** The value of `PROCMAN_ID` of all that is started here. */
  readonly id: string;
  readonly pipes: PipeMaker;
  readonly roll: RollKeeper;
  /** Whether nobody else runs the app. It holds until this process is no more. */
  readonly claimed: Promise<Claimed>;
  /**
   * For who has claimed it, before anything is started: ends what an earlier procman has left. What
   * this one may leave has `graceMs` to end by itself. Gives notes.
   */
  enter(graceMs: number): Promise<readonly string[]>;
  /**
   * For who has entered: makes the folder, the lock and the roll again, if somebody has removed
   * them, and says whether that was so; writes down what runs, if that was not possible before.
   * Rejects when it cannot be done.
   */
  restore(): Promise<boolean>;
  /** For who has ended all. The lock is free when this process is no more. */
  leave(): Promise<void>;
}

export type Claimed = { readonly notes: readonly string[] } | { readonly problem: string };

type Phase =
  | { readonly is: "claiming" | "left" }
  | { readonly is: "claimed"; readonly hold: Hold }
  | { readonly is: "entered"; readonly hold: Hold; readonly graceMs: number };

const pipesName = "pipes";
const unlocked = "nothing keeps a second procman from starting here: this system has no flock";

/** Enough for most apps, and made while the app's files are read. */
const pipesAhead = 8;

/** The guardian finds its commands in the folders of `path`. */
export function takePlace(
  root: string,
  path = "/usr/bin:/bin",
): Place | { readonly problem: string } {
  const own = makeOwnFolder(root);
  if ("problem" in own) return own;
  const { path: folder, note } = own;
  const made = { pid: process.pid, root, timeMs: Date.now(), random: Math.random() };
  const id = newSupervisorId(made);
  const log = join(logFolderOf(folder), activeName);
  const options: HoldOptions = { folder, mark: `${idVariable}=${id}`, log, path };
  const pipes = createPipeMaker(join(folder, pipesName), pipesAhead);
  const leaving = new AbortController();
  let phase: Phase = { is: "claiming" };

  async function claim(): Promise<Claimed> {
    const answer = await claimApp(root, options, leaving.signal).catch(describeError);
    if ("message" in answer) return { problem: `cannot lock ${folder}: ${answer.message}` };
    if ("problem" in answer) return answer;
    const { hold, lock } = answer;
    phase = { is: "claimed", hold };
    await clearStale(folder);
    const notes = note === undefined ? [] : [note];
    return { notes: lock === "unavailable" ? [...notes, unlocked] : notes };
  }

  async function enter(graceMs: number): Promise<readonly string[]> {
    if (phase.is !== "claimed") return [];
    const { hold } = phase;
    hold.guardian.setGrace(graceMs);
    const last = readRoll(folder);
    const notes = last ? await endLast(last, graceMs) : [];
    // It may have been left meanwhile.
    if (phase.is !== "claimed") return notes;
    phase = { is: "entered", hold, graceMs };
    try {
      roll.moveTo(hold.rollFd);
      return notes;
    } catch (error) {
      const reason = describeError(error).message;
      return [...notes, `what runs is not written down for who has to end it: ${reason}`];
    }
  }

  async function restore(): Promise<boolean> {
    if (phase.is !== "entered") return false;
    const { hold: last, graceMs } = phase;
    const missing = last.findMissing();
    if (missing === "nothing") {
      // There was no room for it at the start.
      if (!roll.isKept()) roll.moveTo(last.rollFd);
      return false;
    }
    const next = missing === "roll" ? last.renewRoll() : await claimAgain();
    const keeping = missing === "roll" ? "for the lock" : undefined;
    next.guardian.setGrace(graceMs);
    try {
      roll.moveTo(next.rollFd);
    } catch (error) {
      await next.release(keeping);
      throw error;
    }
    phase = { is: "entered", hold: next, graceMs };
    await last.release(keeping);
    return true;
  }

  async function claimAgain(): Promise<Hold> {
    const again = makeOwnFolder(root);
    if ("problem" in again) throw new Error(again.problem);
    if (again.path !== folder) throw new Error(again.note ?? `it would be ${again.path} now`);
    const answer = await claimApp(root, options, leaving.signal);
    if ("problem" in answer) throw new Error(answer.problem);
    return answer.hold;
  }

  const claimed = claim();
  const roll = createRollKeeper(id);
  return {
    folder,
    id,
    pipes,
    roll,
    claimed,
    enter,
    restore,
    async leave() {
      leaving.abort();
      // Nobody waits for long any more.
      await Promise.all([claimed, pipes.close()]);
      if (phase.is !== "claimed" && phase.is !== "entered") return;
      const { hold } = phase;
      phase = { is: "left" };
      roll.clear();
      await hold.release();
    },
  };
}

/** The processes that a procman has left when it was killed, and its guardian too. */
async function endLast(roll: Roll, graceMs: number): Promise<readonly string[]> {
  const { endLeftBehind, findLeftBehind } = await import("../process/left-behind.ts");
  const found = await findLeftBehind(roll);
  if (found === undefined) return [];
  const who = `what an earlier procman (pid ${roll.head.pid}) has left`;
  complain(`ending ${who}`);
  const { ended, spared, left } = await endLeftBehind(found, graceMs);
  const listed: readonly (readonly [string, readonly string[]])[] = [
    [`ended ${who}`, ended],
    ["left running, for others may use it too", spared],
    ["could not end, so stop it yourself", left],
  ];
  return listed.flatMap(([what, names]) =>
    names.length > 0 ? `${what}: ${names.join(", ")}` : [],
  );
}

/** The files of one. */
async function clearStale(folder: string): Promise<void> {
  const owner = readOwner(folder);
  if (owner === undefined) return;
  const { removeStaleSocket } = await import("../control/socket.ts");
  removeStaleSocket(owner);
  removeOwner(folder);
}

function describeError(error: unknown): { readonly message: string } {
  return { message: error instanceof Error ? error.message : String(error) };
}
