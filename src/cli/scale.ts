/** `procman scale`: changes the formation of a running app, all of it or none, or prints it. */
import { formatFormation, readScaleWords, type ScaleChange } from "../core/scale.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { printLine } from "./print.ts";
import { complain } from "./report.ts";
import { explain, findRunning, type RunningProcman } from "./running.ts";
import { settle } from "./settle.ts";

interface Quantity {
  readonly type: string;
  readonly quantity: number;
}

export async function scale(words: readonly string[], options: Options): Promise<number> {
  const changes = readScaleWords(words, "scale");
  if (!changes.ok) {
    for (const { message, hint } of changes.diagnostics) complain(`${message}; ${hint}`);
    return exitCodes.usage;
  }
  const running = await findRunning(options, "scale");
  if (typeof running === "number") return running;
  return words.length === 0
    ? printFormation(running, options)
    : change(running, changes.value, options);
}

async function printFormation(running: RunningProcman, options: Options): Promise<number> {
  const answer = await running.client.ask("GET", "/procman/v1/status");
  if (answer.is !== "answered") return explain(running, answer);
  const { formation } = answer.body as { formation: readonly Quantity[] };
  const quantities = new Map(formation.map(({ type, quantity }) => [type, quantity]));
  const text = options.has("json")
    ? JSON.stringify(Object.fromEntries(quantities))
    : formatFormation(quantities);
  await printLine(text);
  return exitCodes.done;
}

async function change(
  running: RunningProcman,
  changes: readonly ScaleChange[],
  options: Options,
): Promise<number> {
  const updates = changes.map(({ type, how, amount }) => ({
    type,
    quantity: how === "set" ? amount : `${amount < 0 ? "" : "+"}${amount}`,
  }));
  const answer = await running.client.ask("POST", "/procman/v1/scale", { updates });
  if (answer.is !== "answered") return explain(running, answer);
  const { formation } = answer.body as { formation: readonly Quantity[] };
  const names = changes.map(({ type }) => type);
  const what = options.has("wait") ? "ready" : "settled";
  const exitCode = await settle(running, { what, names });
  const now = formation.filter(({ type }) => names.includes(type));
  const text = options.has("json")
    ? JSON.stringify(answer.body, undefined, 2)
    : `Scaling processes... done, now running ${now.map(({ type, quantity }) => `${type} at ${quantity}`).join(", ")}`;
  if (exitCode === exitCodes.done) await printLine(text);
  return exitCode;
}
