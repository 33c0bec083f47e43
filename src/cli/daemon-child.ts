/** The side of `start -D` that stays: it tells who started it when it can be asked, and lets go. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { nowMs } from "../process/now-ms.ts";

/** The descriptor on which it is told. */
const readyFd = 3;

const errorFileName = "daemon.log";
const closeOnExec = 0o2000000;

/** Node opens files in threads, of which each may take the number that was just freed. */
const opening = /^FSReq/;
const lookAgainMs = 1;
/** A thread that is to open something may have to wait for a busy machine. */
const patienceMs = 2_000;

/**
 * Soon nothing of the terminal is held any more, and what only a bug would print goes to a file in
 * the app's own folder.
 */
export function tellReady(folder: string, say: (text: string) => void): void {
  const fd = openErrorFile(join(folder, errorFileName), say);
  whenNothingOpens(() => {
    closeSync(2);
    // It becomes the lowest free descriptor, which is the one that was just closed.
    openSync(`/dev/fd/${fd}`, "a");
    closeSync(fd);
    writeSync(readyFd, "ready\n");
    closeSync(readyFd);
  });
}

/** A log that is written without a pause opens nothing by that, and is not waited for without end. */
function whenNothingOpens(act: () => void, sinceMs = nowMs()): void {
  const isQuiet = !process.getActiveResourcesInfo().some((name) => opening.test(name));
  if (isQuiet || nowMs() - sinceMs >= patienceMs) act();
  else setTimeout(() => whenNothingOpens(act, sinceMs), lookAgainMs);
}

/** Never somebody else's file, nor one that holds up whoever opens it. */
function openErrorFile(path: string, say: (text: string) => void): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number | undefined;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.nlink !== 1 || stats.uid !== process.getuid?.()) {
      throw new Error(`${path} is not a plain file of this user's own`);
    }
    ftruncateSync(fd);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    const reason = error instanceof Error ? error.message : String(error);
    say(`what only a bug would print is not kept: ${reason}`);
    return openSync("/dev/null", "w");
  }
}

/** What a shell had open goes on to whatever it starts, and would never be closed here. */
export function closeInherited(): void {
  // Only there it can be told which descriptors Node closes by itself.
  if (!existsSync("/proc/self/fdinfo")) return;
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    if (fd <= readyFd) continue;
    try {
      const [, flags = ""] =
        /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1")) ?? [];
      if ((Number.parseInt(flags, 8) & closeOnExec) === 0) closeSync(fd);
    } catch {
      // The one that reads this folder.
    }
  }
}
