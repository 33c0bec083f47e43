/** The long form: `npm run test:fuzz -- --count 100000 --seed 7`. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: { count: { type: "string", default: "100000" }, seed: { type: "string" } },
});
const count = Number(values.count);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const print = (text: string) => process.stdout.write(`${text}\n`);

print(`${count} inputs, seed ${seed}`);
const startMs = performance.now();
const { failures, slowestMs } = await fuzz({ count, seed, hugeEvery: 500 });
for (const [target, ms] of slowestMs) print(`${target}: the slowest took ${ms.toFixed(0)} ms`);
if (failures.length > 0) {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-failures-"));
  for (const { target, number, reason, bytes } of failures) {
    const path = join(folder, `${number}`);
    writeFileSync(path, bytes);
    print(`${target} ${path}: ${reason}`);
  }
  process.exitCode = 1;
}
const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
print(`${failures.length === 0 ? "all held" : `${failures.length} broke`} in ${seconds} s`);
