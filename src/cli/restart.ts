/** `procman restart`: restarts processes of a running app, and starts what has ended or was stopped. */
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { printLine } from "./print.ts";
import { explain, findRunning } from "./running.ts";
import { settle } from "./settle.ts";

export async function restart(names: readonly string[], options: Options): Promise<number> {
  const running = await findRunning(options, "restart");
  if (typeof running === "number") return running;
  const answer = await running.client.ask("POST", "/procman/v1/restart", { names });
  if (answer.is !== "answered") return explain(running, answer, exitCodes.failed);
  const what = options.has("wait") ? "ready" : "settled";
  const exitCode = await settle(running, { what, names });
  if (exitCode !== exitCodes.done) return exitCode;
  const text = options.has("json")
    ? JSON.stringify(answer.body, undefined, 2)
    : `Restarting ${names.join(", ") || "processes"}... done`;
  await printLine(text);
  return exitCodes.done;
}
