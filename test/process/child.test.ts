import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import { startChild } from "../../src/process/child.ts";
import type { MemoryKills } from "../../src/process/memory-kills.ts";
import { createPipeMaker } from "../../src/process/pipe.ts";
import { processTable } from "../../src/process/process-table.ts";
import { createSweeper } from "../../src/process/sweep.ts";

const noGuardian = { add() {}, remove() {}, dismiss() {} };

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
        onExited() {},
        onGone: (end) => resolve(end.status),
      },
      {
        pipes,
        sweeper: createSweeper(processTable),
        table: processTable,
        memoryKills: kills,
        guardian: noGuardian,
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
