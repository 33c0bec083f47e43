/** The files of /proc that say what a process is. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";

/** Of everybody but procman itself. */
export function procPids(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

/** One for all: a scan reads hundreds of files, and this halves what it takes. */
const buffer = Buffer.allocUnsafeSlow(64 * 2 ** 10);

/** Undefined when the process has ended meanwhile, or is another user's. */
export function readProcFile(
  pid: number,
  file: string,
  encoding: "latin1" | "utf8" = "latin1",
): string | undefined {
  const path = `/proc/${pid}/${file}`;
  try {
    const fd = openSync(path, "r");
    try {
      const count = readSync(fd, buffer);
      if (count < buffer.length) return buffer.toString(encoding, 0, count);
    } finally {
      closeSync(fd);
    }
    return readFileSync(path, encoding);
  } catch {
    return undefined;
  }
}

export interface ProcStat {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly isKernelThread: boolean;
  readonly isZombie: boolean;
  /** In ticks since the system was started. */
  readonly start: number;
}

const kernelThreadFlag = 0x200000;

export function readStat(pid: number): ProcStat | undefined {
  const text = readProcFile(pid, "stat");
  if (text === undefined) return undefined;
  // `pid (name) state ppid …`: the name may hold anything, parentheses too.
  const columns = text.slice(text.lastIndexOf(")") + 2).split(" ", 20);
  const column = (index: number) => Number(columns[index]);
  const threads = column(17);
  return {
    parent: column(1),
    group: column(2),
    session: column(3),
    isKernelThread: (column(6) & kernelThreadFlag) !== 0,
    // The state is that of the first thread. While others are still ending, so are its files and
    // ports still open.
    isZombie: columns[0] === "X" || (columns[0] === "Z" && threads <= 1),
    start: column(19),
  };
}
