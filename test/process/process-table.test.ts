import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { untilEmpty } from "../../src/process/group.ts";
import {
  hasEnded,
  markedNow,
  nameOf,
  nameProcess,
  type ProcessTable,
  processTable,
  psTable,
} from "../../src/process/process-table.ts";
import { stateOf } from "../support/survivors.ts";

const mark = (value: string) => `PROCMAN_RUN=${value}`;

/** A leader with one child in its group, both marked, that says when both are there. */
async function startPair(value: string): Promise<{ leader: ChildProcess; pgid: number }> {
  // It speaks after its exec: in the middle of one a process has no environment to be seen.
  const child = `"${process.execPath}" -e 'console.log("there"); setInterval(() => {}, 1e6)'`;
  const leader = spawn("/bin/sh", ["-c", `${child} & wait`], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, PROCMAN_RUN: value },
  });
  if (!leader.stdout || leader.pid === undefined) throw new Error("no shell");
  await once(leader.stdout, "data");
  return { leader, pgid: leader.pid };
}

async function end({ leader, pgid }: { leader: ChildProcess; pgid: number }): Promise<void> {
  process.kill(-pgid, "SIGKILL");
  if (leader.exitCode === null && leader.signalCode === null) await once(leader, "exit");
  await untilEmpty(pgid, processTable, () => false);
}

// The second is what systems without /proc have; it must see the same.
const tables: readonly [name: string, table: ProcessTable][] = [
  ["the table of this system", processTable],
  ["the table that ps prints", psTable()],
];

describe.each(tables)("%s", (name, table) => {
  const value = `table-${process.pid}-${name.length}`;

  it("knows who is in a group and who has a mark, and nobody once they are gone", async () => {
    const pair = await startPair(value);
    try {
      const members = await table.members(pair.pgid);
      expect(members).toHaveLength(2);
      expect(members).toContain(pair.pgid);
      const found = await table.marked([mark(value), mark(`${value}-other`)]);
      expect([...(found.get(mark(value)) ?? [])].toSorted()).toEqual([...members].toSorted());
      expect(found.get(mark(`${value}-other`))).toEqual([]);
    } finally {
      await end(pair);
    }
    expect(await table.members(pair.pgid)).toEqual([]);
    expect((await table.marked([mark(value)])).get(mark(value))).toEqual([]);
  });

  it("does not take a part of a value for the whole", async () => {
    const pair = await startPair(`${value}0`);
    try {
      expect((await table.marked([mark(value)])).get(mark(value))).toEqual([]);
    } finally {
      await end(pair);
    }
  });

  it("finds what a procman further in has marked as its own", async () => {
    const inner = spawn(
      process.execPath,
      ["-e", 'console.log("there"); setInterval(() => {}, 1e6)'],
      {
        stdio: ["ignore", "pipe", "ignore"],
        env: { ...process.env, PROCMAN_RUN: "inner", PROCMAN_OUTER: ` 1-x ${value}-outer ` },
      },
    );
    try {
      await once(inner.stdout, "data");
      const found = await table.marked([mark(`${value}-outer`), mark(`${value}-out`)]);
      expect([...found.values()]).toEqual([[inner.pid], []]);
    } finally {
      inner.kill("SIGKILL");
      await once(inner, "exit");
    }
  });

  it("names a process by its words", async () => {
    expect(await table.findCommand(process.pid)).toMatch(/node/);
    expect(await table.findCommand(2 ** 22 + 1)).toBeUndefined();
  });

  it("knows the parent of a process", async () => {
    expect(await table.findParent(process.pid)).toBe(process.ppid);
    expect(await table.findParent(2 ** 22 + 1)).toBeUndefined();
  });
});

describe.runIf(process.platform === "linux")("at once", () => {
  it("finds the same by a mark, in one go", async () => {
    const value = `now-${process.pid}`;
    const pair = await startPair(value);
    try {
      expect(markedNow(mark(value))).toHaveLength(2);
    } finally {
      await end(pair);
    }
    expect(markedNow(mark(value))).toEqual([]);
  });
});

describe.runIf(process.platform === "linux")("a process has ended", () => {
  it("when it is a zombie, too", async () => {
    // What was a shell takes no notice of the child that it had, which ends when it is told to.
    const parent = spawn("/bin/sh", ["-c", "read x <&3 & echo $!; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "ignore", "pipe"],
    });
    const pid = parent.pid ?? 0;
    const waiting = { interval: 5, timeout: 4_000 };
    try {
      if (!parent.stdout) throw new Error("no output");
      const [line] = await once(parent.stdout, "data");
      const zombie = Number(line);
      await vi.waitUntil(
        async () => (await processTable.findCommand(pid))?.startsWith("sleep"),
        waiting,
      );
      expect(hasEnded(zombie)).toBe(false);
      const [, , , input] = parent.stdio;
      if (input && "end" in input) input.end();
      await vi.waitUntil(() => stateOf(zombie) === "Z", waiting);
      expect(hasEnded(zombie)).toBe(true);
      expect(hasEnded(pid)).toBe(false);
    } finally {
      parent.kill("SIGKILL");
      await once(parent, "exit");
    }
    expect(hasEnded(pid)).toBe(true);
  });
});

describe("the name of a process", () => {
  it.each([
    ["words with NULs between them", "node\0index.js\0", "node index.js (pid 7)"],
    ["lines and escapes on one line", "sh -c a\nb\x1b[31mc", "sh -c a b [31mc (pid 7)"],
    ["a long one is cut", "x".repeat(100), `${"x".repeat(59)}… (pid 7)`],
    ["nothing", "", "a process (pid 7)"],
  ])("%s", (_, command, name) => {
    expect(nameOf(command, 7)).toBe(name);
  });

  it("that is gone", async () => {
    expect(await nameProcess(processTable, 2 ** 22 + 1)).toBe(`a process (pid ${2 ** 22 + 1})`);
  });
});

const half = `
import ctypes, threading, time
threading.Thread(target=lambda: (print("there", flush=True), time.sleep(1000))).start()
ctypes.CDLL(None).pthread_exit(None)
`;

const hasPython = spawnSync("python3", ["-c", "import ctypes"]).status === 0;

it.skipIf(!hasPython || process.platform !== "linux")(
  `a process is there while one of its threads is${hasPython ? "" : " (no python3 here)"}`,
  async () => {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    const leader = spawn("python3", ["-c", half], { detached: true, stdio: [...stdio] });
    if (!leader.stdout || leader.pid === undefined) throw new Error("no python3");
    const pgid = leader.pid;
    await once(leader.stdout, "data");
    try {
      // Its first thread has ended, and that is the state which the kernel shows for it.
      await vi.waitUntil(() => stateOf(pgid) === "Z", { interval: 5, timeout: 10_000 });
      expect(await processTable.members(pgid)).toEqual([pgid]);
    } finally {
      await end({ leader, pgid });
    }
    expect(await processTable.members(pgid)).toEqual([]);
  },
);
