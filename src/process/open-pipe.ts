/** A FIFO, and who else can write to it. Only where there is a /proc. */
import { fstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

export interface OpenPipe {
  /** As the kernel names what a descriptor stands for. */
  readonly link: string;
  readonly device: number;
  readonly inode: number;
}

/** By a descriptor of our own. Undefined where others cannot be asked for it. */
export function identifyPipe(fd: number): OpenPipe | undefined {
  try {
    const { dev, ino } = fstatSync(fd);
    return { link: readlinkSync(`/proc/self/fd/${fd}`), device: dev, inode: ino };
  } catch {
    return undefined;
  }
}

/** Those of `pipes` that a process can write to. Yields after each descriptor: there may be many. */
export function* findWritable(
  pid: number,
  pipes: readonly OpenPipe[],
): Generator<void, ReadonlySet<OpenPipe>> {
  const found = new Set<OpenPipe>();
  if (pipes.length === 0) return found;
  for (const fd of descriptorsOf(pid)) {
    yield;
    // Not every file is asked what it is: the answer of a network drive may never come.
    const link = linkOf(pid, fd);
    const pipe = link === undefined ? undefined : pipes.find((each) => each.link === link);
    if (pipe && isWriterOf(pid, fd, pipe)) found.add(pipe);
  }
  return found;
}

function descriptorsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    // It ended meanwhile, or it is another user's.
    return [];
  }
}

function linkOf(pid: number, fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}

const accessModes = 0o3;

/** Who only reads, as a person who looks on, holds nothing up. */
function isWriterOf(pid: number, fd: string, { device, inode }: OpenPipe): boolean {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/fd/${fd}`);
    if (dev !== device || ino !== inode) return false;
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1");
    const flags = /^flags:\s+([0-7]+)$/m.exec(info)?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & accessModes) !== 0;
  } catch {
    return false;
  }
}
