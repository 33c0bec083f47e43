// `npm run test:faults`: builds procman and the suite, and runs it. Node 20 cannot run TypeScript as
// it is, so all of the suite becomes one file first.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "procman-faults-"));
const suite = join(folder, "suite.mjs");

execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
buildSync({
  entryPoints: [main],
  outfile: suite,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  // Whoever asks where it is means the source.
  define: { "import.meta.url": JSON.stringify(pathToFileURL(main).href) },
  logLevel: "warning",
});
const { status } = spawnSync(process.execPath, [suite, ...process.argv.slice(2)], {
  stdio: "inherit",
});
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;
