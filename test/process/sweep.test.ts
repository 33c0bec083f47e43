import process from "node:process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ProcessTable } from "../../src/process/process-table.ts";
import { createSweeper } from "../../src/process/sweep.ts";
import type { Found } from "../../src/process/trace.ts";

/** The time, which moves only while the sweeper pauses. */
const time = vi.hoisted(() => ({ nowMs: 0 }));

vi.mock("node:timers/promises", async (original) => ({
  ...(await original<object>()),
  setTimeout: (ms: number) => {
    time.nowMs += ms;
    return Promise.resolve();
  },
}));

interface FakeProcess {
  readonly mark: string;
  readonly command: string;
  /** The signals that end it. */
  readonly endsBy: readonly NodeJS.Signals[];
  readonly isForeign: boolean;
  readonly parent: number;
  /** How long it is there, without its environment, after the signal that ends it. */
  readonly lingersMs?: number;
  /** Else its pid. */
  readonly start?: number;
}

const run = "PROCMAN_RUN=me.1";
const polite: FakeProcess = {
  mark: run,
  command: "node escapee.js",
  endsBy: ["SIGTERM", "SIGKILL"],
  isForeign: false,
  parent: 1,
};
const stubborn: FakeProcess = { ...polite, command: "node stubborn.js", endsBy: ["SIGKILL"] };
const stuck: FakeProcess = { ...polite, command: "dd", endsBy: [] };
const foreign: FakeProcess = { ...polite, command: "sudo x", isForeign: true };

/** 1 is init, the parent of whoever has lost its own. */
const firstPid = 2;

/** Processes that are not there, in a table of their own. No real one gets a signal. */
class FakeMachine {
  readonly processes = new Map<number, FakeProcess>();
  /** `7 SIGTERM`, and when. */
  readonly signals: string[] = [];
  readonly signalledAtMs: number[] = [];
  /** The marks that each pass looked for. */
  readonly passes: (readonly string[])[] = [];
  private readonly goneAtMs = new Map<number, number>();
  private nextPid = firstPid;

  add(one: FakeProcess): number {
    const pid = this.nextPid;
    this.nextPid += 1;
    this.processes.set(pid, one);
    return pid;
  }

  readonly table: ProcessTable = {
    members: () => Promise.reject(new Error("nobody asks for members")),
    find: (traces) => {
      this.passes.push(traces.map(({ mark }) => mark));
      return Promise.resolve(new Map(traces.map((trace) => [trace, this.withMark(trace.mark)])));
    },
    findCommand: (pid) => Promise.resolve(this.processes.get(pid)?.command),
    findParent: (pid) => Promise.resolve(this.processes.get(pid)?.parent),
    findStart: (pid) => Promise.resolve(this.processes.get(pid) && this.startOf(pid)),
  };

  withMark(mark: string): readonly Found[] {
    const pids = [...this.processes].filter(([, one]) => one.mark === mark).map(([pid]) => pid);
    return pids.map((pid) => ({ pid, start: this.startOf(pid) }));
  }

  private startOf(pid: number): number {
    return this.processes.get(pid)?.start ?? pid;
  }

  kill(pid: number, signal: string | number | undefined): true {
    const one = this.processes.get(pid);
    if (!one && time.nowMs < (this.goneAtMs.get(pid) ?? 0)) return true;
    if (!one) throw Object.assign(new Error("gone"), { code: "ESRCH" });
    if (one.isForeign) throw Object.assign(new Error("denied"), { code: "EPERM" });
    if (signal === 0) return true;
    this.signals.push(`${pid} ${signal}`);
    this.signalledAtMs.push(time.nowMs);
    if (!one.endsBy.some((each) => each === signal)) return true;
    this.processes.delete(pid);
    this.goneAtMs.set(pid, time.nowMs + (one.lingersMs ?? 0));
    return true;
  }
}

const machine = { current: new FakeMachine() };

beforeEach(() => {
  machine.current = new FakeMachine();
  time.nowMs = 0;
  vi.spyOn(process.hrtime, "bigint").mockImplementation(() => BigInt(Math.round(time.nowMs * 1e6)));
  vi.spyOn(process, "kill").mockImplementation((pid, signal) => {
    return machine.current.kill(pid, signal);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function sweep(processes: readonly FakeProcess[], isForced = () => false) {
  for (const one of processes) machine.current.add(one);
  const { table, signals, signalledAtMs } = machine.current;
  const result = await createSweeper(table).sweep({ mark: run }, isForced);
  return { ...result, signals, signalledAtMs };
}

describe("a sweep", () => {
  it("of nobody does nothing, and waits for nothing", async () => {
    expect(await sweep([])).toMatchObject({ ended: [], spared: [], left: [], signals: [] });
    expect(time.nowMs).toBe(0);
  });

  it("leaves those with another mark alone", async () => {
    const other = { ...polite, mark: "PROCMAN_RUN=me.2" };
    expect(await sweep([other])).toMatchObject({ ended: [], signals: [] });
  });

  it("asks politely, and wakes who is stopped", async () => {
    const { ended, signals } = await sweep([stuckUntil("SIGCONT")]);
    expect(ended).toEqual(["node escapee.js (pid 2)"]);
    expect(signals).toEqual(["2 SIGTERM", "2 SIGCONT"]);
  });

  it("asks each once, and then uses force", async () => {
    const { ended, signals, signalledAtMs } = await sweep([stubborn]);
    expect(ended).toEqual(["node stubborn.js (pid 2)"]);
    expect(signals).toEqual(["2 SIGTERM", "2 SIGCONT", "2 SIGKILL"]);
    expect(signalledAtMs[2]).toBeGreaterThan(1_000);
    expect(signalledAtMs[2]).toBeLessThan(1_200);
  });

  it("gives them as long as it is told", async () => {
    machine.current.add(stubborn);
    const { table, signals, signalledAtMs } = machine.current;
    await createSweeper(table).sweep({ mark: run }, () => false, 5_000);
    expect(signals.at(-1)).toBe("2 SIGKILL");
    expect(signalledAtMs.at(-1)).toBeGreaterThan(5_000);
    expect(signalledAtMs.at(-1)).toBeLessThan(5_200);
  });

  it("uses force at once when that is asked for", async () => {
    const { ended, signals } = await sweep([polite, stubborn], () => true);
    expect(ended).toEqual(["node escapee.js (pid 2)", "node stubborn.js (pid 3)"]);
    expect(signals).toEqual(["2 SIGKILL", "3 SIGKILL"]);
    expect(time.nowMs).toBeLessThan(100);
  });

  it("uses force as soon as that is asked for", async () => {
    const { signals, signalledAtMs } = await sweep([stubborn], () => time.nowMs > 200);
    expect(signals.at(-1)).toBe("2 SIGKILL");
    expect(signalledAtMs.at(-1)).toBeLessThan(400);
  });

  it.each<[name: string, one: FakeProcess, said: string]>([
    ["hangs in the kernel", stuck, "dd (pid 2)"],
    ["belongs to somebody else", foreign, "sudo x (pid 2)"],
  ])("gives up on who %s", async (_, one, said) => {
    expect(await sweep([one])).toMatchObject({ ended: [], left: [said] });
    expect(time.nowMs).toBeGreaterThan(2_000);
    expect(time.nowMs).toBeLessThan(2_300);
  });

  it("ends what was forked while it went on", async () => {
    machine.current.add(polite);
    const { table } = machine.current;
    let born = 0;
    const isForced = () => {
      if (born < 3) machine.current.add(polite);
      born += 1;
      return false;
    };
    const { ended } = await createSweeper(table).sweep({ mark: run }, isForced);
    expect(ended.length).toBe(4);
    expect(machine.current.processes.size).toBe(0);
  });

  // Its ports are taken until then.
  it.each([
    [500, "ended"],
    [9_000, "left"],
  ] as const)(
    "waits for who is on the way out, but not for ever: %i ms",
    async (lingersMs, how) => {
      // No process of this machine has that number.
      const pid = 2 ** 22 + 1;
      machine.current.processes.set(pid, { ...polite, lingersMs });
      expect((await sweep([]))[how]).toEqual([`node escapee.js (pid ${pid})`]);
      expect(time.nowMs).toBeGreaterThanOrEqual(Math.min(lingersMs, 2_000));
      expect(time.nowMs).toBeLessThan(2_300);
    },
  );

  it("spares who was given the number of one that has ended since it was found", async () => {
    const pid = machine.current.add(polite);
    const { processes, table } = machine.current;
    const heir: FakeProcess = { ...polite, mark: "", command: "vim", start: 99 };
    // Right after it was found, and before it is asked.
    vi.spyOn(table, "findCommand").mockImplementationOnce(async () => {
      processes.set(pid, heir);
      return polite.command;
    });
    expect(await sweep([])).toMatchObject({ signals: [] });
    expect(processes.get(pid)).toBe(heir);
  });

  it("asks again who got the number of one that was asked", async () => {
    const pid = machine.current.add(stubborn);
    const { processes, table } = machine.current;
    vi.spyOn(table, "find").mockImplementationOnce(async ([trace]) => {
      const found = machine.current.withMark(run);
      return new Map(trace ? [[trace, found]] : []);
    });
    const isForced = () => {
      if (time.nowMs > 0 && processes.get(pid) === stubborn) {
        processes.set(pid, { ...polite, start: 99 });
      }
      return false;
    };
    const { signals } = await sweep([], isForced);
    expect(signals.filter((signal) => signal === `${pid} SIGTERM`)).toHaveLength(2);
    expect(processes.size).toBe(0);
  });

  it("names who has no command any more", async () => {
    expect(await sweep([{ ...polite, command: "" }])).toMatchObject({
      ended: ["a process (pid 2)"],
    });
  });

  function stuckUntil(signal: NodeJS.Signals): FakeProcess {
    return { ...polite, endsBy: [signal] };
  }
});

describe("background servers", () => {
  const java = `/usr/lib/jvm/java-21-openjdk-amd64/bin/java -XX:MaxMetaspaceSize=384m ${"-Dx=y ".repeat(20)}`;
  it.each<[name: string, command: string]>([
    ["watchman", "/usr/bin/watchman --foreground --logfile=/tmp/log"],
    ["tmux", "tmux new-session -d"],
    ["tmux as it calls itself", "tmux: server"],
    ["screen", "/usr/bin/screen -dmS x"],
    ["screen as it calls itself", "SCREEN -dmS x"],
    ["ssh-agent", "ssh-agent -s"],
    ["gpg-agent", "/usr/bin/gpg-agent --daemon"],
    ["dockerd", "dockerd --host x"],
    ["containerd", "/usr/bin/containerd"],
    ["Gradle", "java org.gradle.launcher.daemon.bootstrap.GradleDaemon 8.5"],
    ["Gradle behind many options", `${java} org.gradle.launcher.daemon.bootstrap.GradleDaemon 8.5`],
    ["Kotlin", "java org.jetbrains.kotlin.daemon.KotlinCompileDaemon"],
    ["Bazel", "bazel(shop) --max_idle_secs=10800"],
  ])("are spared: %s", async (_, command) => {
    const result = await sweep([{ ...polite, command }]);
    expect(result).toMatchObject({ ended: [], left: [], signals: [] });
    expect(result.spared.length).toBe(1);
    expect(time.nowMs).toBe(0);
  });

  it.each<[name: string, command: string]>([
    ["a longer name", "tmuxinator start"],
    ["a part of a name", "my-watchman"],
    ["a program of the app that is called so", "node build/screen"],
    ["an argument that is called so", "python render.py screen"],
  ])("are not: %s", async (_, command) => {
    expect(await sweep([{ ...polite, command }])).toMatchObject({ spared: [] });
    expect(machine.current.processes.size).toBe(0);
  });

  it("are spared by force too", async () => {
    const watchman = { ...polite, command: "watchman" };
    const { spared, ended } = await sweep([watchman, polite], () => true);
    expect([spared, ended]).toEqual([["watchman (pid 2)"], ["node escapee.js (pid 3)"]]);
  });
});

describe("what runs in a background server", () => {
  const tmux = { ...polite, command: "tmux new-session -d" };
  const shell = { ...polite, command: "-bash", parent: firstPid };
  const editor = { ...polite, command: "vim", parent: firstPid + 1 };

  it.each([false, true])("is spared with it, and only the server is named", async (isForced) => {
    const { spared, ended, signals } = await sweep([tmux, shell, editor, polite], () => isForced);
    expect({ spared, ended }).toEqual({
      spared: [`tmux new-session -d (pid ${firstPid})`],
      ended: [`node escapee.js (pid ${firstPid + 3})`],
    });
    expect(signals.every((signal) => signal.startsWith(`${firstPid + 3} `))).toBe(true);
  });

  it("is spared too when the server has lost its mark, or had none", async () => {
    const { spared, signals } = await sweep([{ ...tmux, mark: "" }, shell, editor]);
    expect(spared).toEqual([`tmux new-session -d (pid ${firstPid})`]);
    expect(signals).toEqual([]);
  });

  it("is not procman, nor what that has started", async () => {
    const { processes } = machine.current;
    processes.set(process.pid, { ...polite, mark: "", command: "node", parent: firstPid });
    const escapee = { ...polite, parent: process.pid };
    const { spared, ended } = await sweep([{ ...tmux, mark: "" }, escapee]);
    expect([spared, ended]).toEqual([[], [`node escapee.js (pid ${firstPid + 1})`]]);
  });
});

describe("one pass over the table", () => {
  it("serves all that ask in a turn", async () => {
    const { table, passes } = machine.current;
    const sweeper = createSweeper(table);
    const marks = ["a=1", "b=1", "c=1", "a=1"];
    await Promise.all(marks.map((mark) => sweeper.sweep({ mark }, () => false)));
    expect(passes).toEqual([marks]);
  });

  it("that is under way is not joined: what it has passed by would be missed", async () => {
    const { table, passes } = machine.current;
    const find = vi.spyOn(table, "find");
    const begun = new Promise<void>((resolve) => {
      find.mockImplementationOnce(async (traces) => {
        resolve();
        await new Promise((onTurn) => setImmediate(onTurn));
        passes.push(traces.map(({ mark }) => mark));
        return new Map();
      });
    });
    const sweeper = createSweeper(table);
    const first = sweeper.sweep({ mark: "a=1" }, () => false);
    await begun;
    const later = ["a=1", "b=1"].map((mark) => sweeper.sweep({ mark }, () => false));
    await Promise.all([first, ...later]);
    expect(passes).toEqual([["a=1"], ["a=1", "b=1"]]);
  });

  it("is made anew for whoever asks after it", async () => {
    const { table, passes } = machine.current;
    const sweeper = createSweeper(table);
    await sweeper.sweep({ mark: "a=1" }, () => false);
    await sweeper.sweep({ mark: "b=1" }, () => false);
    expect(passes).toEqual([["a=1"], ["b=1"]]);
  });

  // As when no descriptor is left to read the table with.
  it("that fails is made again", async () => {
    const { table } = machine.current;
    machine.current.add(polite);
    vi.spyOn(table, "find").mockRejectedValueOnce(new Error("EMFILE"));
    expect(await createSweeper(table).sweep({ mark: run }, () => false)).toMatchObject({
      ended: ["node escapee.js (pid 2)"],
    });
  });
});
