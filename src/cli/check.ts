/** `procman check`: reads everything, starts nothing, prints every mistake that is in it. */
import type { App } from "../config/load.ts";
import { loadApp } from "../config/load.ts";
import { formatDiagnostic, isError, type Result } from "../core/diagnostic.ts";
import type { ProcessType } from "../core/procfile.ts";
import { formatLocalTime, offsetMinutesAt } from "../schedule/local-time.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { loadRequest, stdoutKind } from "./options.ts";
import { print } from "./print.ts";

export async function check(options: Options): Promise<number> {
  const result = await loadApp(loadRequest(options, [], false));
  const text = options.has("json") ? asJson(result) : await asText(result, options);
  await print(text);
  return result.ok ? exitCodes.done : exitCodes.failed;
}

function asJson(result: Result<App>): string {
  const { ok, diagnostics } = result;
  const types = ok
    ? result.value.types.map(({ name, command, line }) => ({ name, command, line }))
    : [];
  return `${JSON.stringify({ ok, types, diagnostics }, undefined, 2)}\n`;
}

async function asText(result: Result<App>, options: Options): Promise<string> {
  const isColoured = stdoutKind(options) === "colour";
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: isColoured ? 1 : 0 });
  const lines = result.diagnostics.map((diagnostic) => {
    const { severity } = diagnostic;
    const word = severity === "error" ? chalk.red(severity) : chalk.yellow(severity);
    return formatDiagnostic(diagnostic).replace(` ${severity}: `, ` ${word}: `);
  });
  const runs = result.ok ? await nextRuns(result.value.types) : [];
  return `${[...lines, ...runs, ...summary(result)].join("\n")}\n`;
}

async function nextRuns(types: readonly ProcessType[]): Promise<readonly string[]> {
  const scheduled = types.flatMap(({ name, schedule }) => (schedule ? [{ name, schedule }] : []));
  if (scheduled.length === 0) return [];
  const { createNextRun } = await import("../schedule/next-run.ts");
  return scheduled.flatMap(({ name, schedule }) => {
    const nextMs = createNextRun(schedule)(Date.now());
    if (nextMs === undefined) return [];
    return [`${name} is due next on ${formatLocalTime(nextMs, offsetMinutesAt(nextMs))}`];
  });
}

function summary(result: Result<App>): readonly string[] {
  const errors = result.diagnostics.filter(isError).length;
  const warnings = result.diagnostics.length - errors;
  if (!result.ok) return [`${count(errors, "error")}, ${count(warnings, "warning")}`];
  const { types, notes } = result.value;
  const names = types.map(({ name }) => name).join(", ");
  const found = `${count(types.length, "process type")}: ${names}`;
  return [
    ...notes,
    warnings > 0 ? `${found}; ${count(warnings, "warning")}` : `${found}; all is well`,
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
