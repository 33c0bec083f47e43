/**
 * One procman for an app: a lock that the kernel frees when its holders are gone, in whatever way.
 * They are procman and its guardian. Beside the lock lies the roll of what procman runs.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRoll, type Roll } from "../core/roll.ts";
import { createGuardian, type Guardian } from "./guardian.ts";
import { errorCode } from "./signal.ts";

export interface Hold {
  readonly guardian: Guardian;
  /** The roll's file, to be written by who has the lock. */
  readonly rollFd: number;
  /** What somebody has removed. A lock that has no file keeps nobody out any more. */
  findMissing(): "nothing" | "lock" | "roll";
  /** The same lock with another roll. This one is then to be released, but for the lock. */
  renewRoll(): Hold;
  /** Resolves when the guardian is gone, and the lock is free if it was ours. */
  release(but?: "for the lock"): Promise<void>;
}

export interface HoldOptions {
  /** Where both files lie. */
  readonly folder: string;
  /** As the guardian has them. */
  readonly mark: string;
  readonly log: string;
  readonly path: string;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
const lockName = "lock";
const rollName = "groups";
const maxRollBytes = 2 ** 20;
/** macOS locks as it opens. */
const exclusiveOnDarwin = 0x20;

/** Throws when a file cannot be opened; `taken` already when the system says so at once. */
export function takeHold(options: HoldOptions): Hold | "taken" {
  const lockFd = openLock(join(options.folder, lockName));
  if (lockFd === "taken") return lockFd;
  try {
    return holdWith(lockFd, process.platform === "darwin" ? "ours" : "to be taken", options);
  } catch (error) {
    // It may be tried again every second until descriptors are there.
    closeSync(lockFd);
    throw error;
  }
}

function holdWith(lockFd: number, lock: "ours" | "to be taken", options: HoldOptions): Hold {
  const { folder, mark, log, path } = options;
  const lockPath = join(folder, lockName);
  const rollPath = join(folder, rollName);
  const { rollFd, readFd } = openRoll(rollPath);
  const guardian = createGuardian({ lockFd, rollFd: readFd, lock, mark, log, path });

  return {
    guardian,
    rollFd,
    findMissing() {
      if (!isStill(lockPath, lockFd)) return "lock";
      return isStill(rollPath, rollFd) ? "nothing" : "roll";
    },
    renewRoll: () => holdWith(lockFd, "ours", options),
    async release(but) {
      await guardian.dismiss();
      for (const fd of [rollFd, readFd]) closeSync(fd);
      if (but === undefined) closeSync(lockFd);
    },
  };
}

function openRoll(path: string): { readonly rollFd: number; readonly readFd: number } {
  const rollFd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    // The guardian reads it from the start, wherever procman writes.
    return { rollFd, readFd: openSync(path, O_RDONLY | O_NOFOLLOW) };
  } catch (error) {
    closeSync(rollFd);
    throw error;
  }
}

/** As long as it is open, no other file gets its number. */
function isStill(path: string, fd: number): boolean {
  const [found, own] = [lstatSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return found?.ino === own.ino && found.dev === own.dev;
}

/** Undefined when there is none, or nobody has begun it. */
export function readRoll(folder: string): Roll | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(join(folder, rollName), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(fd);
    const isOurs = stats.isFile() && stats.uid === process.getuid?.();
    return isOurs && stats.size <= maxRollBytes ? parseRoll(readFileSync(fd, "latin1")) : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function openLock(path: string): number | "taken" {
  const flags = O_RDWR | O_CREAT | O_NOFOLLOW;
  if (process.platform !== "darwin") return openSync(path, flags, 0o600);
  try {
    return openSync(path, flags | exclusiveOnDarwin | O_NONBLOCK, 0o600);
  } catch (error) {
    if (errorCode(error) === "EAGAIN") return "taken";
    throw error;
  }
}
