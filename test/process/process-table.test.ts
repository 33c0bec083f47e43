import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { untilEmpty } from "../../src/process/group.ts";
import { identifyPipe } from "../../src/process/open-pipe.ts";
import {
  hasEnded,
  markedNow,
  nameOf,
  nameProcess,
  type ProcessTable,
  processTable,
} from "../../src/process/process-table.ts";
import { psTable } from "../../src/process/ps-table.ts";
import type { Trace } from "../../src/process/trace.ts";
import { stateOf } from "../support/survivors.ts";

const mark = (value: string) => `PROCMAN_RUN=${value}`;

/** The pids of those who have left these traces, for each. */
async function find(table: ProcessTable, ...traces: readonly Trace[]) {
  const found = await table.find(traces);
  return traces.map((trace) => (found.get(trace) ?? []).map(({ pid }) => pid).toSorted());
}

/** A leader with one child in its group, both marked, that says when both are there. */
async function startPair(
  value: string,
  argv0 = "/bin/sh",
): Promise<{ leader: ChildProcess; pgid: number }> {
  // It speaks after its exec: in the middle of one a process has no environment to be seen.
  const child = `"${process.execPath}" -e 'console.log("there"); setInterval(() => {}, 1e6)'`;
  const leader = spawn("/bin/sh", ["-c", `${child} & wait`], {
    argv0,
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
      const traces = [{ mark: mark(value) }, { mark: mark(`${value}-other`) }];
      expect(await find(table, ...traces)).toEqual([[...members].toSorted(), []]);
    } finally {
      await end(pair);
    }
    expect(await table.members(pair.pgid)).toEqual([]);
    expect(await find(table, { mark: mark(value) })).toEqual([[]]);
  });

  it("does not take a part of a value for the whole", async () => {
    const pair = await startPair(`${value}0`);
    try {
      expect(await find(table, { mark: mark(value) })).toEqual([[]]);
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
      const traces = [{ mark: mark(`${value}-outer`) }, { mark: mark(`${value}-out`) }];
      expect(await find(table, ...traces)).toEqual([[inner.pid], []]);
    } finally {
      inner.kill("SIGKILL");
      await once(inner, "exit");
    }
  });

  it("finds who is in a session when its leader has gone, but nobody who was there before it", async () => {
    const leader = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; read x"], {
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    const [line] = await once(leader.stdout, "data");
    const pid = Number(line);
    const session = leader.pid ?? 0;
    const since = (await table.findStart(session)) ?? Number.NaN;
    const later = ((await table.findStart(pid)) ?? Number.NaN) + 1_000;
    const traces = [
      { mark: mark("nobody"), session, since },
      { mark: mark("nobody"), session: session + 1, since },
    ];
    try {
      // A number that is somebody's is that of another session, whoever had it before.
      expect(await find(table, ...traces)).toEqual([[], []]);
      leader.stdin.end();
      await once(leader, "exit");
      expect(await find(table, ...traces)).toEqual([[pid], []]);
      expect(await find(table, { mark: mark("nobody"), session, since: later })).toEqual([[]]);
    } finally {
      process.kill(-session, "SIGKILL");
    }
  });

  it("knows when a process was started", async () => {
    const earlier = await table.findStart(process.ppid);
    const start = await table.findStart(process.pid);
    expect(start).toBeGreaterThanOrEqual(earlier ?? Number.NaN);
    expect(await table.findStart(2 ** 22 + 1)).toBeUndefined();
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

describe.runIf(process.platform === "linux")("a FIFO", () => {
  it("has been left by whoever can write to it, not by whoever reads it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "open-pipe-"));
    const [path, other] = [join(folder, "fifo"), join(folder, "other")];
    execFileSync("mkfifo", [path, other]);
    const [fd, otherFd] = [openSync(path, "r+"), openSync(other, "r+")];
    const hold = (how: string) =>
      spawn("/bin/sh", ["-c", `exec 5${how}; echo there; exec sleep 1000`], {
        stdio: ["ignore", "pipe", "ignore"],
      });
    const holders = [hold(`>${path}`), hold(`<${path}`), hold(`>${other}`)];
    try {
      await Promise.all(holders.map(({ stdout }) => once(stdout, "data")));
      const trace = { mark: mark("nobody"), pipe: identifyPipe(fd) };
      const traces = [trace, { ...trace, pipe: identifyPipe(otherFd) }, { mark: mark("nobody") }];
      const [writer, , otherWriter] = holders.map(({ pid }) => pid);
      expect(await find(processTable, ...traces)).toEqual([[writer], [otherWriter], []]);
      // What has its name now is another one.
      renameSync(path, other);
      execFileSync("mkfifo", [path]);
      expect(await find(processTable, trace)).toEqual([[]]);
      expect(await find(processTable, { ...trace, pipe: identifyPipe(fd) })).toEqual([[writer]]);
    } finally {
      for (const holder of holders) holder.kill("SIGKILL");
      await Promise.all(holders.map((holder) => once(holder, "exit")));
      for (const open of [fd, otherFd]) closeSync(open);
      rmSync(folder, { recursive: true });
    }
  });

  it("is nothing to look for when it is closed", () => {
    expect(identifyPipe(2 ** 20)).toBeUndefined();
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

  it("leaves out a server that many share, and what runs in it", async () => {
    const value = `shared-${process.pid}`;
    const pair = await startPair(value, "/usr/bin/watchman");
    try {
      expect(markedNow(mark(value))).toEqual([]);
    } finally {
      await end(pair);
    }
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
