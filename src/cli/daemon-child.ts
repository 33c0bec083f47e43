/** The side of `start -D` that stays: it tells who started it when it can be asked, and lets go. */
import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** The descriptor on which it is told. */
export const readyFd = 3;

const errorFileName = "daemon.log";
const closeOnExec = 0o2000000;

/**
 * From here on nothing of the terminal is held, and what only a bug would print goes to a file in
 * the app's own folder.
 */
export function tellReady(folder: string): void {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const open = () =>
    openSync(join(folder, errorFileName), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  // What is wrong with the file must be said while somebody hears it.
  closeSync(open());
  closeSync(2);
  // The lowest free descriptor, which is the one that was just closed.
  open();
  writeSync(readyFd, "ready\n");
  closeSync(readyFd);
}

/** What a shell had open goes on to whatever it starts, and would never be closed here. */
export function closeInherited(): void {
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
