import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSettingsFile } from "../../src/config/settings-file.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";

async function read(text: string) {
  return parseSettingsFile(new TextEncoder().encode(text), "procman.yml");
}

async function valuesOf(text: string) {
  const result = await read(text);
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join("\n"));
  return result.value.values;
}

async function problemsOf(text: string) {
  return (await read(text)).diagnostics.map(formatDiagnostic);
}

describe("a settings file", () => {
  it.each<[name: string, text: string, values: object]>([
    ["nothing", "", {}],
    ["a comment", "# nothing yet\n", {}],
    ["a name alone", "types:\n", { types: new Map() }],
    ["a type alone", "types: {web: }\n", { types: new Map([["web", {}]]) }],
    ["a text", "name: shop", { name: "shop" }],
    ["a text that looks like a number", "name: 1.10", { name: "1.10" }],
    ["a switch", "dyno: on", { dyno: true }],
    ["a number", "port: 5000", { port: 5000 }],
    ["one in place of a list", "env: .env.local", { env: [".env.local"] }],
    ["a list", "env: [.env, .env.local]", { env: [".env", ".env.local"] }],
    ["a size", "log: {size: 1.5M, files: 3}", { log: { size: 1_572_864, files: 3 } }],
    ["a value in place of a map", "log: off", { log: { keep: false } }],
    [
      "counts",
      "formation: {web: 2, all: 0}",
      { formation: new Map(Object.entries({ web: 2, all: 0 })) },
    ],
    [
      "a duration",
      "types: {web: {stop: {timeout: 1.5m}}}",
      { types: new Map([["web", { stop: { timeout: 90_000 } }]]) },
    ],
    [
      "variables, as they are written",
      "types:\n  web:\n    env:\n      A: 0123\n      B: ''\n      C: true\n      D: |\n        two\n        lines\n      E:\n",
      {
        types: new Map([
          [
            "web",
            {
              env: new Map(
                Object.entries({ A: "0123", B: "", C: "true", D: "two\nlines\n", E: "" }),
              ),
            },
          ],
        ]),
      },
    ],
    [
      "an alias",
      "types:\n  web: {env: &e {A: '1'}}\n  worker: {env: *e}\n",
      {
        types: new Map(
          ["web", "worker"].map((name) => [name, { env: new Map([["A", "1"]]) }] as const),
        ),
      },
    ],
    [
      "names that objects have",
      "types: {__proto__: {quiet: true}}",
      {
        types: new Map([["__proto__", { quiet: true }]]),
      },
    ],
  ])("%s", async (_, text, values) => {
    expect(await valuesOf(text)).toEqual(values);
  });

  it.each<[name: string, text: string, problems: readonly string[]]>([
    [
      "all mistakes at once",
      "nmae: shop\nport: 70000\ntypes:\n  web:\n    stop: {timeout: 5, signal: SIGTREM}\n    quiet: perhaps\n",
      [
        'procman.yml:1:1: error: there is no setting "nmae"; did you mean "name"?',
        'procman.yml:2:7: error: "70000" is not a whole number from 1 to 65535',
        'procman.yml:5:21: error: "5" is not a duration such as 500ms, 10s or 5m; it needs a unit, as in 5s',
        'procman.yml:5:32: error: "SIGTREM" is not one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGKILL; did you mean "SIGTERM"?',
        'procman.yml:6:12: error: "perhaps" is not true or false',
      ],
    ],
    [
      "an unknown name within a type",
      "types:\n  web: {restrat: never}\n",
      [
        'procman.yml:2:9: error: there is no setting "restrat" in types.web; did you mean "restart"?',
      ],
    ],
    [
      "a name that objects have",
      "constructor: 1",
      [
        expect.stringContaining(
          'procman.yml:1:1: error: there is no setting "constructor"; there are name',
        ),
      ],
    ],
    [
      "a list in place of a map",
      "types: [web]",
      ['procman.yml:1:8: error: "types" needs a map from each process type to its settings'],
    ],
    [
      "a text in place of all",
      "web",
      [expect.stringContaining("procman.yml:1:1: error: the file needs a map of name, procfile")],
    ],
    ["a map in place of a text", "name: {a: 1}", ['procman.yml:1:7: error: "name" needs a text']],
    ["nothing in place of a text", "name:", ['procman.yml:1:6: error: "name" needs a text']],
    [
      "the same name twice",
      "port: 1\nport: 2",
      ["procman.yml:2:1: error: Map keys must be unique"],
    ],
    [
      "what YAML takes for an alias, once",
      "types:\n  web: {schedule: */5 * * * *}",
      [
        'procman.yml:2:23: error: Unexpected alias at node end; a text with * at its beginning needs quotes: "*…"',
      ],
    ],
    ["no YAML", "a: [1", [expect.stringMatching(/^procman\.yml:1:\d+: error: /)]],
    [
      "a size without its unit",
      "log: {size: 10}",
      [
        'procman.yml:1:13: error: "10" is not a size such as 64K, 512M or 2G; it needs a unit, as in 10M',
      ],
    ],
    [
      "what no timer can be set for, and pauses that are none",
      "types:\n  web:\n    stop: {timeout: 25d}\n    live: {tcp: 1, interval: 0s, timeout: 0.4ms}\n    watch: {paths: a, debounce: 0s}\n",
      [
        'procman.yml:3:21: error: "25d" is not a duration such as 500ms, 10s or 5m; it goes from 0s to 24d',
        'procman.yml:4:30: error: "0s" is not a duration such as 500ms, 10s or 5m; it goes from 1ms to 24d',
        'procman.yml:4:43: error: "0.4ms" is not a duration such as 500ms, 10s or 5m; it goes from 1ms to 24d',
      ],
    ],
    [
      "several documents",
      "port: 1\n---\nport: 2\n",
      ["procman.yml:2:1: error: Source contains multiple documents"],
    ],
    [
      "an alias that stands for nothing",
      "name: *a",
      ['procman.yml:1:7: error: no "&a" is above it'],
    ],
  ])("says what is wrong: %s", async (_, text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });

  it("says where a setting stands", async () => {
    const result = await read("name: shop\ntypes:\n  web:\n    quiet: true\n");
    if (!result.ok) throw new Error("not ok");
    const { placeOf } = result.value;
    expect(placeOf(["types", "web", "quiet"])).toEqual({ file: "procman.yml", line: 4, column: 5 });
    expect(placeOf(["types", "web", "stop"])).toEqual({ file: "procman.yml", line: 3, column: 3 });
    expect(placeOf(["port"])).toEqual({ file: "procman.yml" });
  });

  it("never throws, and says where every mistake is", async () => {
    const word = fc.constantFrom(
      "types",
      "web",
      "env",
      "stop",
      ":",
      " ",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&a",
      "*a",
      "!!x",
      "1",
      "5s",
      "'",
      '"',
      "|",
      "?",
      "<<",
      ",",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 40 }), async (words) => {
        for (const { file, line } of (await read(words.join(""))).diagnostics) {
          expect(file).toBe("procman.yml");
          expect(line).toBeGreaterThan(0);
        }
      }),
    );
  });
});
