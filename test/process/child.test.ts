import { describe, expect, it } from "vitest";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import { startChild } from "../../src/process/child.ts";
import { type MemoryKills, memoryKills } from "../../src/process/memory-kills.ts";
import { createPipeMaker } from "../../src/process/pipe.ts";
import { processTable } from "../../src/process/process-table.ts";
import { createSweeper } from "../../src/process/sweep.ts";

/** How a command ends, when the kernel's counter goes on like this. */
async function endOf(command: string, counts: readonly (number | undefined)[]) {
  const left = [...counts];
  const kills: MemoryKills = { count: async () => left.shift() };
  const pipes = createPipeMaker(1);
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
        onExited() {},
        onGone: (end) => resolve(end.status),
      },
      { pipes, sweeper: createSweeper(processTable), table: processTable, memoryKills: kills },
    );
  });
  await pipes.close();
  return status;
}

const killed = { kind: "signal", signal: "SIGKILL", number: 9 };
const outOfMemory = { ...killed, cause: "out of memory" };

describe("the end of a child", () => {
  it.each([
    ["SIGKILL while the kernel has killed for memory", "kill -KILL $$", [3, 4], outOfMemory],
    ["SIGKILL while it has not", "kill -KILL $$", [3, 3], killed],
    ["SIGKILL where it does not say", "kill -KILL $$", [undefined, undefined], killed],
    ["a shell's code for SIGKILL", "sh -c 'kill -KILL $$'; exit $?", [0, 1], outOfMemory],
    ["another end meanwhile", "exit 3", [3, 4], { kind: "exit", code: 3 }],
  ])("%s", async (_, command, counts, status) => {
    expect(await endOf(command, counts)).toEqual(status);
  });
});

describe("memoryKills", () => {
  it("is a number on Linux", async () => {
    const count = await memoryKills.count();
    if (process.platform === "linux") expect(count).toBeGreaterThanOrEqual(0);
    else expect(count).toBeUndefined();
  });
});
