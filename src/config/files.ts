/** Reading files in two ways, for those who may wait for the disk and those who must not. */
import { readdirSync, readFileSync } from "node:fs";

export interface Files {
  /** Rejects when it cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /** Nothing when it cannot be read. */
  namesIn(folder: string): Promise<readonly string[]>;
}

/**
 * For a command that has nothing else to do yet: Node's asynchronous way takes five times as long,
 * which is felt at every start.
 */
export const filesAtOnce: Files = {
  read: async (path) => readFileSync(path),
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
  read: async (path) => (await import("node:fs/promises")).readFile(path),
  namesIn: async (folder) => (await import("node:fs/promises")).readdir(folder).catch(() => []),
};
