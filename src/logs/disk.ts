/**
 * Reading the log's files in two ways, for those who may wait for the disk and those who must not.
 */
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from "node:fs";

export interface Disk {
  open(path: string, flags: number): Promise<OpenFile>;
  lstat(path: string): Promise<Stats>;
  readdir(path: string): Promise<readonly string[]>;
}

export interface OpenFile {
  stat(): Promise<Stats>;
  /** How many bytes there were. */
  read(bytes: Buffer, offset: number, length: number, from: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * For a command that has nothing else to do: Node's asynchronous way takes several times as long,
 * to be loaded and to read.
 */
export const diskAtOnce: Disk = {
  async open(path, flags) {
    const fd = openSync(path, flags);
    return {
      stat: async () => fstatSync(fd),
      read: async (bytes, offset, length, from) => readSync(fd, bytes, offset, length, from),
      close: async () => closeSync(fd),
    };
  },
  lstat: async (path) => lstatSync(path),
  readdir: async (path) => readdirSync(path),
};

/** For a supervisor, which goes on supervising while a disk is slow. */
export const diskInTime: Disk = {
  async open(path, flags) {
    const handle = await (await import("node:fs/promises")).open(path, flags);
    return {
      stat: () => handle.stat(),
      read: async (bytes, offset, length, from) =>
        (await handle.read(bytes, offset, length, from)).bytesRead,
      close: () => handle.close(),
    };
  },
  lstat: async (path) => (await import("node:fs/promises")).lstat(path),
  readdir: async (path) => (await import("node:fs/promises")).readdir(path),
};
