/**
 * Who runs an app: a small file in the app's own folder that says which process it is and where
 * its socket is. It may be left over: only an answer on the socket says that it is true.
 */
import { constants, lstatSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";

export interface Owner {
  readonly pid: number;
  /** The value of `PROCMAN_ID`. */
  readonly id: string;
  /** The path of the control socket, short enough for the kernel. */
  readonly socket: string;
}

const fileName = "owner.json";
const maxBytes = 4_096;

/** Undefined when there is none, or none that this user has written. */
export async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    const file = await open(join(folder, fileName), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { uid, size } = await file.stat();
      if (uid !== process.getuid?.() || size > maxBytes) return undefined;
      return ownerOf(JSON.parse(await file.readFile("utf8")));
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function ownerOf(value: unknown): Owner | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, id, socket } = value as Record<string, unknown>;
  if (typeof pid !== "number" || typeof id !== "string" || typeof socket !== "string") {
    return undefined;
  }
  return isOwnSocket(socket) ? { pid, id, socket } : undefined;
}

/** Nobody else may answer for our app. */
function isOwnSocket(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found === undefined || (found.isSocket() && found.uid === process.getuid?.());
}

/** For who holds the lock. Readers see the old file or the new one. */
export async function writeOwner(folder: string, owner: Owner): Promise<void> {
  const path = join(folder, fileName);
  const next = `${path}.new`;
  await rm(next, { force: true });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(next, flags, 0o600);
  try {
    await file.writeFile(`${JSON.stringify(owner)}\n`);
  } finally {
    await file.close();
  }
  await rename(next, path);
}

export async function removeOwner(folder: string): Promise<void> {
  await rm(join(folder, fileName), { force: true });
}
