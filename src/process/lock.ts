/**
 * One procman for an app: a lock that the kernel frees when its holder is gone, in whatever way.
 * Node has none, but a lock stays on the open file, which a helper may share for a moment.
 */
import { spawn } from "node:child_process";
import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { errorCode } from "./signal.ts";

export type LockAnswer =
  /** `unavailable`: neither taken nor ours, for nobody here can lock. */
  { readonly is: "ours" | "unavailable"; readonly lock: Lock } | { readonly is: "taken" };

export interface Lock {
  /** False when somebody has removed its file, which keeps nobody out any more then. */
  isInPlace(): boolean;
  /** The kernel does the same when procman is no more. */
  release(): void;
}

const takenCode = 1;
/** The first of these that there is. All find the lock as file 3, and end with 1 when it is taken. */
const helpers: readonly (readonly [program: string, ...words: string[]])[] = [
  ["flock", "-n", "3"],
  ["perl", "-e", 'open(my $lock, "<&=3"); exit !flock($lock, 6)'],
  ["python3", "-c", "import fcntl; fcntl.flock(3, fcntl.LOCK_EX | fcntl.LOCK_NB)"],
];
/** macOS locks as it opens. */
const exclusiveOnDarwin = 0x20;

/** Held until it is released. Throws when the file cannot be opened. */
export async function lock(path: string): Promise<LockAnswer> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  if (process.platform === "darwin") return lockAsItOpens(path, flags);
  const fd = openSync(path, flags, 0o600);
  for (const [program, ...words] of helpers) {
    const is = await lockBy(program, words, fd);
    if (is === "ours") return { is, lock: lockOf(path, fd) };
    if (is === "taken") {
      closeSync(fd);
      return { is };
    }
  }
  return { is: "unavailable", lock: lockOf(path, fd) };
}

function lockAsItOpens(path: string, flags: number): LockAnswer {
  try {
    const fd = openSync(path, flags | exclusiveOnDarwin | constants.O_NONBLOCK, 0o600);
    return { is: "ours", lock: lockOf(path, fd) };
  } catch (error) {
    if (errorCode(error) === "EAGAIN") return { is: "taken" };
    throw error;
  }
}

function lockOf(path: string, fd: number): Lock {
  // As long as it is open, no other file gets its number.
  const own = fstatSync(fd);
  return {
    isInPlace() {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found?.ino === own.ino && found.dev === own.dev;
    },
    release: () => closeSync(fd),
  };
}

function lockBy(program: string, words: readonly string[], fd: number): Promise<LockAnswer["is"]> {
  return new Promise((resolve) => {
    const helper = spawn(program, words, {
      stdio: ["ignore", "ignore", "ignore", fd],
      // Not in the terminal's group: Ctrl-C must not look like a lock that is taken.
      detached: true,
    });
    helper.once("error", () => resolve("unavailable"));
    helper.once("exit", (code) => {
      if (code === 0) resolve("ours");
      else resolve(code === takenCode ? "taken" : "unavailable");
    });
  });
}
