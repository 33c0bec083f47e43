/**
 * Where the control socket is: in a folder made for it alone, which nobody else can enter and
 * nobody can have prepared.
 */
import { Buffer } from "node:buffer";
import { chmodSync, lstatSync, mkdtempSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import type { ListenOptions, Server } from "node:net";
import { basename, dirname, join } from "node:path";

const folderPrefix = "procman-";
const socketName = "control";
/** Linux has room for 108 bytes and macOS for 104, and Node cuts off the rest without a word. */
const maxPathBytes = 103;

/** In the first of these folders where it is possible. */
export async function listenOnSocket(server: Server, folders: readonly string[]): Promise<string> {
  const problems: string[] = [];
  for (const base of folders) {
    const end = `${folderPrefix}XXXXXX/${socketName}`;
    if (Buffer.byteLength(join(base, end)) > maxPathBytes) {
      problems.push(`${base}: the path of a socket there would be over ${maxPathBytes} bytes long`);
      continue;
    }
    let folder: string | undefined;
    try {
      folder = mkdtempSync(join(base, folderPrefix));
      const path = join(folder, socketName);
      await listen(server, { path });
      chmodSync(path, 0o600);
      return path;
    } catch (error) {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      problems.push(`${base}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`there is no folder for the control socket; tried ${problems.join("; ")}`);
}

export function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Somebody may tidy up the folder for temporary files. */
export function isSocketThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/**
 * Removes a socket that its procman has left, and its folder. For who holds the app's lock. What
 * is not a socket of ours in a folder of its own stays where it is.
 */
export function removeStaleSocket({ socket }: { readonly socket: string }): void {
  const folder = dirname(socket);
  if (basename(socket) !== socketName || !/^procman-[A-Za-z0-9]{6}$/.test(basename(folder))) return;
  const own = process.getuid?.();
  const place = lstatSync(folder, { throwIfNoEntry: false });
  // Nobody else can put anything there, so what is looked at now is what is removed.
  if (!place?.isDirectory() || place.uid !== own || (place.mode & 0o077) !== 0) return;
  const found = lstatSync(socket, { throwIfNoEntry: false });
  if (found && (!found.isSocket() || found.uid !== own)) return;
  try {
    if (found) unlinkSync(socket);
    rmdirSync(folder);
  } catch {
    // Something else is in it, or it is gone.
  }
}
