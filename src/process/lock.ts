/**
 * One procman for an app: a lock that the kernel frees when its holder is gone, in whatever way.
 * Node has none, but a lock stays on the open file, which a helper may share for a moment.
 */
import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { errorCode } from "./signal.ts";

/** `unavailable`: neither taken nor ours, for nobody here can lock. */
export type LockAnswer = "ours" | "taken" | "unavailable";

const takenCode = 1;
/** The first of these that there is. All find the lock as file 3, and end with 1 when it is taken. */
const helpers: readonly (readonly [program: string, ...words: string[]])[] = [
  ["flock", "-n", "3"],
  ["perl", "-e", 'open(my $lock, "<&=3"); exit !flock($lock, 6)'],
  ["python3", "-c", "import fcntl; fcntl.flock(3, fcntl.LOCK_EX | fcntl.LOCK_NB)"],
];
/** macOS locks as it opens. */
const exclusiveOnDarwin = 0x20;

/** Held until procman is no more. Throws when the file cannot be opened. */
export async function lock(path: string): Promise<LockAnswer> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  if (process.platform === "darwin") return lockAsItOpens(path, flags);
  const fd = openSync(path, flags, 0o600);
  for (const [program, ...words] of helpers) {
    const answer = await lockBy(program, words, fd);
    if (answer === "taken") closeSync(fd);
    if (answer !== "unavailable") return answer;
  }
  return "unavailable";
}

function lockAsItOpens(path: string, flags: number): LockAnswer {
  try {
    openSync(path, flags | exclusiveOnDarwin | constants.O_NONBLOCK, 0o600);
    return "ours";
  } catch (error) {
    if (errorCode(error) === "EAGAIN") return "taken";
    throw error;
  }
}

function lockBy(program: string, words: readonly string[], fd: number): Promise<LockAnswer> {
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
