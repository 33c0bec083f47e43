/** Reading files in two ways, for those who may wait for the disk and those who must not. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";

export interface Files {
  /** Rejects when it cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /** Nothing when it cannot be read. */
  namesIn(folder: string): Promise<readonly string[]>;
}

/**
 * For a command that has nothing else to do yet: Node's asynchronous way takes five times as long,
 * which is felt at every start. Only a pipe is waited for without stopping all else.
 */
export const filesAtOnce: Files = {
  async read(path) {
    // Else to open a pipe would wait for somebody who writes to it.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFIFO()) return readAndClose(fd);
    return readOnce(path, fd);
  },
  async namesIn(folder) {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
};

/** For a supervisor, which goes on supervising while a disk is slow. */
export const filesInTime: Files = {
  async read(path) {
    const { readFile, stat } = await import("node:fs/promises");
    return (await stat(path)).isFIFO() ? filesAtOnce.read(path) : readFile(path);
  },
  namesIn: async (folder) => (await import("node:fs/promises")).readdir(folder).catch(() => []),
};

function readAndClose(fd: number): Uint8Array {
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What pipes have delivered, by path: as in `-e <(pass show env)`, they do it only once. */
const delivered = new Map<string, Promise<Uint8Array>>();

function readOnce(path: string, fd: number): Promise<Uint8Array> {
  const before = delivered.get(path);
  if (before !== undefined) {
    closeSync(fd);
    return before;
  }
  const bytes = import("./read-pipe.ts").then(({ readPipe }) => readPipe(fd));
  delivered.set(path, bytes);
  return bytes;
}
