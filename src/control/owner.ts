/**
 * Who runs an app: a small file in the app's own folder that says which process it is and where
 * its socket is. It may be left over: only an answer on the socket says that it is true.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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

/**
 * Undefined when there is none, or none that this user has written. At once, as all here: it is a
 * line, and what Node needs to wait for a disk takes longer to load than this takes.
 */
export function readOwner(folder: string): Owner | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(join(folder, fileName), constants.O_RDONLY | constants.O_NOFOLLOW);
    const { uid, size } = fstatSync(fd);
    if (uid !== process.getuid?.() || size > maxBytes) return undefined;
    return ownerOf(JSON.parse(readFileSync(fd, "utf8")));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
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
export function writeOwner(folder: string, owner: Owner): void {
  const path = join(folder, fileName);
  const next = `${path}.new`;
  rmSync(next, { force: true });
  // Of the flag `x`, that nothing is there which could lead elsewhere.
  writeFileSync(next, `${JSON.stringify(owner)}\n`, { flag: "wx", mode: 0o600 });
  renameSync(next, path);
}

export function removeOwner(folder: string): void {
  rmSync(join(folder, fileName), { force: true });
}
