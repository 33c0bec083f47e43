/** Apps that print numbered lines, and what of it has arrived. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createTally, type Tally } from "./oracles.ts";
import { type Place, run, type Stage } from "./stage.ts";

export interface Counting {
  readonly place: Place;
  /** Where the processes note how many they have got rid of. */
  readonly folder: string;
}

/** Its worker counts; `args` go to `programs/count.cjs` behind the folder. */
export async function countingApp(
  stage: Stage,
  args: readonly number[],
  others = "",
): Promise<Counting> {
  const folder = await noteFolder(stage);
  const Procfile = `worker: ${run("count.cjs", folder, ...args)}\n${others}`;
  return { place: await stage.app({ Procfile }), folder };
}

export async function noteFolder(stage: Stage): Promise<string> {
  const folder = join(stage.folder, "notes");
  await mkdir(folder, { recursive: true });
  return folder;
}

/** How many lines a run has got rid of: none of them may be missing. */
export function noted(folder: string, run: string): number {
  return Number(readFileSync(join(folder, run), "latin1"));
}

export function runsOf(folder: string): readonly string[] {
  return readdirSync(folder);
}

/** All runs have all their lines where they were counted, but for what gap marks count. */
export function checkCounted(tally: Tally, folder: string): { readonly lines: number } {
  let lines = 0;
  let short = 0;
  for (const name of runsOf(folder)) {
    const last = tally.last.get(name) ?? 0;
    lines += last;
    short += Math.max(0, noted(folder, name) - last);
  }
  const lost = tally.skipped() + short - tally.missing();
  if (lost > 0) throw new Error(`${lost} lines are missing that nothing speaks of`);
  return { lines };
}

export function tallyOf(log: string): Tally {
  const tally = createTally();
  for (const row of log.split("\n")) tally.take(row);
  return tally;
}
