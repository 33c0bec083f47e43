/** `procman wait`: returns when processes of a running app are ready. */
import { readDurationMs } from "../core/duration.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { textOf } from "./options.ts";
import { complain } from "./report.ts";
import { findRunning } from "./running.ts";
import { settle } from "./settle.ts";

const defaultTimeout = "60s";
/** No timer can be set for longer. */
const maxTimeoutMs = 2 ** 31 - 1;

export async function wait(names: readonly string[], options: Options): Promise<number> {
  const text = textOf(options, "timeout") ?? defaultTimeout;
  const timeoutMs = readDurationMs(text);
  if (timeoutMs === undefined || timeoutMs > maxTimeoutMs) {
    const problem = timeoutMs === undefined ? "is no duration" : "is longer than can be waited";
    complain(`--timeout "${text}" ${problem}; give one such as 30s, 500ms or 2m`);
    return exitCodes.usage;
  }
  const running = await findRunning(options, "wait");
  if (typeof running === "number") return running;
  return settle(running, { what: "ready", names, timeoutMs });
}
