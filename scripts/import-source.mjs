// Imports a module of src, which is TypeScript, into a script that is not.
import { mkdirSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("../node_modules/.cache/", import.meta.url));
mkdirSync(folder, { recursive: true });

/** Takes a path from the root of the repository, of a module that imports nothing but src. */
export async function importSource(path) {
  const outfile = `${folder}${process.pid}-${path.replaceAll("/", "-")}.mjs`;
  await build({
    entryPoints: [fileURLToPath(new URL(`../${path}`, import.meta.url))],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    logLevel: "warning",
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile);
  }
}
