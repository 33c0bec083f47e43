// Who is still alive when the manager was asked to end, or was killed.
import { setTimeout as pause } from "node:timers/promises";
import { inRun } from "../run.mjs";
import { medianOf, select, valuesOf } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf } from "../workload.mjs";

const settleMs = 1_500;
const patienceMs = 15_000;
const lookMs = 200;

const cases = [
  { kind: "stubborn", signal: "SIGTERM" },
  { kind: "family", signal: "SIGTERM" },
  { kind: "escaped", signal: "SIGTERM" },
  { kind: "quiet", signal: "SIGKILL" },
  { kind: "stubborn", signal: "SIGKILL" },
];

export const survivors = {
  name: "survivors",
  title: "Survivors",
  about:
    "Processes left 15 s after the manager got the signal, of 4 commands: some that ignore SIGTERM, " +
    "SIGINT and SIGHUP (stubborn), that have a child (family), that have started somebody in a session of " +
    "its own (escaped), or that end when asked to (quiet). And the seconds until nobody was left.",
  rounds: 1,
  cases,
  /** Nothing here is timed finely. */
  together: 6,
  takes: () => true,
  sample: (contestant, { kind, signal }) =>
    inRun(contestant, { processes: processesOf(kind, 4) }, async (run) => {
      if ((await run.when("running", 4)) === undefined) throw new Error("not all started");
      await pause(settleMs);
      const from = performance.now();
      run.signal(signal);
      for (;;) {
        const left = run.find().work.length;
        const ms = performance.now() - from;
        if (left === 0) return { left, seconds: ms / 1_000 };
        if (ms > patienceMs) return { left };
        await pause(lookMs);
      }
    }),
  tables(samples) {
    const columns = cases.map((one) => ({
      head: `${one.kind}, ${one.signal}`,
      value: (own) => verdict(select(own, one)),
    }));
    const all = { head: "left of all", digits: 0, value: leftOfAll };
    return rank(samples, [all, ...columns]);
  },
};

function verdict(samples) {
  const left = valuesOf(samples, "left");
  if (left.length === 0) return "–";
  const most = Math.max(...left);
  return most > 0 ? `${most} left` : `none, ${medianOf(samples, "seconds").toFixed(1)} s`;
}

function leftOfAll(samples) {
  return valuesOf(samples, "left").reduce((sum, left) => sum + left, 0);
}
