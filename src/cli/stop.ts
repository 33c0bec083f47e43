/** `procman stop`: stops processes of a running app; without names the app, and procman itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../control/client.ts";
import { signalProcess } from "../process/signal.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { explain, findRunning } from "./running.ts";
import { settle } from "./settle.ts";

export async function stop(names: readonly string[], options: Options): Promise<number> {
  const running = await findRunning(options, "stop");
  if (typeof running === "number") return running;
  const { client } = running;
  const exitCode = await (names.length === 0 ? stopAll(client) : stopSome(client, names));
  if (exitCode === exitCodes.done && !options.has("json")) {
    process.stdout.write(`Stopping ${names.join(", ") || "the app"}... done\n`);
  }
  return exitCode;
}

async function stopSome(client: Client, names: readonly string[]): Promise<number> {
  const answer = await client.ask("POST", "/procman/v1/stop", { names });
  return answer.is === "answered" ? settle(client, { what: "settled", names }) : explain(answer);
}

const lookAgainMs = 5;

/** The reply ends when procman does, and a moment later it is gone, and its lock is free. */
async function stopAll(client: Client): Promise<number> {
  const answer = await client.askAndWait("POST", "/procman/v1/shutdown");
  if (answer.is !== "answered") return explain(answer);
  while (signalProcess(client.pid, 0) !== "gone") await sleep(lookAgainMs);
  return exitCodes.done;
}
