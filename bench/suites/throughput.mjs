// How many lines a second get through, what that costs, and whether all of them arrive.
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { cpuMs, writtenBytes } from "../processes.mjs";
import { inRun } from "../run.mjs";
import { medianOf, ratioOf, select } from "../samples.mjs";
import { memoryFolder, sizeOf } from "../sinks.mjs";
import { rank } from "../table.mjs";
import { verifyLines } from "../verify-lines.mjs";
import { makeLines, processesOf } from "../workload.mjs";

const settleMs = 400;
/** After this time without a byte, all has arrived. */
const silenceMs = 400;
const patienceMs = 60_000;
const wantedSeconds = 3;
/** Few sizes, so that what is to be written can be used again. */
const sizes = [20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 4_000_000];

const cases = [
  ...["file", "pipe", "null"].flatMap((sink) =>
    [4, 1].map((writers) => ({ kind: "blocks", writers, sink })),
  ),
  ...[4, 1].map((writers) => ({ kind: "lines", writers, sink: "file" })),
];

export const throughput = {
  name: "throughput",
  title: "Lines of 80 bytes",
  about:
    "Written by 1 and 4 writers in large blocks (`cat`) or each line by itself (`grep --line-buffered`), " +
    "to a file in memory, to a pipe (copied to a file by `cat`) and to `/dev/null`, until the last byte " +
    "is there. How many there are goes by the contestant's speed: up to 3 s, and 4 million. The lines in " +
    "the files are verified one by one; a damaged one is lost, too. `sed` keeps its last block, as it waits " +
    "for more.",
  rounds: 3,
  cases,
  takes: (contestant) => contestant.merges === true,
  async sample(contestant, options) {
    const key = `${contestant.name} ${options.kind}`;
    if (!rates.has(key)) {
      const trial = await flow(contestant, { ...options, writers: 1, sink: "file" }, sizes[0]);
      rates.set(key, trial.rate);
    }
    const wanted = rates.get(key) * wantedSeconds;
    const lines = sizes.findLast((size) => size <= wanted) ?? sizes[0];
    const figures = await flow(contestant, options, lines);
    rates.set(key, Math.max(rates.get(key), figures.rate));
    return figures;
  },
  tables(samples) {
    const columns = (figure) =>
      cases.map((options) => ({
        head: `${options.kind} ${options.writers} → ${options.sink}`,
        digits: 2,
        value: (own) => figure(select(own, options), options),
      }));
    const rate = (own) => millions(medianOf(own, "rate"));
    const besideSed = (own, options) =>
      ratioOf(own, select(samples, { ...options, name: "sed with a prefix" }), "rate");
    const cost = (own) => medianOf(own, "cpuSeconds");
    const sumColumn = (what) => ({ head: what, digits: 0, value: (own) => sum(own, what) });
    return [
      "Million lines a second:\n",
      rank(samples, columns(rate), { most: true }),
      "Beside `sed` with a prefix:\n",
      rank(samples, columns(besideSed), { most: true }),
      "Seconds of processor time for a million lines:\n",
      rank(samples, columns(cost)),
      "What became of the lines, in all rounds:\n",
      rank(samples, [
        ...["lost", "damaged", "doubled", "reordered"].map(sumColumn),
        { head: "of", digits: 0, value: (own) => sum(own.filter(isVerified), "lines") },
        { head: "prefix", value: ([{ prefixes }]) => (prefixes ? "yes" : "no") },
      ]),
    ].join("\n");
  },
};

/** Lines a second that each was seen to manage. */
const rates = new Map();
let store;

async function flow(contestant, { kind, writers, sink }, lines) {
  const linesEach = Math.floor(lines / writers);
  const processes = processesOf(kind, writers);
  const setUp = (folder) => {
    for (const { id } of processes)
      symlinkSync(linesFile(id, linesEach), join(folder, `lines.${id}`));
  };
  return inRun(contestant, { processes, sink, setUp }, async (run) => {
    if ((await run.when("running", writers)) === undefined) throw new Error("nobody writes");
    await pause(settleMs);
    const { managers } = run.find();
    const cpuBefore = cpuMs(managers);
    const progress = run.sink.file ? () => sizeOf(run.sink) : () => writtenBytes(managers);
    const seconds = await untilSilent(run, writers, progress);
    const million = (linesEach * writers) / 1e6;
    return {
      lines: linesEach * writers,
      rate: (linesEach * writers) / seconds,
      cpuSeconds: (cpuMs(managers) - cpuBefore) / 1_000 / million,
      prefixes: contestant.prefixes === true,
      ...(run.sink.file && verifyLines(run.sink.file, writers, linesEach)),
    };
  });
}

/** Returns the seconds from the start of the writers to the last byte. */
async function untilSilent(run, writers, progress) {
  const from = run.go();
  let size = progress();
  let lastMs = from;
  for (;;) {
    await pause(5);
    const nextSize = progress();
    const nowMs = performance.now();
    if (nextSize > size) lastMs = nowMs;
    size = nextSize;
    const isWritten = run.count("written") === writers || run.exit() !== undefined;
    if (isWritten && nowMs - lastMs > silenceMs) break;
    if (nowMs - from > patienceMs) throw new Error(`not through within ${patienceMs / 1_000} s`);
  }
  const written = await run.when("written", writers, 0);
  return (Math.max(lastMs, run.sink.file ? 0 : (written ?? 0)) - from) / 1_000;
}

export function linesFile(writer, count) {
  if (store === undefined) {
    store = mkdtempSync(join(memoryFolder, "procman-bench-"));
    process.once("exit", () => rmSync(store, { recursive: true, force: true }));
  }
  const file = join(store, `${writer}.${count}`);
  if (!existsSync(file)) writeFileSync(file, makeLines(writer, count));
  return file;
}

function isVerified(sample) {
  return sample.lost !== undefined;
}

function sum(samples, figure) {
  return samples.reduce((total, one) => total + (one[figure] ?? 0), 0);
}

function millions(value) {
  return value === undefined ? undefined : value / 1e6;
}
