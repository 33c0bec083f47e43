/** `procman run`: a one-off in the app's environment, on this terminal, with its own end. */
import { type App, loadApp } from "../config/load.ts";
import { appVariables, type Environment } from "../core/environment.ts";
import { firstPorts } from "../core/plan.ts";
import type { ProcessType } from "../core/procfile.ts";
import { environmentOfType, keyOfFiles, typeFilesOf } from "../core/type-files.ts";
import { runOneOff } from "../process/one-off.ts";
import { quoteWord, withArguments } from "../process/shell.ts";
import type { Options } from "./call.ts";
import { exitCodeFor } from "./exit-codes.ts";
import { loadRequest, stdoutKind } from "./options.ts";
import { complain, reportDiagnostics } from "./report.ts";

export async function run(words: readonly string[], options: Options): Promise<number> {
  const isColourShown = stdoutKind(options) === "colour";
  const loaded = await loadApp(loadRequest(options, [], isColourShown));
  reportDiagnostics(loaded.diagnostics);
  if (!loaded.ok) return exitCodeFor(loaded.diagnostics);
  const app = loaded.value;
  const type = app.types.find(({ name }) => name === words[0]);
  const launch = type?.launch ?? {};
  const { exitCode, signal, problem } = await runOneOff({
    command: commandOf(type, words),
    shell: type ? launch.shell : app.shell,
    cwd: launch.cwd ?? app.root,
    environment: await environmentOf(app, type),
  });
  if (problem !== undefined) complain(problem);
  // The caller then sees the same end as if it had started the command itself.
  if (signal !== undefined) process.kill(process.pid, signal);
  return exitCode;
}

/** A process type's name stands for its command; one word is a line for the shell. */
function commandOf(type: ProcessType | undefined, words: readonly string[]): string {
  const [first = "", ...rest] = words;
  if (type) return withArguments(type.command, rest);
  return rest.length === 0 ? first : words.map(quoteWord).join(" ");
}

async function environmentOf(app: App, type: ProcessType | undefined): Promise<Environment> {
  const ports = firstPorts(app.types, app.basePort);
  const read = new Map<string, Environment>();
  for (const own of type ? typeFilesOf(type) : []) {
    // They have been read before, and what was wrong with them been said.
    const result = await app.readTypeFiles(own);
    if (result.ok) read.set(keyOfFiles(own), result.value);
  }
  // The pid tells one-offs apart that run at the same time.
  const name = `run.${process.pid}`;
  const environment = new Map([
    ...environmentOfType(app.layers, type ?? {}, (own) => read.get(keyOfFiles(own))),
    ...appVariables(app.name, ports),
    ["PORT", String(ports.get(type?.name ?? "") ?? app.basePort)],
    ["PS", name],
  ]);
  if (app.isDyno) environment.set("DYNO", name);
  if (type?.isPortless) environment.delete("PORT");
  return environment;
}
