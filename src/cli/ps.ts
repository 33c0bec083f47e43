/** `procman ps`: what runs, as the running procman has it. */
import { setTimeout as sleep } from "node:timers/promises";
import { findNearest } from "../core/nearest.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { stdoutKind } from "./options.ts";
import { print } from "./print.ts";
import { type Dyno, formatProcesses, formatWide, type ProcessTypeRow } from "./ps-table.ts";
import { complain } from "./report.ts";
import { explain, findRunning, type RunningProcman } from "./running.ts";

interface Status {
  readonly formation: readonly ProcessTypeRow[];
  readonly dynos: readonly Dyno[];
}

const everyMs = 1_000;
const home = "\x1b[H\x1b[J";

export async function ps(names: readonly string[], options: Options): Promise<number> {
  const running = await findRunning(options, "ps");
  if (typeof running === "number") return running;
  const isOnScreen = options.has("watch") && stdoutKind(options) !== "none";
  for (;;) {
    const text = await describe(running, names, options);
    if (typeof text === "number") return text;
    await print(isOnScreen ? `${home}${text}` : text);
    if (!options.has("watch")) return exitCodes.done;
    await sleep(everyMs);
  }
}

async function describe(
  running: RunningProcman,
  names: readonly string[],
  options: Options,
): Promise<string | number> {
  const isMeasured = options.has("wide") || options.has("json");
  const answer = await running.client.ask(
    "GET",
    `/procman/v1/status${isMeasured ? "?usage=1" : ""}`,
  );
  if (answer.is !== "answered") return explain(running, answer);
  const status = answer.body as Status;
  const unknown = findUnknown(names, status);
  if (unknown !== undefined) {
    complain(unknown);
    return exitCodes.usage;
  }
  const isNamed = ({ type, name }: { readonly type: string; readonly name?: string }) =>
    names.length === 0 || names.includes(type) || (name !== undefined && names.includes(name));
  const dynos = status.dynos.filter(isNamed);
  if (options.has("json")) return `${JSON.stringify(dynos, undefined, 2)}\n`;
  const now = { timeMs: Date.now(), offsetMinutes: -new Date().getTimezoneOffset() };
  if (options.has("wide")) return formatWide(dynos, now);
  const types = status.formation.filter(
    (type) => isNamed(type) || dynos.some((dyno) => dyno.type === type.type),
  );
  return formatProcesses(types, dynos, now);
}

function findUnknown(names: readonly string[], { formation, dynos }: Status): string | undefined {
  const known = [...formation.map(({ type }) => type), ...dynos.map(({ name }) => name)];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return undefined;
  const lines = unknown.map((name) => {
    const nearest = findNearest(name, known);
    const hint = nearest ? `did you mean "${nearest}"?` : `there is ${known.join(", ")}`;
    return `no process or process type "${name}" runs here; ${hint}`;
  });
  return lines.join("\nprocman: ");
}
