// How long it takes from the start of the manager to the first and to the last process that runs.
import { inRun } from "../run.mjs";
import { medianOf, select } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf } from "../workload.mjs";

const counts = [1, 10, 100];

export const start = {
  name: "start",
  title: "Start of 1, 10 and 100 processes",
  about: "Milliseconds until a process says itself that it runs: the first, and all.",
  rounds: 11,
  cases: counts.map((count) => ({ count })),
  takes: (contestant, { count }) => !(contestant.most < count),
  sample: (contestant, { count }) =>
    inRun(contestant, { processes: processesOf("quiet", count) }, async (run) => {
      const first = await run.when("running");
      const last = await run.when("running", count);
      if (last === undefined) throw new Error(`${run.count("running")} of ${count} started`);
      return { firstMs: first - run.startMs, allMs: last - run.startMs };
    }),
  tables(samples) {
    const at = (count, figure, head) => ({
      head,
      value: (own) => medianOf(select(own, { count }), figure),
    });
    return rank(samples, [
      at(100, "allMs", "all of 100"),
      at(10, "allMs", "all of 10"),
      at(1, "allMs", "1"),
      at(10, "firstMs", "first of 10"),
      at(100, "firstMs", "first of 100"),
    ]);
  },
};
