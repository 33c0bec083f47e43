/** `procman stop`: stops processes of a running app; without names the app, and procman itself. */
import { setTimeout as sleep } from "node:timers/promises";
import { signalProcess } from "../process/signal.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { printLine } from "./print.ts";
import { explain, findRunning, type RunningProcman } from "./running.ts";
import { settle } from "./settle.ts";

export async function stop(names: readonly string[], options: Options): Promise<number> {
  const running = await findRunning(options, "stop");
  if (typeof running === "number") return running;
  const exitCode = await (names.length === 0 ? stopAll(running) : stopSome(running, names));
  if (exitCode === exitCodes.done && !options.has("json")) {
    await printLine(`Stopping ${names.join(", ") || "the app"}... done`);
  }
  return exitCode;
}

async function stopSome(running: RunningProcman, names: readonly string[]): Promise<number> {
  const answer = await running.client.ask("POST", "/procman/v1/stop", { names });
  return answer.is === "answered"
    ? settle(running, { what: "settled", names })
    : explain(running, answer);
}

const lookAgainMs = 5;

/** The reply ends when procman does, and a moment later it is gone, and its lock is free. */
async function stopAll(running: RunningProcman): Promise<number> {
  const answer = await running.client.askAndWait("POST", "/procman/v1/shutdown");
  if (answer.is !== "answered") return explain(running, answer);
  while (signalProcess(running.client.pid, 0) !== "gone") await sleep(lookAgainMs);
  return exitCodes.done;
}
