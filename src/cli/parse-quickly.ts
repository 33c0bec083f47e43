/**
 * Reads a plain command line with what Node has. Whatever is not plain, wrong or a question is
 * left to commander, which takes a third of Node's own start-up time only to be loaded.
 */
import { parseArgs } from "node:util";
import type { Call, OptionSpec } from "./call.ts";
import { commands, optionsOf } from "./commands.ts";
import { completeBare } from "./complete-bare.ts";

/** Undefined when it takes more than this to understand it. */
export function parseQuickly(args: readonly string[]): Call | undefined {
  const [name, ...rest] = args;
  const command = commands.find(
    (known) => known.name === name || known.aliases?.includes(name ?? ""),
  );
  if (command === undefined || command.takesAll) return undefined;
  try {
    const { values, positionals } = parseArgs({
      args: completeBare(rest, optionsOf(command)),
      options: Object.fromEntries(optionsOf(command).map(parseArgsOption)),
      allowPositionals: command.words !== "",
    });
    const options = new Map<string, string | true>();
    for (const [option, value] of Object.entries(values)) {
      if (Array.isArray(value)) options.set(option, value.join(","));
      else if (typeof value === "string" || value === true) options.set(option, value);
    }
    return { command, words: positionals, options };
  } catch {
    return undefined;
  }
}

function parseArgsOption({ name, short, value, isList = false }: OptionSpec) {
  const type = value === undefined ? ("boolean" as const) : ("string" as const);
  const letter = short === undefined ? {} : { short };
  return [name, { type, multiple: isList, ...letter }] as const;
}
