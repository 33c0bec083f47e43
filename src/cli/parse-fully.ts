/** Reads a command line with commander, which also explains what is wrong, and prints help. */
import { Command, CommanderError, Option } from "commander";
import manifest from "../../package.json" with { type: "json" };
import type { Call, CommandSpec, OptionSpec } from "./call.ts";
import { commands, globalOptions, optionsOf } from "./commands.ts";
import { completeBare } from "./complete-bare.ts";
import { exitCodes } from "./exit-codes.ts";

/** A number is the exit code: help was printed, or what is wrong. */
export async function parseFully(args: readonly string[]): Promise<Call | number> {
  let call: Call | undefined;
  const program = withOptions(new Command("procman"), globalOptions)
    .description("Runs, supervises and scales the process types of a Procfile.")
    .version(manifest.version, "-V, --version")
    .helpCommand("help [command]", "show the help of a command")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error:/, "procman:")),
    })
    .addHelpText("after", "\nExample:\n  $ procman start\n");
  for (const command of commands) {
    withOptions(program.command(`${command.name} ${command.words}`), optionsOf(command))
      .aliases(command.aliases ?? [])
      .description(command.summary)
      .passThroughOptions(command.takesAll)
      .addHelpText("after", `\n${command.after}`)
      .action((...given: unknown[]) => {
        const parsed = given.at(-1);
        if (parsed instanceof Command) call = callOf(command, parsed);
      });
  }
  try {
    await program.parseAsync(completeBare(args, optionsBehind(args)), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
  return call ?? exitCodes.usage;
}

/** What is an option there; none, where all belongs to another command. */
function optionsBehind(args: readonly string[]): readonly OptionSpec[] {
  const isNamed =
    ({ name, aliases = [] }: CommandSpec) =>
    (word: string) =>
      word === name || aliases.includes(word);
  const [first] = commands
    .map((command) => ({ command, at: args.findIndex(isNamed(command)) }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => one.at - other.at);
  return first === undefined || first.command.takesAll ? [] : optionsOf(first.command);
}

function withOptions(command: Command, options: readonly OptionSpec[]): Command {
  for (const { name, short, value, bare, isList, help } of options) {
    const flags = `${short === undefined ? "" : `-${short}, `}--${name}`;
    const option = new Option(
      value === undefined ? flags : `${flags} ${bare ? `[${value}]` : `<${value}>`}`,
      help,
    );
    if (isList) option.argParser(addToList);
    command.addOption(option);
  }
  return command;
}

function addToList(value: string, before: string | undefined): string {
  return before === undefined ? value : `${before},${value}`;
}

function callOf(command: CommandSpec, parsed: Command): Call {
  const options = new Map<string, string | true>();
  for (const { name } of optionsOf(command)) {
    const value = givenValue(parsed, name);
    if (value !== undefined) options.set(name, value);
  }
  return { command, words: parsed.args, options };
}

/** Behind the command's name or before it. */
function givenValue(parsed: Command, name: string): string | true | undefined {
  // To commander `--no-color` is `--color` switched off, and not to be switched off is a value too.
  const isOff = name.startsWith("no-");
  const key = camelCase(isOff ? name.slice("no-".length) : name);
  const giver = [parsed, parsed.parent].find((level) => level?.getOptionValueSource(key) === "cli");
  const value: unknown = giver?.getOptionValue(key);
  if (isOff) return value === false ? true : undefined;
  return typeof value === "string" || value === true ? value : undefined;
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
