// Runs a script in TypeScript that is no test of its own: node scripts/run-test.mjs FILE [ARGUMENTS]
// The bundle is where packages are found, and takes itself for its source.
import { mkdirSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [, , source, ...args] = process.argv;
const folder = fileURLToPath(new URL("../node_modules/.cache/", import.meta.url));
mkdirSync(folder, { recursive: true });
const outfile = `${folder}run-test-${process.pid}.mjs`;
process.on("exit", () => rmSync(outfile, { force: true }));
await build({
  entryPoints: [source],
  outfile,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  define: { "import.meta.url": JSON.stringify(pathToFileURL(source).href) },
  logLevel: "warning",
});
// Whoever starts itself again starts this.
process.argv = [process.execPath, outfile, ...args];
await import(pathToFileURL(outfile).href);
