// What output that no tool expects does to the manager's memory, and to the lines of another process.
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { peakMiB, residentMiB } from "../processes.mjs";
import { inRun } from "../run.mjs";
import { medianOf, select } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf, processOf, tickMs } from "../workload.mjs";
import { linesFile } from "./throughput.mjs";

const settleMs = 1_000;
const lookMs = 50;
const floodMs = 10_000;
const patienceMs = 30_000;
const mostMiB = 4_096;
const linesEach = 100_000;

const cases = [
  { kind: "flood", writers: 4 },
  { kind: "giant", writers: 1 },
  { kind: "bytes", writers: 1 },
];

export const awkward = {
  name: "awkward",
  title: "A flood, a giant line, and single bytes",
  about:
    "Four writers that write lines of 80 bytes without a pause for 10 s (flood), 1 GB as one line (giant), " +
    "and 2 million writes of one byte each (bytes), while another process prints a line every 20 ms. Into a " +
    "pipe that is read at once. The most memory that was resident, how much more that was in the second " +
    "half of the time than in the first, and the most by which a line of the other process was late: all " +
    "the most in a round, of which the median is shown.",
  rounds: 3,
  cases,
  takes: (contestant) => contestant.merges === true,
  sample: (contestant, { kind, writers }) => {
    const processes = [...processesOf(kind, writers), processOf("ticks", writers + 1)];
    const setUp = (folder) => {
      for (const { id } of processes) {
        symlinkSync(linesFile(id, linesEach), join(folder, `lines.${id}`));
      }
    };
    return inRun(contestant, { processes, sink: "ticks", setUp }, async (run) => {
      if ((await run.when("running", processes.length)) === undefined) {
        throw new Error("not all started");
      }
      await pause(settleMs);
      return watch(run, kind);
    });
  },
  tables(samples) {
    const columns = cases.flatMap(({ kind }) => [
      {
        head: `${kind}: MiB`,
        digits: 0,
        value: (own) => medianOf(select(own, { kind }), "peakMiB"),
      },
      { head: "MiB more", digits: 0, value: (own) => medianOf(select(own, { kind }), "growthMiB") },
      { head: "ms late", digits: 0, value: (own) => lateness(select(own, { kind })) },
    ]);
    return rank(samples, columns);
  },
};

async function watch(run, kind) {
  const { managers } = run.find();
  run.go();
  const fromMs = clockMs();
  const held = [];
  let end = "";
  do {
    await pause(lookMs);
    held.push(residentMiB(managers));
    end = endOf(run, held.at(-1), clockMs() - fromMs);
  } while (end === "" && !isOver(run, kind, clockMs() - fromMs));
  const seconds = (clockMs() - fromMs) / 1_000;
  // What was kept until then may still hold up others.
  await pause(settleMs);
  const half = Math.ceil(held.length / 2);
  return {
    seconds,
    peakMiB: Math.max(peakMiB(managers), ...held),
    growthMiB: Math.max(...held.slice(half), 0) - Math.max(...held.slice(0, half)),
    lateMs: latest(run.sink.arrivals, fromMs, clockMs()),
    end,
  };
}

function isOver(run, kind, ms) {
  return kind === "flood" ? ms > floodMs : run.count("written") > 0;
}

/** Why there is nothing more to wait for. */
function endOf(run, heldMiB, ms) {
  if (run.exit() !== undefined) return "it ended";
  if (heldMiB > mostMiB) return `over ${mostMiB} MiB`;
  return ms > patienceMs ? `not taken in ${patienceMs / 1_000} s` : "";
}

/** A tick that has not come by `nowMs` is late by at least the time since it was sent. */
function latest(arrivals, fromMs, nowMs) {
  const ticks = arrivals.filter(({ sentMs }) => sentMs >= fromMs);
  const missingMs = nowMs - (ticks.at(-1)?.sentMs ?? fromMs) - tickMs;
  return Math.max(missingMs, ...ticks.map((tick) => tick.arrivedMs - tick.sentMs));
}

/** The clock of the ticks. */
function clockMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

function lateness(samples) {
  const ended = samples.find((one) => one.end);
  return ended ? ended.end : medianOf(samples, "lateMs");
}
