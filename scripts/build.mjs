// Builds dist: one file for the command line, and one for each part that is loaded only when it is
// called. A file has all it needs, so that whoever calls a command loads two, and what another
// command needs costs nothing: Node reads 100 KB in two milliseconds, ten small files in three.
// Beside them the JSON Schema of procman.yml, for editors.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { importSource } from "./import-source.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const parts = new Set();
const waiting = [resolve(root, "src/cli/main.ts")];

/** What is imported when it is called becomes a file of its own, beside the one that calls it. */
const splitAtCalls = {
  name: "split-at-calls",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replace(/\bimport\("([^"]+)"\)/g, (_, id) =>
        // Never thrown at once: who handles a rejection handles that no descriptor is left, too.
        isModule(id) ? `importModule("${id}")` : `(async () => require("${id}"))()`,
      );
      return { contents, loader: "ts" };
    });
    onResolve({ filter: /^\.\.?\// }, ({ kind, path, importer }) => {
      if (kind !== "require-call") return undefined;
      const part = resolve(dirname(importer), path);
      if (!parts.has(part)) waiting.push(part);
      return { path: `./${fileOf(part)}`, external: true };
    });
  },
};

/**
 * Before it imports anything, Node loads all it needs for modules, which takes 9 ms: what can be
 * required is.
 */
function isModule(id) {
  if (/^(\.|node:)/.test(id)) return false;
  const manifest = readFileSync(resolve(root, "node_modules", id, "package.json"), "utf8");
  return JSON.parse(manifest).type === "module";
}

/** Whoever loads the program may know better how to import than a script that is no file. */
const banner = { js: "const importModule = require.importModule ?? ((id) => import(id));" };

function fileOf(part) {
  return `${basename(part, ".ts")}.cjs`;
}

rmSync(resolve(root, "dist"), { recursive: true, force: true });
for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
  if (parts.has(part)) continue;
  parts.add(part);
  await build({
    entryPoints: [part],
    outfile: resolve(root, "dist", fileOf(part)),
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20.19",
    format: "cjs",
    minify: true,
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "warning",
    banner,
    plugins: [splitAtCalls],
  });
}
const files = [...parts].map(fileOf);
if (new Set(files).size < files.length) throw new Error(`two parts have one name: ${files}`);

const { jsonSchemaOf } = await importSource("src/core/json-schema.ts");
const { settingsSchema } = await importSource("src/core/settings-schema.ts");
const jsonSchema = jsonSchemaOf(settingsSchema, "procman.yml");
writeFileSync(resolve(root, "dist/procman.schema.json"), JSON.stringify(jsonSchema, undefined, 2));
