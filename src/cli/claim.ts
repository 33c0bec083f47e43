/** Makes an app this procman's: its own folder is there, and nobody else runs it. */
import { join } from "node:path";
import { makeOwnFolder } from "../control/own-folder.ts";
import { readOwner, removeOwner } from "../control/owner.ts";
import { lock } from "../process/lock.ts";

export type Claim =
  | { readonly folder: string; readonly notes: readonly string[] }
  | { readonly problem: string };

const lockName = "lock";

/** Held until this process is no more. */
export async function claimApp(root: string): Promise<Claim> {
  const own = makeOwnFolder(root);
  if ("problem" in own) return own;
  const { path: folder, note } = own;
  const notes = note === undefined ? [] : [note];
  const answer = await lock(join(folder, lockName)).catch(describeError);
  if (typeof answer !== "string") return { problem: `cannot lock ${folder}: ${answer.message}` };
  if (answer === "taken") return { problem: await describeOwner(root, folder) };
  if (answer === "unavailable") {
    notes.push(
      "nothing keeps a second procman from starting here: there is no flock on this system",
    );
  }
  await clearStale(folder);
  return { folder, notes };
}

/** What a procman that was killed has left. Only for who has the lock. */
async function clearStale(folder: string): Promise<void> {
  const owner = await readOwner(folder);
  if (owner === undefined) return;
  const { removeStaleSocket } = await import("../control/socket.ts");
  removeStaleSocket(owner);
  await removeOwner(folder);
}

async function describeOwner(root: string, folder: string): Promise<string> {
  const owner = await readOwner(folder);
  return owner === undefined
    ? `another procman is being started in ${root}`
    : `procman runs in ${root} already (pid ${owner.pid}); look with: procman ps, stop it with: procman stop`;
}

function describeError(error: unknown): { readonly message: string } {
  return { message: error instanceof Error ? error.message : String(error) };
}
