/**
 * Runs the table, a row in a process of its own, and prints a line for each and a summary. As
 * `--row NAME` it is such a process.
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Fault, Outcome } from "./fault.ts";
import type { Form } from "./form.ts";
import { chooseIsolation, runIsolated, runRow } from "./isolate.ts";
import { faults } from "./table.ts";

const { values } = parseArgs({
  options: {
    /** Long: how long the chaos goes on; what is repeated is repeated more often, too. */
    minutes: { type: "string" },
    seed: { type: "string" },
    /** Only the rows in whose name this stands. May be given several times. */
    only: { type: "string", multiple: true },
    jobs: { type: "string" },
    list: { type: "boolean" },
    row: { type: "string" },
  },
});

const shortMinutes = 0.5;

const form: Form = {
  seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 31)),
  minutes: Number(values.minutes ?? shortMinutes),
  isLong: values.minutes !== undefined,
};

if (values.row !== undefined) await runRow(find(values.row), form);
else if (values.list) for (const { name, must } of faults) console.log(`${name}: ${must}`);
else process.exitCode = await runAll(faults.filter(isWanted));

function find(name: string): Fault {
  const found = faults.find((fault) => fault.name === name);
  if (found === undefined) throw new Error(`there is no row "${name}"`);
  return found;
}

function isWanted({ name }: Fault): boolean {
  return values.only === undefined || values.only.some((part) => name.includes(part));
}

async function runAll(wanted: readonly Fault[]): Promise<number> {
  const isolation = chooseIsolation();
  const length = form.isLong ? `chaos for ${form.minutes} min` : "short form";
  console.log(`${wanted.length} faults, seed ${form.seed}, ${length}, ${isolation.description}`);
  const counts = { held: 0, failed: 0, skipped: 0 };
  const width = Math.max(...wanted.map(({ name }) => name.length));
  const startMs = performance.now();

  async function runOne(fault: Fault): Promise<void> {
    const rowStartMs = performance.now();
    const reason = fault.cannot?.();
    const outcome: Outcome =
      reason === undefined ? await runIsolated(fault, form, isolation) : { is: "skipped", reason };
    counts[outcome.is] += 1;
    const tookS = ((performance.now() - rowStartMs) / 1_000).toFixed(1);
    console.log(
      `${outcome.is.padEnd(7)} ${fault.name.padEnd(width)} ${tookS.padStart(6)} s  ${describe(outcome)}`,
    );
    if (outcome.is === "failed") console.log(`        again with: ${again(fault)}`);
  }

  const together = wanted.filter(({ isAlone }) => !isAlone);
  const jobs = Number(values.jobs ?? Math.min(2, availableParallelism()));
  await Promise.all(Array.from({ length: jobs }, () => takeFrom(together, runOne)));
  await takeFrom(
    wanted.filter(({ isAlone }) => isAlone),
    runOne,
  );

  const tookS = Math.round((performance.now() - startMs) / 1_000);
  console.log(
    `faults: ${counts.held} held, ${counts.failed} failed, ${counts.skipped} skipped, ` +
      `in ${tookS} s, seed ${form.seed}, ${length}`,
  );
  return counts.failed === 0 ? 0 : 1;
}

async function takeFrom(queue: Fault[], run: (fault: Fault) => Promise<void>): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await run(next);
}

function describe(outcome: Outcome): string {
  switch (outcome.is) {
    case "held":
      return outcome.figure;
    case "failed":
      return outcome.problem.trimEnd().replaceAll("\n", "\n          ");
    case "skipped":
      return outcome.reason;
  }
}

function again({ name }: Fault): string {
  const minutes = form.isLong ? ` --minutes ${form.minutes}` : "";
  return `npm run test:faults -- --only "${name}" --seed ${form.seed}${minutes}`;
}
