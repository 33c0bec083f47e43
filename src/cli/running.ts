/** What every command that asks a running procman begins with, and says when that cannot answer. */
import { readRunningRoot } from "../config/root.ts";
import { type Answer, type Client, findClient } from "../control/client.ts";
import { findOwnFolder } from "../control/own-folder.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { rootRequest, textOf } from "./options.ts";
import { complain, reportDiagnostics } from "./report.ts";

export interface RunningProcman {
  readonly client: Client;
  /** The app's folder. */
  readonly root: string;
  /** The app's own. */
  readonly folder: string;
}

/** Of the app that the options or the current folder mean; `command` is named in its log. */
export async function findRunning(
  options: Options,
  command: string,
): Promise<RunningProcman | number> {
  const { root, diagnostics } = await readRunningRoot(rootRequest(options));
  reportDiagnostics(diagnostics);
  const folder = findOwnFolder(root);
  const client =
    folder === undefined ? undefined : findClient({ folder, name: `procman ${command}` });
  if (folder === undefined || client === undefined) return explainNotRunning(root);
  const running = { client, root, folder };
  const app = textOf(options, "app");
  return app === undefined ? running : checkName(running, app);
}

async function checkName(running: RunningProcman, app: string): Promise<RunningProcman | number> {
  const answer = await running.client.ask("GET", "/procman/v1/ping");
  if (answer.is !== "answered") return explain(running, answer);
  const { name } = answer.body as { readonly name: string };
  if (name === app) return running;
  complain(
    `the app that runs in ${running.root} is ${name}; leave out --app, or go to another folder`,
  );
  return exitCodes.usage;
}

/** What may be right the next time it is asked. */
const isForLater: ReadonlySet<string> = new Set(["conflict", "rate_limit"]);

/** Says why there is no answer, or a refusal; the exit code, for a refusal as given. */
export function explain(
  { root }: RunningProcman,
  answer: Exclude<Answer, { is: "answered" }>,
  refusedCode: number = exitCodes.usage,
): number {
  switch (answer.is) {
    case "refused":
      for (const line of answer.message.split("\n")) complain(line);
      if (answer.status >= 500 || isForLater.has(answer.id)) return exitCodes.failed;
      // Who names what is not there has mistyped it, whatever else may be refused.
      return answer.id === "not_found" ? exitCodes.usage : refusedCode;
    case "silent": {
      const { pid, afterMs } = answer;
      complain(
        `procman (pid ${pid}) has not answered within ${afterMs / 1_000} s; look at it with: ps -fp ${pid}, end it with: kill -9 ${pid}`,
      );
      return exitCodes.timedOut;
    }
    case "not-running":
      return explainNotRunning(root);
    case "gone":
      complain(
        `procman (pid ${answer.pid}) ended before it answered; start it with: procman start`,
      );
      return exitCodes.notRunning;
  }
}

function explainNotRunning(root: string): number {
  complain(`procman is not running in ${root}; start it with: procman start`);
  return exitCodes.notRunning;
}
