/** `procman restart`: restarts processes of a running app, and starts what has ended or was stopped. */
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { printLine } from "./print.ts";
import { explain, findRunning } from "./running.ts";
import { settle } from "./settle.ts";

export async function restart(names: readonly string[], options: Options): Promise<number> {
  const running = await findRunning(options, "restart");
  if (typeof running === "number") return running;
  const answer = await running.client.ask("POST", "/procman/v1/restart", {
    names,
    ...(options.has("rolling") && { rolling: true }),
  });
  if (answer.is !== "answered") return explain(running, answer, exitCodes.failed);
  let exitCode = await settle(running, { what: "settled", names });
  if (exitCode === exitCodes.done && options.has("wait")) {
    exitCode = await settle(running, { what: "ready", names });
  }
  if (exitCode !== exitCodes.done) return exitCode;
  const text = options.has("json")
    ? JSON.stringify(answer.body, undefined, 2)
    : `Restarting ${names.join(", ") || "processes"}... done`;
  await printLine(text);
  return exitCodes.done;
}
