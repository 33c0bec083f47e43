/** `procman stop`: stops processes of a running app; without names the app, and procman itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "../control/client.ts";
import { isSamePidSpace } from "../core/roll.ts";
import { readRoll } from "../process/hold.ts";
import { pidSpaceHere } from "../process/incarnation.ts";
import { hasEnded } from "../process/process-table.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { printLine } from "./print.ts";
import { explain, findRunning, type RunningProcman } from "./running.ts";
import { settle } from "./settle.ts";

export async function stop(names: readonly string[], options: Options): Promise<number> {
  const running = await findRunning(options, "stop");
  if (typeof running === "number") return running;
  const answer = await (names.length === 0 ? stopAll(running) : stopSome(running, names));
  if (typeof answer === "number") return answer;
  if (answer.is !== "answered") return explain(running, answer);
  await printLine(
    options.has("json")
      ? JSON.stringify(answer.body, undefined, 2)
      : `Stopping ${names.join(", ") || "the app"}... done`,
  );
  return exitCodes.done;
}

/** An exit code, when it has not come about. */
async function stopSome(
  running: RunningProcman,
  names: readonly string[],
): Promise<Answer | number> {
  const answer = await running.client.ask("POST", "/procman/v1/stop", { names });
  if (answer.is !== "answered") return answer;
  const exitCode = await settle(running, { what: "settled", names });
  return exitCode === exitCodes.done ? answer : exitCode;
}

const lookAgainMs = 5;
/** Who has ended its app needs no more for its own end. */
const endMs = 5_000;

/** The reply ends when procman does, and a moment later it is gone, and its lock is free. */
async function stopAll({ client, folder }: RunningProcman): Promise<Answer> {
  const head = readRoll(folder)?.head;
  const isInContainer = head !== undefined && !isSamePidSpace(head, pidSpaceHere());
  const answer = await client.askAndWait("POST", "/procman/v1/shutdown");
  // Its pid is another's here.
  if (answer.is !== "answered" || isInContainer) return answer;
  // Nobody may be there to reap it.
  for (let waitedMs = 0; waitedMs < endMs && !hasEnded(client.pid); waitedMs += lookAgainMs) {
    await sleep(lookAgainMs);
  }
  return answer;
}
