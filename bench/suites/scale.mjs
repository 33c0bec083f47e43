// How long it takes from the command to the last of a hundred processes, when one runs already.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { inRun } from "../run.mjs";
import { medianOf, ratioOf, select } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf } from "../workload.mjs";

const settleMs = 1_000;
const count = 100;

export const scale = {
  name: "scale",
  title: "From 1 process to 100",
  about:
    "Milliseconds from the start of the command to the last process that runs. The spawn loop starts 99.",
  rounds: 7,
  cases: [{ count }],
  takes: (contestant) => contestant.grow !== undefined || contestant.isBound === true,
  sample: (contestant) => (contestant.isBound ? bare(contestant) : grow(contestant)),
  tables(samples) {
    const loop = select(samples, { name: "spawn loop in Node" });
    return rank(samples, [
      { head: "1 → 100", value: (own) => medianOf(own, "ms") },
      { head: "× spawn loop in Node", digits: 2, value: (own) => ratioOf(own, loop, "ms") },
    ]);
  },
};

function bare(contestant) {
  return inRun(contestant, { processes: processesOf("quiet", count - 1) }, async (run) => {
    const last = await run.when("running", count - 1);
    return { ms: last && last - run.startMs };
  });
}

function grow(contestant) {
  return inRun(contestant, { processes: processesOf("quiet", 1) }, async (run) => {
    await run.when("running");
    await pause(settleMs);
    const from = performance.now();
    const [command, ...args] = contestant.grow(count);
    const asked = spawn(command, args, { cwd: run.folder, env: run.env, stdio: "ignore" });
    const ended = once(asked, "exit");
    const last = await run.when("running", count);
    await ended;
    if (last === undefined) throw new Error(`${run.count("running")} of ${count} run`);
    return { ms: last - from };
  });
}
