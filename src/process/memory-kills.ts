/**
 * Whether the kernel ended a process for want of memory. It says so nowhere but in a counter: one
 * that has grown since a process was last seen to end is the reason for the next SIGKILL, as far
 * as anybody outside can know.
 */

export interface MemoryKills {
  /** From now on they are counted. Only the first call does anything. */
  watch(): void;
  /**
   * Whether there were any since this was last asked: to be asked whenever a child ends, however
   * it did, so that an old kill is not taken for the reason of a later end. Does not reject.
   */
  haveHappened(): Promise<boolean>;
}

/** `count` gives undefined where the kernel does not say. */
export function createMemoryKills(count: () => Promise<number | undefined>): MemoryKills {
  let last: Promise<number | undefined> | undefined;
  let asking: Promise<boolean> | undefined;

  async function ask(): Promise<boolean> {
    const before = await last;
    last = count();
    const now = await last;
    asking = undefined;
    return before !== undefined && now !== undefined && now > before;
  }

  return {
    watch() {
      last ??= count();
    },
    haveHappened() {
      // Those who end together share the answer: which of them it was is not to be known.
      asking ??= ask();
      return asking;
    },
  };
}

/**
 * In procman's own cgroup where the kernel counts by cgroup: what is killed elsewhere on the
 * machine, as in a container beside this one, was none of its processes.
 */
export function createMemoryKillCounter(root: string): () => Promise<number | undefined> {
  let file: Promise<string | undefined> | undefined;
  return async () => {
    file ??= findCounter(root);
    const path = await file;
    return path === undefined ? undefined : readCount(path);
  };
}

export const memoryKills = createMemoryKills(createMemoryKillCounter("/"));

async function findCounter(root: string): Promise<string | undefined> {
  const cgroups = await read(`${root}proc/self/cgroup`);
  const files = cgroups.split("\n").flatMap((row) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(row) ?? [];
    if (controllers === "") return [`${root}sys/fs/cgroup${path}/memory.events`];
    const isMemory = controllers?.split(",").includes("memory");
    return isMemory ? [`${root}sys/fs/cgroup/memory${path}/memory.oom_control`] : [];
  });
  for (const path of [...files, `${root}proc/vmstat`]) {
    if ((await readCount(path)) !== undefined) return path;
  }
  return undefined;
}

async function readCount(path: string): Promise<number | undefined> {
  const count = /^oom_kill (\d+)$/m.exec(await read(path))?.[1];
  return count === undefined ? undefined : Number(count);
}

/** What it takes is loaded when the first process is there. */
async function read(path: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return readFile(path, "latin1").catch(() => "");
}
