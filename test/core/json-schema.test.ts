import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseSettingsFile } from "../../src/config/settings-file.ts";
import { jsonSchemaOf } from "../../src/core/json-schema.ts";
import type { Kind } from "../../src/core/schema.ts";
import { settingsSchema } from "../../src/core/settings-schema.ts";

const ajv = new Ajv({ allowUnionTypes: true });
const built = JSON.parse(
  readFileSync(new URL("../../dist/procman.schema.json", import.meta.url), "utf8"),
);
const isValid = ajv.compile(built);

async function isRead(text: string): Promise<boolean> {
  return (await parseSettingsFile(new TextEncoder().encode(text), "procman.yml")).ok;
}

describe("the JSON Schema", () => {
  it("is made of the settings by the build", () => {
    expect(built).toEqual(jsonSchemaOf(settingsSchema, "procman.yml"));
  });

  it.each([
    "",
    "types:",
    "name: shop\nprocfile: Procfile.dev\nport: 5000\ndyno: true\nshell: bash -c",
    "env: .env.local",
    "env: [.env, .env.local]",
    "formation: {web: 2, all: 0}",
    "log: off",
    "log: {keep: yes, size: 1.5M, files: 3}",
    "types: {web: , worker: {}}",
    "types: {web: {env: {A: 1, B: '', C: true, D: }, env_file: a.env, port: none}}",
    "types: {web: {stop: {signal: SIGINT, timeout: 1.5m, scope: leader, command: a b}}}",
    "types: {web: {restart: never, essential: true, color: red, quiet: false}}",
    "types: {web: {restart: {policy: always, max: 3, backoff: 250ms}}}",
    "types: {web: {ready: {log: '/listening on \\d+/i', timeout: 5s}, live: {http: /health}}}",
    "types: {web: {autoscale: {min: 0, max: 4, every: 1s, metric: echo 1, per: 0.5}}}",
    "types: {web: {depends_on: {db: ready, migrate: completed, cache: {restart_with: true}}}}",
  ])("takes %j, and so does the reader", async (text) => {
    expect([isValid(parse(text)), await isRead(text)]).toEqual([true, true]);
  });

  it.each([
    "web",
    "nmae: shop",
    "name:",
    "name: {a: 1}",
    "name: ''",
    "port: 70000",
    "port: 0",
    "env: {A: 1}",
    "env: [[a]]",
    "formation: {web: -1}",
    "formation: {web: }",
    "log: {size: 10}",
    "log: {szie: 10M}",
    "log: perhaps",
    "types: [web]",
    "types: {web: 1}",
    "types: {web: {stop: 5s}}",
    "types: {web: {stop: {timeout: 5}}}",
    "types: {web: {restart: sometimes}}",
    "types: {web: {restart: {max: some}}}",
    "types: {web: {restrat: never}}",
    "types: {web: {env: {A: [1]}}}",
    "types: {web: {color: mauve}}",
    "types: {web: {ready: }}",
    "types: {web: {ready: {timeout: 5s}}}",
    "types: {web: {ready: {tcp: 80, http: /}}}",
    "types: {web: {autoscale: 4}}",
    "types: {web: {autoscale: {max: 0}}}",
    "types: {web: {autoscale: {per: 0}}}",
    "types: {web: {depends_on: {db: red}}}",
    "types: {web: {depends_on: {db: }}}",
  ])("refuses %j, and so does the reader", async (text) => {
    expect([isValid(parse(text)), await isRead(text)]).toEqual([false, false]);
  });

  it("says what a setting is for, and its default as a value where it is one", () => {
    expect(built.properties.port).toMatchObject({
      description: "The port of web, where those of the others begin. Default: 5006.",
      default: 5006,
    });
    expect(built.properties.name).toMatchObject({
      description: "What the app is called. Default: the folder's name.",
    });
    expect(built.properties.name).not.toHaveProperty("default");
  });
});

const kinds: Record<Kind["is"], string> = {
  text: "name",
  value: "types.web.env.A",
  switch: "dyno",
  count: "log.files",
  amount: "types.web.autoscale.per",
  duration: "types.web.stop.timeout",
  size: "log.size",
  choice: "timestamps",
  pattern: "types.web.ready.log",
  list: "env",
  map: "formation",
  record: "types.web.stop",
};
const values = [
  ...[
    "a",
    "a b",
    "none",
    "time",
    "SIGTERM",
    "",
    " ",
    "\u00e9",
    "1",
    "10",
    "-1",
    "1.5",
    "0",
    "1001",
  ],
  ...["true", "True", "TRUE", "tRuE", "false", "on", "ON", "off", "yes", "no", "y", "truely"],
  ...["1s", "10ms", "1.5m", "1.2345s", "1 s", "s", "1S", "1w", "2h", "3d", "1s2", "1234567890s"],
  ...["1K", "1k", "1kB", "1KiB", "1 M", "1  M", "1.5G", "10B", "1b", "1T", "1Ki", "M", "1.M"],
  ...["/a/", "/a|b/i", "/a", "/a/x", "//", "a/", "a.b(", "/a/b/"],
  ...[1, 2, 10, 0, -1, 1.5, 1000, 1001, 123_456_789, true, false],
  ...[[], ["a"], ["a", 1], [true], [[]], [["a"]], [{}], [""]],
  ...[{}, { a: 1 }, { a: "x" }, { signal: "SIGTERM" }, { signal: 1 }, { a: {} }, { a: [] }],
];

describe.each(Object.entries(kinds))("a value of the kind %s", (kind, path) => {
  // A number in quotes is one to the reader; a schema has no way to tell how large it is.
  const isNumber = kind === "count" || kind === "amount";
  const isComparable = (value: unknown) => !isNumber || typeof value !== "string";
  const rows = values.filter(isComparable).map((value) => [value] as const);

  it.each(rows)("%j: is taken by both or by none", async (value) => {
    const document = path
      .split(".")
      .reduceRight<unknown>((below, name) => ({ [name]: below }), value);
    expect(isValid(document)).toBe(await isRead(JSON.stringify(document)));
  });
});
