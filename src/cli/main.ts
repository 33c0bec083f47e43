/** From the command line to a command, and from its end to procman's: the one exit. */

import { routerMark } from "../router/router-message.ts";
import { type Call, daemonChildMark } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { parseQuickly } from "./parse-quickly.ts";

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === routerMark) return (await import("../router/serve-router.ts")).serveRouter();
  const isDaemonChild = args[0] === daemonChildMark;
  const call = await parse(isDaemonChild ? args.slice(1) : args);
  if (typeof call === "number") return call;
  const { command, words, options } = call;
  return command.run(
    words,
    isDaemonChild ? new Map([...options, [daemonChildMark, true]]) : options,
  );
}

async function parse(args: readonly string[]): Promise<Call | number> {
  return parseQuickly(args) ?? (await import("./parse-fully.ts")).parseFully(args);
}

/** The only thing that cannot be known of the current folder is where it was. */
function explainLostFolder(error: unknown): number {
  if (!(error instanceof Error && "syscall" in error && error.syscall === "uv_cwd")) throw error;
  process.stderr.write("procman: the current folder has been deleted; go to another one\n");
  return exitCodes.failed;
}

void main(process.argv.slice(2))
  .catch(explainLostFolder)
  .then((exitCode) => process.exit(exitCode));
