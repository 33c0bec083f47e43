/** From the command line to a command, and from its end to procman's: the one exit. */
import { parseQuickly } from "./parse-quickly.ts";

async function main(args: readonly string[]): Promise<number> {
  const call = parseQuickly(args) ?? (await (await import("./parse-fully.ts")).parseFully(args));
  return typeof call === "number" ? call : call.command.run(call.words, call.options);
}

void main(process.argv.slice(2)).then((exitCode) => process.exit(exitCode));
