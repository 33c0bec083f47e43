import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Environment } from "../../src/core/environment.ts";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import { defaultStopPolicy } from "../../src/core/stop-policy.ts";
import { type ChildEnd, type ChildTools, startChild } from "../../src/process/child.ts";
import type { MemoryKills } from "../../src/process/memory-kills.ts";
import { type ChildPipe, createPipeMaker } from "../../src/process/pipe.ts";
import { processTable } from "../../src/process/process-table.ts";
import { createSweeper } from "../../src/process/sweep.ts";
import { turn } from "../support/fake-supervised.ts";
import { startRealChild } from "../support/real-child.ts";

const noRoll = { add() {}, remove() {}, moveTo() {}, isKept: () => false, clear() {} };

/** How a command ends, when the kernel has killed for memory meanwhile or has not. */
async function endOf(command: string, haveHappened: boolean) {
  const asked: string[] = [];
  const kills: MemoryKills = {
    watch: () => asked.push("watch"),
    haveHappened: async () => {
      asked.push("have happened");
      return haveHappened;
    },
  };
  const folder = mkdtempSync(join(tmpdir(), "child-test-"));
  const pipes = createPipeMaker(folder, 1);
  const run = `child-test-${process.pid}`;
  const status = await new Promise<ExitStatus>((resolve) => {
    startChild(
      {
        command,
        cwd: process.cwd(),
        run,
        environment: async () => new Map([["PROCMAN_RUN", run]]),
      },
      {
        onPoorPipe() {},
        onStarted() {},
        onOutput() {},
        onStopOutput() {},
        onStopFailed() {},
        onExited() {},
        onGone: (end) => resolve(end.status),
      },
      {
        pipes,
        sweeper: createSweeper(processTable),
        table: processTable,
        memoryKills: kills,
        roll: noRoll,
      },
    );
  });
  await pipes.close();
  rmSync(folder, { recursive: true });
  expect(asked).toEqual(["watch", "have happened"]);
  return status;
}

const killed = { kind: "signal", signal: "SIGKILL", number: 9 };
const cause = "out of memory";

describe("the end of a child", () => {
  it.each([
    ["SIGKILL while the kernel has killed for memory", "kill -KILL $$", true, { ...killed, cause }],
    ["SIGKILL while it has not", "kill -KILL $$", false, killed],
    [
      "a shell's code for SIGKILL, which stays what it is",
      "sh -c 'kill -KILL $$'; exit $?",
      true,
      { kind: "exit", code: 137, cause },
    ],
    ["the same code while it has not", "exit 137", false, { kind: "exit", code: 137 }],
    ["another end meanwhile", "exit 3", true, { kind: "exit", code: 3 }],
  ])("%s", async (_, command, haveHappened, status) => {
    expect(await endOf(command, haveHappened)).toEqual(status);
  });
});

describe("a child that asks for a cgroup", () => {
  // As when no descriptor is left to load it with.
  it("runs without when the part for it cannot be had", async () => {
    vi.doMock("../../src/process/cgroup.ts", () => {
      throw new Error("EMFILE");
    });
    await using real = await startRealChild("exit 3", { isolation: "cgroup" });
    vi.doUnmock("../../src/process/cgroup.ts");
    expect((await real.gone).status).toEqual({ kind: "exit", code: 3 });
  });
});

/** A child of which nothing is there yet, and what brings it. */
function prepare() {
  const given = newPromise<Environment>();
  const taken = newPromise<ChildPipe>();
  const gone = newPromise<ChildEnd>();
  let givenUp: AbortSignal | undefined;
  const tools: ChildTools = {
    pipes: { take: () => taken.promise, close: async () => {} },
    sweeper: createSweeper(processTable),
    table: processTable,
    memoryKills: { watch() {}, haveHappened: async () => false },
    roll: noRoll,
  };
  const told: string[] = [];
  const child = startChild(
    {
      command: "true",
      cwd: process.cwd(),
      run: "run",
      environment(signal) {
        givenUp = signal;
        return given.promise;
      },
    },
    {
      onPoorPipe: () => told.push("poor pipe"),
      onStarted: () => told.push("started"),
      onOutput: () => told.push("output"),
      onStopOutput: () => told.push("stop output"),
      onStopFailed: () => told.push("stop failed"),
      onExited: () => told.push("exited"),
      onGone(end) {
        told.push("gone");
        gone.resolve(end);
      },
    },
    tools,
  );
  return { child, given, taken, gone: gone.promise, told, isGivenUp: () => givenUp?.aborted };
}

function newPromise<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((onResolve) => {
    resolve = onResolve;
  });
  return { promise, resolve };
}

function openPipe(): ChildPipe {
  const [stdin, reader, writer] = [0, 1, 2].map(() => openSync("/dev/null", "r+"));
  return { stdin: stdin ?? -1, reader: reader ?? -1, writer: writer ?? -1 };
}

describe("a child that is still being prepared", () => {
  const stopped = {
    status: {
      kind: "unstarted",
      reason: "it was stopped before it had started",
      isLasting: false,
    },
    swept: [],
    spared: [],
    unstoppable: [],
    isOutputHeld: false,
  };

  it.each(["stop", "kill"] as const)("is gone after a %s, whatever never comes", async (how) => {
    const { child, gone, told, isGivenUp } = prepare();
    expect(isGivenUp()).toBe(false);
    if (how === "stop") child.stop(defaultStopPolicy(1_000));
    else child.kill();
    expect(await gone).toEqual(stopped);
    expect([told, isGivenUp()]).toEqual([["gone"], true]);
  });

  it("gives back a pipe that comes after that, and is not started", async () => {
    const { child, gone, given, taken, told } = prepare();
    child.stop(defaultStopPolicy(1_000));
    await gone;
    const pipe = openPipe();
    given.resolve(new Map());
    taken.resolve(pipe);
    await turn();
    for (const fd of [pipe.reader, pipe.writer]) expect(() => fstatSync(fd)).toThrow("EBADF");
    // It is shared.
    fstatSync(pipe.stdin);
    closeSync(pipe.stdin);
    expect(told).toEqual(["gone"]);
  });

  it("gives back a pipe that it has when it is stopped", async () => {
    const { child, gone, taken } = prepare();
    const pipe = openPipe();
    taken.resolve(pipe);
    await turn();
    child.kill();
    await gone;
    await turn();
    for (const fd of [pipe.reader, pipe.writer]) expect(() => fstatSync(fd)).toThrow("EBADF");
    closeSync(pipe.stdin);
  });
});
