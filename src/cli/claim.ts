/** Makes an app this procman's: its own folder is there, and nobody else runs it. */
import { join } from "node:path";
import { makeOwnFolder } from "../control/own-folder.ts";
import { readOwner, removeOwner } from "../control/owner.ts";
import { type Lock, lock } from "../process/lock.ts";
import { createPipeMaker, type PipeMaker } from "../process/pipe.ts";

export type Claim = { readonly notes: readonly string[] } | { readonly problem: string };

export interface Place {
  /** The app's own folder. */
  readonly folder: string;
  readonly pipes: PipeMaker;
  readonly claim: Promise<Claim>;
  /**
   * For who has the claim: makes the folder and the lock again, if somebody has removed them, and
   * says whether that was so. Rejects when they cannot be had.
   */
  restore(): Promise<boolean>;
}

const lockName = "lock";
const pipesName = "pipes";
const unlocked = "nothing keeps a second procman from starting here: this system has no flock";

/** Enough for most apps, and made while the app's files are read. */
const pipesAhead = 8;

/** The pipes may be taken only when the claim holds. It does until this process is no more. */
export function takePlace(root: string): Place | { readonly problem: string } {
  const own = makeOwnFolder(root);
  if ("problem" in own) return own;
  const { path: folder, note } = own;
  const lockPath = join(folder, lockName);
  let held: Lock | undefined;

  async function claimApp(): Promise<Claim> {
    const answer = await lock(lockPath).catch(describeError);
    if ("message" in answer) return { problem: `cannot lock ${folder}: ${answer.message}` };
    if (answer.is === "taken") return { problem: await describeOwner(root, folder) };
    held = answer.lock;
    await clearStale(folder);
    const notes = note === undefined ? [] : [note];
    return { notes: answer.is === "unavailable" ? [...notes, unlocked] : notes };
  }

  async function restore(): Promise<boolean> {
    if (held?.isInPlace()) return false;
    const made = makeOwnFolder(root);
    if ("problem" in made) throw new Error(made.problem);
    if (made.path !== folder) throw new Error(made.note ?? `it would be ${made.path} now`);
    const answer = await lock(lockPath);
    if (answer.is === "taken") throw new Error(await describeOwner(root, folder));
    held?.release();
    held = answer.lock;
    return true;
  }

  const claim = claimApp();
  return { folder, claim, restore, pipes: createPipeMaker(join(folder, pipesName), pipesAhead) };
}

/** What a procman that was killed has left. Only for who has the lock. */
async function clearStale(folder: string): Promise<void> {
  const owner = readOwner(folder);
  if (owner === undefined) return;
  const { removeStaleSocket } = await import("../control/socket.ts");
  removeStaleSocket(owner);
  removeOwner(folder);
}

async function describeOwner(root: string, folder: string): Promise<string> {
  const owner = readOwner(folder);
  return owner === undefined
    ? `another procman is being started in ${root}`
    : `procman runs in ${root} already (pid ${owner.pid}); look with: procman ps, stop it with: procman stop`;
}

function describeError(error: unknown): { readonly message: string } {
  return { message: error instanceof Error ? error.message : String(error) };
}
