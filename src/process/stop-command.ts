/** Runs what shall stop a process in place of a signal, as `docker rm -f x` does. */
import type { Environment } from "../core/environment.ts";
import { describeExit, isSuccess } from "../core/exit-status.ts";
import { readOutput } from "./output.ts";
import type { PipeMaker } from "./pipe.ts";
import { settledWithin } from "./settled-within.ts";
import { giveUpMs, signalGroup } from "./signal.ts";
import { spawnInSession } from "./spawn.ts";

export interface StopCommand {
  readonly command: string;
  readonly cwd: string;
  readonly environment: Environment;
}

/**
 * Why it has failed, as in `exited with code 1`, else undefined. Its group gets SIGKILL once `killed`
 * resolves, and is not waited for much longer. What leaves the group carries the mark of the run.
 */
export async function runStopCommand(
  request: StopCommand,
  killed: Promise<void>,
  onOutput: (bytes: Buffer) => void,
  pipes: PipeMaker,
): Promise<string | undefined> {
  // What little it says fits into what Node has.
  const pipe = await pipes.take().catch(() => undefined);
  const spawned = await spawnInSession(request, pipe);
  if (spawned.kind === "unstarted") return describeExit(spawned);
  const output = readOutput(spawned.output, onOutput);
  let pgid: number | undefined = spawned.pid;
  void killed.then(() => pgid !== undefined && signalGroup(pgid, "SIGKILL"));
  const status = await Promise.race([
    spawned.exit,
    killed.then(() => settledWithin(spawned.exit, giveUpMs)),
  ]);
  // SIGKILL may not have reached it.
  if (typeof status === "boolean") return undefined;
  pgid = undefined;
  await output.drained();
  return isSuccess(status) ? undefined : describeExit(status);
}
