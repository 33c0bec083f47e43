/**
 * Whether the kernel ended a process for want of memory. It says so nowhere but in a counter for
 * the whole machine: one that has grown while a process ran that then died of SIGKILL is the
 * reason, as far as anybody outside can know.
 */
import { readFile } from "node:fs/promises";

export interface MemoryKills {
  /** How often the kernel has done it; undefined where it does not say. */
  count(): Promise<number | undefined>;
}

export const memoryKills: MemoryKills = {
  async count() {
    const text = await readFile("/proc/vmstat", "latin1").catch(() => "");
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
    return count === undefined ? undefined : Number(count);
  },
};
