// procman and its peers side by side. The whole of it takes an hour or two, and writes RESULTS.md; a part
// is printed.
//   node bench/main.mjs [SUITE...] [--rounds N] [--only NAME,...] [--out FILE]
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findContestants } from "./contestants.mjs";
import { describeResults } from "./results.mjs";
import { endAllRuns } from "./run.mjs";
import { awkward } from "./suites/awkward.mjs";
import { coldStart } from "./suites/cold-start.mjs";
import { crash } from "./suites/crash.mjs";
import { memory } from "./suites/memory.mjs";
import { scale } from "./suites/scale.mjs";
import { start } from "./suites/start.mjs";
import { stop } from "./suites/stop.mjs";
import { survivors } from "./suites/survivors.mjs";
import { throughput } from "./suites/throughput.mjs";

const allSuites = [
  ...[coldStart, start, throughput, memory, crash],
  ...[stop, scale, survivors, awkward],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    only: { type: "string" },
    out: { type: "string" },
  },
});
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const suites = choose(allSuites, positionals, "suite");
const found = findContestants();
const contestants = choose(found.contestants, values.only?.split(",") ?? [], "contestant");
const isPart = positionals.length > 0 || values.only !== undefined;
const results = fileURLToPath(new URL("./RESULTS.md", import.meta.url));
const out = values.out ?? (isPart ? undefined : results);

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.once(signal, async () => {
    await endAllRuns();
    process.exit(code);
  });
}

const samples = [];
const loadBefore = loadavg()[0];
for (const [index, suite] of suites.entries()) {
  await runSuite(suite);
  const done = suites.slice(0, index + 1);
  const loads = [loadBefore, loadavg()[0]];
  const text = describeResults({ samples, suites: done, ...found, contestants, rounds, loads });
  // After each, so that what was measured is not lost with what comes next.
  if (out !== undefined) writeFileSync(out, text);
  else if (done.length === suites.length) console.log(text);
}

/** Interleaved: all contestants once, then all again, each time beginning with another. */
async function runSuite(suite) {
  for (let round = 0; round < (rounds ?? suite.rounds); round += 1) {
    for (const options of suite.cases) {
      const isIn = (one) => (one.suites ?? [suite.name]).includes(suite.name);
      const taking = contestants.filter((one) => isIn(one) && suite.takes(one, options));
      const first = (round * 3) % Math.max(1, taking.length);
      const queue = [...taking.slice(first), ...taking.slice(0, first)];
      const work = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          samples.push(await takeSample(suite, options, next, round));
        }
      };
      await Promise.all(Array.from({ length: suite.together ?? 1 }, work));
    }
  }
}

async function takeSample(suite, options, contestant, round) {
  const { name, isBound } = contestant;
  const label = Object.values(options).join(" ");
  const figures = await measure(suite, options, contestant);
  const shown = Object.entries(figures)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => `${key} ${typeof value === "number" ? Number(value.toFixed(3)) : value}`,
    );
  console.error(`${suite.name} ${round + 1}: ${label}, ${name}: ${shown.join(", ")}`);
  return { suite: suite.name, ...options, label, name, isBound, round, ...figures };
}

async function measure(suite, options, contestant) {
  try {
    return await suite.sample(contestant, options);
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

/** All, when none is named. */
function choose(all, names, kind) {
  const unknown = names.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) {
    const known = all.map((one) => one.name).join(", ");
    console.error(`no ${kind} is called ${unknown.join(", ")}; there are: ${known}`);
    process.exit(2);
  }
  return names.length === 0 ? all : all.filter((one) => names.includes(one.name));
}
