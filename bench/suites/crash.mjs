// How soon what has failed runs again, and what it costs when nothing ever runs.
import { setTimeout as pause } from "node:timers/promises";
import { childrenCpuMs, cpuMs } from "../processes.mjs";
import { inRun } from "../run.mjs";
import { medianOf, select } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf } from "../workload.mjs";

const loopSeconds = 60;
const loopCount = 20;

export const crash = {
  name: "crash",
  title: "Crash and respawn",
  about:
    "Milliseconds from the end of a process that fails after two seconds to its next life, by each tool's " +
    `own policy; and ${loopCount} processes that fail at once, over ${loopSeconds} s: lives of each, and ` +
    "percent of a core used by the manager, and by it and all that it starts, unless it has ended.",
  rounds: 3,
  cases: [{ what: "respawn" }, { what: "loop" }],
  takes: (contestant) => contestant.restarts === true,
  sample: (contestant, { what }) => (what === "respawn" ? respawn(contestant) : loop(contestant)),
  tables(samples) {
    const at = (what, figure, head) => ({
      head,
      value: (own) => medianOf(select(own, { what }), figure),
    });
    return rank(samples, [
      at("respawn", "ms", "respawn, ms"),
      at("loop", "lives", "lives"),
      at("loop", "percent", "manager, %"),
      at("loop", "percentOfAll", "all, %"),
    ]);
  },
};

function respawn(contestant) {
  return inRun(contestant, { processes: processesOf("crash", 1), restart: true }, async (run) => {
    const crashed = await run.when("crashing");
    const again = await run.when("running", 2);
    if (again === undefined) throw new Error("not started again");
    return { ms: again - crashed };
  });
}

function loop(contestant) {
  const options = { processes: processesOf("fail", loopCount), restart: true };
  return inRun(contestant, options, async (run) => {
    if ((await run.when("running", loopCount)) === undefined) throw new Error("not all started");
    const { managers } = run.find();
    const own = cpuMs(managers);
    const children = childrenCpuMs(managers);
    await pause(loopSeconds * 1_000);
    const lives = run.count("running") / loopCount;
    // Some give up, and then there is nobody to ask.
    if (run.exit() !== undefined) return { lives };
    const percent = (ms) => ms / (loopSeconds * 10);
    const moreOwn = cpuMs(managers) - own;
    const moreChildren = childrenCpuMs(managers) - children;
    return { lives, percent: percent(moreOwn), percentOfAll: percent(moreOwn + moreChildren) };
  });
}
