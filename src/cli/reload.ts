/** `procman reload`: takes over what has changed in the files, touches nothing else, and says what. */
import type { ReloadStep } from "../core/reload.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { printLine } from "./print.ts";
import { explain, findRunning } from "./running.ts";
import { settle } from "./settle.ts";

export async function reload(options: Options): Promise<number> {
  const running = await findRunning(options, "reload");
  if (typeof running === "number") return running;
  const isDryRun = options.has("dry-run");
  const answer = await running.client.ask("POST", "/procman/v1/reload", { dry_run: isDryRun });
  if (answer.is !== "answered") return explain(running, answer, exitCodes.failed);
  const { steps } = answer.body as { steps: readonly ReloadStep[] };
  const text = options.has("json") ? JSON.stringify(steps, undefined, 2) : describe(steps);
  await printLine(text);
  if (isDryRun || steps.length === 0) return exitCodes.done;
  return settle(running, { what: options.has("wait") ? "ready" : "settled", names: [] });
}

function describe(steps: readonly ReloadStep[]): string {
  if (steps.length === 0) return "Nothing has changed";
  const rows = steps.map(
    ({ type, what, instances, reason }) =>
      `${type}: ${what} ${instances.join(", ") || "it, without a process"} (${reason})`,
  );
  return rows.join("\n");
}
