/**
 * One procman for an app: a lock that the kernel frees when its holder is gone, in whatever way.
 * Node has none, but a lock stays on the description of a file, which a helper may share.
 */
import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { errorCode } from "./signal.ts";

/** `unavailable`: neither taken nor ours, for nobody here can lock. */
export type LockAnswer = "ours" | "taken" | "unavailable";

const takenCode = 75;
/** The first of these that there is; file 3 is the lock. */
const script = `
if command -v flock; then flock -n 3 || exit ${takenCode}
elif command -v perl; then perl -e 'open(my $l, "<&=3"); exit(flock($l, 6) ? 0 : ${takenCode})'
elif command -v python3; then python3 -c 'import fcntl, sys
try: fcntl.flock(3, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError: sys.exit(${takenCode})'
else exit 1
fi`;
/** macOS locks as it opens. */
const exclusiveOnDarwin = 0x20;

/** Held until procman is no more. Throws when the file cannot be opened. */
export async function lock(path: string): Promise<LockAnswer> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  if (process.platform === "darwin") return lockAsItOpens(path, flags);
  const fd = openSync(path, flags, 0o600);
  const answer = await lockByHelper(fd);
  if (answer === "taken") closeSync(fd);
  return answer;
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

function lockByHelper(fd: number): Promise<LockAnswer> {
  return new Promise((resolve) => {
    const helper = spawn("/bin/sh", ["-c", script], {
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
