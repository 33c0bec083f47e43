/**
 * The folder in which procman keeps what belongs to an app: `.procman` in the app's own folder, or
 * one in the folder for temporary files where that cannot be. Nobody else may look into it, and
 * nothing in it is reached through a link.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashText } from "../core/hash-text.ts";
import { ownFolderName } from "../core/own-folder-name.ts";

export type OwnFolder =
  | { readonly path: string; readonly note?: string }
  | { readonly problem: string };

/** Makes it, if it is not there. */
export function makeOwnFolder(root: string): OwnFolder {
  const path = join(root, ownFolderName);
  const made = makePrivate(path);
  if (made === "ours") {
    ignoreInGit(path);
    return { path };
  }
  if (made === "link") {
    return { problem: `${path} is no folder but a link or a file; remove it` };
  }
  const parent = sharedParent();
  const other = join(parent, keyOf(root));
  if (makePrivate(parent) !== "ours" || makePrivate(other) !== "ours") {
    return { problem: `${parent} is not a folder of this user alone; remove it` };
  }
  const reason = made === "foreign" ? "belongs to another user" : "cannot be made";
  return { path: other, note: `${path} ${reason}; the log is kept in ${other}` };
}

/** Where it is, if it is anywhere. */
export function findOwnFolder(root: string): string | undefined {
  const own = join(root, ownFolderName);
  if (isPrivate(own)) return own;
  const other = join(sharedParent(), keyOf(root));
  return isPrivate(sharedParent()) && isPrivate(other) ? other : undefined;
}

/** In an app's own folder. */
export function logFolderOf(folder: string): string {
  return join(folder, "log");
}

type Made = "ours" | "foreign" | "link" | "impossible";

function makePrivate(path: string): Made {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there, or it cannot be made: the next look tells.
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "impossible";
  if (!found.isDirectory()) return "link";
  if (found.uid !== process.getuid?.()) return "foreign";
  try {
    if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
    accessSync(path, constants.W_OK);
    return "ours";
  } catch {
    return "impossible";
  }
}

function isPrivate(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

function sharedParent(): string {
  return join(tmpdir(), `procman-${process.getuid?.()}`);
}

/** The same by whichever way one came to the folder. */
function keyOf(root: string): string {
  return hashText(realpathSync(root));
}

function ignoreInGit(folder: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    const fd = openSync(
      join(folder, ".gitignore"),
      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
      0o600,
    );
    writeSync(fd, "*\n");
    closeSync(fd);
  } catch {
    // It is there already, or the disk is full: git then shows what it need not.
  }
}
