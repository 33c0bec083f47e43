import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CommandSpec, OptionSpec } from "../../src/cli/call.ts";
import { commands, optionsOf } from "../../src/cli/commands.ts";
import { parseFully } from "../../src/cli/parse-fully.ts";
import { parseQuickly } from "../../src/cli/parse-quickly.ts";

async function optionsBothWays(args: readonly string[]): Promise<object> {
  const quick = parseQuickly(args);
  const full = await parseFully(args);
  if (quick === undefined || typeof full === "number") throw new Error(`not understood: ${args}`);
  expect({ ...quick, options: Object.fromEntries(quick.options) }).toEqual({
    ...full,
    options: Object.fromEntries(full.options),
  });
  return Object.fromEntries(quick.options);
}

describe("a letter of the command's own", () => {
  it.each<[args: string[], options: object]>([
    [["logs", "-d", "web.1"], { dyno: "web.1" }],
    [["logs", "-f"], { follow: true }],
    [["logs", "-fd", "web.1", "-n5"], { follow: true, dyno: "web.1", num: "5" }],
    [["logs", "--root", "x", "--procfile", "y"], { root: "x", procfile: "y" }],
    [["start", "-d", "x", "-f", "y"], { root: "x", procfile: "y" }],
    [["check", "-d", "x"], { root: "x" }],
  ])("wins after its name: %j", async (args, options) => {
    expect(await optionsBothWays(args)).toEqual(options);
  });

  it("means before the name what it always does", async () => {
    const call = await parseFully(["-d", "x", "-f", "y", "logs", "-d", "web.1", "-f"]);
    expect(typeof call === "number" ? call : Object.fromEntries(call.options)).toEqual({
      root: "x",
      procfile: "y",
      dyno: "web.1",
      follow: true,
    });
  });
});

describe("an option that is a list", () => {
  it.each<[args: string[], options: object]>([
    [["logs", "-p", "web"], { ps: "web" }],
    [["logs", "-p", "web", "--ps=worker,clock", "-pother"], { ps: "web,worker,clock,other" }],
    [["logs", "-d", "web.1", "-p", "web", "-d", "web.2"], { dyno: "web.1,web.2", ps: "web" }],
    [["logs", "-n", "1", "-n", "2"], { num: "2" }],
  ])("has all its values: %j", async (args, options) => {
    expect(await optionsBothWays(args)).toEqual(options);
  });
});

describe("both ways to read a command line", () => {
  const word = fc.constantFrom("web", "worker.2", "10");

  function optionArgs({ name, short, value }: OptionSpec): fc.Arbitrary<readonly string[]> {
    const flag = fc.constantFrom(`--${name}`, ...(short === undefined ? [] : [`-${short}`]));
    return value === undefined ? fc.tuple(flag) : fc.tuple(flag, word);
  }

  function commandArgs(command: CommandSpec): fc.Arbitrary<readonly string[]> {
    // Of an option and its opposite the later one wins for commander, and both are there for Node.
    const key = ({ name }: OptionSpec) => name.replace(/^no-/, "");
    return fc
      .uniqueArray(fc.constantFrom(...optionsOf(command)), { maxLength: 6, selector: key })
      .chain((options) => fc.tuple(...options.map(optionArgs)))
      .map((options) => [command.name, ...options.flat()]);
  }

  it("agree", async () => {
    const plain = commands.filter(({ takesAll }) => !takesAll);
    const args = fc.constantFrom(...plain).chain(commandArgs);
    await fc.assert(fc.asyncProperty(args, async (given) => void (await optionsBothWays(given))));
  });

  it("know every command by its other names", async () => {
    for (const { name, aliases = [], takesAll } of commands) {
      for (const alias of aliases) {
        const full = await parseFully([alias]);
        expect(typeof full === "number" ? full : full.command.name).toBe(name);
        expect(parseQuickly([alias])?.command.name).toBe(takesAll ? undefined : name);
      }
    }
  });
});
