import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createMemoryKillCounter,
  createMemoryKills,
  memoryKills,
} from "../../src/process/memory-kills.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procman-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("kills for want of memory", () => {
  function counted(...counts: readonly (number | undefined)[]) {
    const left = [...counts];
    const kills = createMemoryKills(() => Promise.resolve(left.shift()));
    kills.watch();
    return kills;
  }

  it("have happened when the kernel has counted on", async () => {
    expect(await counted(3, 4).haveHappened()).toBe(true);
    expect(await counted(3, 3).haveHappened()).toBe(false);
  });

  it("are not told twice", async () => {
    const kills = counted(3, 4, 4);
    await kills.haveHappened();
    expect(await kills.haveHappened()).toBe(false);
  });

  it("are told to all that end together", async () => {
    const kills = counted(3, 4);
    expect(await Promise.all([kills.haveHappened(), kills.haveHappened()])).toEqual([true, true]);
  });

  it("are counted from the first call on", async () => {
    const kills = counted(3, 4);
    kills.watch();
    expect(await kills.haveHappened()).toBe(true);
  });

  it("have not happened where the kernel does not say", async () => {
    expect(await counted(undefined, undefined).haveHappened()).toBe(false);
    expect(await counted(undefined, 3).haveHappened()).toBe(false);
    expect(await counted(3, undefined).haveHappened()).toBe(false);
  });
});

describe("their number", () => {
  const vmstat = { "proc/vmstat": "nr_free_pages 1\noom_kill 100\n" };
  const both = "4:memory:/shop\n1:cpu,cpuacct:/shop\n0::/shop/web\n";
  it.each<[name: string, files: Readonly<Record<string, string>>, count: number | undefined]>([
    [
      "is that of the own cgroup",
      {
        ...vmstat,
        "proc/self/cgroup": "0::/shop/web\n",
        "sys/fs/cgroup/shop/web/memory.events": "low 0\noom 2\noom_kill 1\noom_group_kill 0\n",
        "sys/fs/cgroup/shop/memory.events": "oom_kill 7\n",
      },
      1,
    ],
    [
      "is that of the first in a container",
      {
        ...vmstat,
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.events": "oom_kill 1\n",
      },
      1,
    ],
    [
      "is that of the own cgroup in the old hierarchy",
      {
        ...vmstat,
        "proc/self/cgroup": both,
        "sys/fs/cgroup/memory/shop/memory.oom_control": "under_oom 0\noom_kill 1\n",
      },
      1,
    ],
    ["is the machine's where there is none for the cgroup", vmstat, 100],
    [
      "is the machine's where the cgroup does not count",
      { ...vmstat, "proc/self/cgroup": both },
      100,
    ],
    ["is unknown where there is none", {}, undefined],
  ])("%s", async (_, files, count) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    expect(await createMemoryKillCounter(`${folder}/`)()).toBe(count);
  });

  it.runIf(process.platform === "linux")("is known on this system", async () => {
    expect(await createMemoryKillCounter("/")()).toBeGreaterThanOrEqual(0);
    expect(typeof (await memoryKills.haveHappened())).toBe("boolean");
  });
});
