/** A child with real processes behind it, without a supervisor. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { Isolation } from "../../src/core/isolation.ts";
import { type Child, type ChildEnd, startChild } from "../../src/process/child.ts";
import { createPipeMaker } from "../../src/process/pipe.ts";
import { processTable } from "../../src/process/process-table.ts";
import { createSweeper } from "../../src/process/sweep.ts";

export interface RealChild extends AsyncDisposable {
  readonly child: Child;
  readonly folder: string;
  /** The value of its mark. */
  readonly run: string;
  /** `out LINE` and `stop LINE` for what is printed, then `failed REASON` and `exited`. */
  readonly told: readonly string[];
  /** Until something that begins like this was told. */
  until(told: string): Promise<void>;
  readonly gone: Promise<ChildEnd>;
}

let runs = 0;

/** `command` gets a folder of its own as `$DIR`, in which it runs. */
export async function startRealChild(
  command: string,
  { onExited, isolation }: { onExited?: (child: Child) => void; isolation?: Isolation } = {},
) {
  runs += 1;
  const folder = mkdtempSync(join(tmpdir(), "real-child-"));
  const run = `real-child-${process.pid}.${runs}`;
  const pipes = createPipeMaker(join(folder, "pipes"), 1);
  const told: string[] = [];
  const print = (from: string) => (bytes: Buffer) =>
    told.push(
      ...bytes
        .toString()
        .trimEnd()
        .split("\n")
        .map((line) => `${from} ${line}`),
    );
  const { PATH = "" } = process.env;
  const environment = new Map([
    ["PROCMAN_RUN", run],
    ["DIR", folder],
    ["PATH", PATH],
    ["PS", "a.1"],
  ]);
  let resolve: (end: ChildEnd) => void = () => {};
  const gone = new Promise<ChildEnd>((onGone) => {
    resolve = onGone;
  });
  const child: Child = startChild(
    { command, cwd: folder, run, environment: async () => environment, isolation },
    {
      onPoorPipe: (reason) => told.push(`poor pipe: ${reason}`),
      onStarted: () => told.push("started"),
      onOutput: print("out"),
      onStopOutput: print("stop"),
      onStopFailed: (_, reason) => told.push(`failed ${reason}`),
      onExited() {
        told.push("exited");
        onExited?.(child);
      },
      onGone: resolve,
    },
    {
      pipes,
      sweeper: createSweeper(processTable),
      table: processTable,
      memoryKills: { watch() {}, haveHappened: async () => false },
      roll: { add() {}, remove() {}, moveTo() {}, isKept: () => false, clear() {} },
    },
  );
  const real: RealChild = {
    child,
    folder,
    run,
    told,
    until: (text) =>
      vi.waitFor(
        () => {
          if (!told.some((line) => line.startsWith(text))) throw new Error(`only ${told}`);
        },
        { interval: 5, timeout: 10_000 },
      ),
    gone,
    async [Symbol.asyncDispose]() {
      child.kill();
      await gone;
      await pipes.close();
      rmSync(folder, { recursive: true });
    },
  };
  return real;
}
