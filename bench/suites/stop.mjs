// How long it takes to stop a hundred processes that end as soon as they are asked to.
import { setTimeout as pause } from "node:timers/promises";
import { inRun } from "../run.mjs";
import { medianOf, select, valuesOf } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf } from "../workload.mjs";

const settleMs = 1_000;
const patienceMs = 20_000;
const afterMs = 1_000;
const signals = ["SIGTERM", "SIGINT"];

export const stop = {
  name: "stop",
  title: "Stop of 100 processes",
  about:
    "Milliseconds from the signal to the end of the manager, and how many processes are left a second " +
    "later. A dash: not ended within 20 s. npm-run-all2 has 10 processes.",
  rounds: 5,
  cases: signals.map((signal) => ({ signal })),
  takes: () => true,
  sample(contestant, { signal }) {
    const count = contestant.most ?? 100;
    return inRun(contestant, { processes: processesOf("quiet", count) }, async (run) => {
      if ((await run.when("running", count)) === undefined) throw new Error("not all started");
      await pause(settleMs);
      const from = performance.now();
      run.signal(signal);
      const exit = await run.exitWithin(patienceMs);
      if (exit) await pause(afterMs);
      return { ms: exit && exit.ms - from, left: run.find().work.length };
    });
  },
  tables(samples) {
    const columns = signals.flatMap((signal) => [
      { head: signal, value: (own) => medianOf(select(own, { signal }), "ms") },
      { head: "left", digits: 0, value: (own) => most(select(own, { signal })) },
    ]);
    return rank(samples, columns);
  },
};

function most(samples) {
  const left = valuesOf(samples, "left");
  return left.length === 0 ? undefined : Math.max(...left);
}
