// What a manager holds and does while its processes are quiet.
import { setTimeout as pause } from "node:timers/promises";
import { activity, proportionalMiB, residentMiB } from "../processes.mjs";
import { inRun } from "../run.mjs";
import { medianOf, select } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf } from "../workload.mjs";

const settleMs = 10_000;
const quietMs = 10_000;
const counts = [1, 10, 100];

export const memory = {
  name: "memory",
  title: "Memory, and what is done while nothing happens",
  about:
    "All processes of the manager together, procman's guardian included; the shells around the commands " +
    "are counted apart. Resident memory, and the share of it (PSS) when what several hold is divided " +
    "among them, in MiB. Processor time and wake-ups over 10 s in which nothing happens.",
  rounds: 3,
  cases: counts.map((count) => ({ count })),
  /** Nothing here is timed, and who is quiet disturbs nobody. */
  together: 4,
  takes: (contestant, { count }) => !(contestant.most < count),
  sample: (contestant, { count }) =>
    inRun(contestant, { processes: processesOf("quiet", count) }, async (run) => {
      const last = contestant.isAlone ? 0 : await run.when("running", count);
      if (last === undefined) throw new Error(`${run.count("running")} of ${count} started`);
      await pause(settleMs);
      const { managers, shells } = run.find();
      const before = activity(managers);
      await pause(quietMs);
      const after = activity(managers);
      return {
        residentMiB: residentMiB(managers),
        shareMiB: proportionalMiB(managers),
        processes: managers.length,
        shells: shells.length,
        // A thread that has ended meanwhile has taken its share with it.
        idleMs: Math.max(0, after.onCpuMs - before.onCpuMs),
        wakeUps: Math.max(0, after.wakeUps - before.wakeUps) / (quietMs / 1_000),
      };
    }),
  tables(samples) {
    const at = (count, figure, head, digits) => ({
      head: `${head}, ${count}`,
      digits,
      value: (own) => medianOf(select(own, { count }), figure),
    });
    return rank(samples, [
      at(10, "residentMiB", "resident"),
      at(1, "residentMiB", "resident"),
      at(100, "residentMiB", "resident"),
      ...counts.map((count) => at(count, "shareMiB", "share")),
      at(100, "processes", "processes", 0),
      at(100, "shells", "shells", 0),
      ...counts.map((count) => at(count, "idleMs", "ms in 10 s")),
      ...counts.map((count) => at(count, "wakeUps", "wake-ups a second")),
    ]);
  },
};
