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
import { readOwner } from "./owner.ts";

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
  return { path: other, note: `${path} ${reasons[made]}; the log is kept in ${other}` };
}

/**
 * The one that is in use; else the one that a start would use. The last can be one that is only
 * there to be read: it was written before somebody made it read-only.
 */
export function findOwnFolder(root: string): string | undefined {
  const own = join(root, ownFolderName);
  const parent = sharedParent();
  const other = join(parent, keyOf(root));
  const places = [
    { path: own, kind: kindOf(own) },
    { path: other, kind: kindOf(parent) === "ours" ? kindOf(other) : "missing" },
  ];
  const found = (["ours", "read-only"] as const).flatMap((kind) =>
    places.flatMap((place) => (place.kind === kind ? place.path : [])),
  );
  return found.find((path) => readOwner(path) !== undefined) ?? found[0];
}

/** The folder of this user for what belongs to no app. */
export function makeUserFolder(): OwnFolder {
  const path = sharedParent();
  return makePrivate(path) === "ours"
    ? { path }
    : { problem: `${path} is not a folder of this user alone; remove it` };
}

/** Where the socket is of a router that several apps share. */
export function makeRouterSocketPath(): OwnFolder {
  const folder = makeUserFolder();
  return "problem" in folder ? folder : { path: join(folder.path, "router") };
}

/** In an app's own folder. */
export function logFolderOf(folder: string): string {
  return join(folder, "log");
}

/** What a folder is to procman, which writes in none but `ours`. */
type Kind = "ours" | "read-only" | "foreign" | "link" | "missing";

const reasons = {
  "read-only": "cannot be written",
  foreign: "belongs to another user",
  missing: "cannot be made",
} as const;

/** Somebody may be removing it all the time. */
const maxRemovals = 100;

function makePrivate(path: string): Kind {
  for (let count = 0; ; count += 1) {
    const isMade = makeFolder(path);
    const kind = keepToOwner(path);
    if (kind !== "missing" || !isMade || count === maxRemovals) return kind;
  }
}

function keepToOwner(path: string): Kind {
  const kind = kindOf(path);
  if (kind !== "ours") return kind;
  try {
    if ((lstatSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
    return kind;
  } catch (error) {
    return codeOf(error) === "ENOENT" ? "missing" : "read-only";
  }
}

/** Whether it could be made, or it was there already. */
function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    return codeOf(error) === "EEXIST";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function kindOf(path: string): Kind {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "missing";
  if (!found.isDirectory()) return "link";
  if (found.uid !== process.getuid?.()) return "foreign";
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return "ours";
  } catch (error) {
    return codeOf(error) === "ENOENT" ? "missing" : "read-only";
  }
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
