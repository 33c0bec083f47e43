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
  /** False when somebody has removed a file: that of the lock keeps nobody out any more then. */
  isInPlace(): boolean;
  /** Resolves when the guardian is gone, and the lock is free if it was ours. */
  release(): Promise<void>;
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
export function takeHold({ folder, mark, log, path }: HoldOptions): Hold | "taken" {
  const lockPath = join(folder, lockName);
  const lockFd = openLock(lockPath);
  if (lockFd === "taken") return lockFd;
  const rollPath = join(folder, rollName);
  const fds = [lockFd];
  try {
    fds.push(openSync(rollPath, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600));
    // The guardian reads it from the start, wherever procman writes.
    fds.push(openSync(rollPath, O_RDONLY | O_NOFOLLOW));
  } catch (error) {
    // It may be tried again every second until descriptors are there.
    for (const fd of fds) closeSync(fd);
    throw error;
  }
  const [, rollFd = -1, readFd = -1] = fds;
  const own = [
    { path: lockPath, stats: fstatSync(lockFd) },
    { path: rollPath, stats: fstatSync(rollFd) },
  ];
  const guardian = createGuardian({
    lockFd,
    rollFd: readFd,
    lock: process.platform === "darwin" ? "ours" : "to be taken",
    mark,
    log,
    path,
  });
  return {
    guardian,
    rollFd,
    isInPlace() {
      return own.every(({ path, stats }) => {
        // As long as it is open, no other file gets its number.
        const found = lstatSync(path, { throwIfNoEntry: false });
        return found?.ino === stats.ino && found.dev === stats.dev;
      });
    },
    async release() {
      await guardian.dismiss();
      for (const fd of fds) closeSync(fd);
    },
  };
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
