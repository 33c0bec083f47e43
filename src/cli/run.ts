/** `procman run`: a one-off in the app's environment, on this terminal, with its own end. */
import { type App, loadApp } from "../config/load.ts";
import { appVariables, mergeLayers } from "../core/environment.ts";
import { firstPorts } from "../core/plan.ts";
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
  const { exitCode, signal, problem } = await runOneOff({
    command: commandOf(app, words),
    cwd: app.root,
    environment: environmentOf(app, words[0] ?? ""),
  });
  if (problem !== undefined) complain(problem);
  // The caller then sees the same end as if it had started the command itself.
  if (signal !== undefined) process.kill(process.pid, signal);
  return exitCode;
}

/** A process type's name stands for its command; one word is a line for the shell. */
function commandOf({ types }: App, words: readonly string[]): string {
  const [first = "", ...rest] = words;
  const type = types.find(({ name }) => name === first);
  if (type) return withArguments(type.command, rest);
  return rest.length === 0 ? first : words.map(quoteWord).join(" ");
}

function environmentOf(app: App, name: string): ReadonlyMap<string, string> {
  const ports = firstPorts(app.types, app.basePort);
  return new Map([
    ...mergeLayers(app.layers),
    ...appVariables(app.name, ports),
    ["PORT", String(ports.get(name) ?? app.basePort)],
    // The pid tells one-offs apart that run at the same time.
    ["PS", `run.${process.pid}`],
  ]);
}
