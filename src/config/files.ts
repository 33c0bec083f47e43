/** Reading files in two ways, for those who may wait for the disk and those who must not. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { formatDuration } from "../core/notice.ts";

export interface Files {
  /** Rejects when it cannot be read, with `NotInTime` when it is no file but a pipe that is late. */
  read(path: string): Promise<Uint8Array>;
  /** Nothing when it cannot be read. */
  namesIn(folder: string): Promise<readonly string[]>;
}

export class NotInTime extends Error {
  constructor(deadlineMs: number) {
    super(`it is a pipe, and nobody has written all of it within ${formatDuration(deadlineMs)}`);
  }
}

/** Less than the five seconds for which who asks for a restart waits for an answer. */
const pipeDeadlineMs = 3_000;

/**
 * For a command that has nothing else to do yet: Node's asynchronous way takes five times as long,
 * which is felt at every start. Only a pipe is waited for without stopping all else, and as long as
 * that takes: nothing can be started without it, and Ctrl-C ends the wait.
 */
export const filesAtOnce: Files = {
  read: async (path) => readAtOnce(path, undefined),
  async namesIn(folder) {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
};

/**
 * For a supervisor, which goes on supervising while a disk is slow. It can do with what it read
 * before, so that no pipe may hold it up for long.
 */
export function createFilesInTime(deadlineMs = pipeDeadlineMs): Files {
  return {
    async read(path) {
      const { readFile, stat } = await import("node:fs/promises");
      // Of a device, too, no thread of Node's may wait: it could never be called back.
      return (await stat(path)).isFile() ? readFile(path) : readAtOnce(path, deadlineMs);
    },
    namesIn: async (folder) => (await import("node:fs/promises")).readdir(folder).catch(() => []),
  };
}

function readAtOnce(
  path: string,
  deadlineMs: number | undefined,
): Uint8Array | Promise<Uint8Array> {
  // Else to open a pipe would wait for somebody who writes to it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return fstatSync(fd).isFIFO() ? readShared(path, fd, deadlineMs) : readAndClose(fd);
}

function readAndClose(fd: number): Uint8Array {
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * What is read from pipes, by path. Two who read the same one would each get a part of it: whoever
 * comes while it is read gets the same.
 */
const readings = new Map<string, Promise<Uint8Array>>();

function readShared(path: string, fd: number, deadlineMs: number | undefined): Promise<Uint8Array> {
  const before = readings.get(path);
  if (before !== undefined) {
    closeSync(fd);
    return before;
  }
  const reading = readWithin(fd, deadlineMs);
  readings.set(path, reading);
  const forget = () => readings.delete(path);
  reading.then(isDescriptor(path) ? () => {} : forget, forget);
  return reading;
}

/**
 * As in `-e <(pass show env)`: whoever writes to such a pipe does it once, and what it has delivered
 * is kept. To one that has a name somebody may write for each who reads, and other values each
 * time: it is read anew, and what it had delivered before is not passed off as what it says now.
 */
function isDescriptor(path: string): boolean {
  return /^\/(dev\/(fd\/|stdin$)|proc\/[^/]+\/fd\/)/.test(path);
}

async function readWithin(fd: number, deadlineMs: number | undefined): Promise<Uint8Array> {
  const { readPipe } = await import("./read-pipe.ts");
  if (deadlineMs === undefined) return readPipe(fd);
  const overdue = AbortSignal.timeout(deadlineMs);
  try {
    return await readPipe(fd, overdue);
  } catch (error) {
    throw overdue.aborted ? new NotInTime(deadlineMs) : error;
  }
}
