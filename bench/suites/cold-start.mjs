// How long a command takes: the version, and asking a running app.
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { env } from "../environment.mjs";
import { inRun } from "../run.mjs";
import { median, medianOf, ratioOf, select } from "../samples.mjs";
import { rank } from "../table.mjs";
import { processesOf } from "../workload.mjs";

const commands = ["version", "ps", "scale", "scale p1=1"];
const settleMs = 300;

export const coldStart = {
  name: "cold-start",
  title: "Cold start of a command",
  about:
    "Milliseconds from its start to its end, with one process running where it asks for that. `scale` " +
    "without arguments prints what runs, `scale p1=1` changes nothing.",
  rounds: 11,
  cases: commands.map((what) => ({ what })),
  takes: (contestant, { what }) => what === "version" || contestant.asks?.[what] !== undefined,
  sample(contestant, { what }) {
    if (what === "version") return { ms: timeOf(contestant.version, { cwd: tmpdir(), env }) };
    if (contestant.isAlone) return { ms: timeOf(contestant.asks[what], { cwd: tmpdir(), env }) };
    return inRun(contestant, { processes: processesOf("quiet", 1) }, async (run) => {
      await run.when("running");
      await pause(settleMs);
      return { ms: timeOf(contestant.asks[what], { cwd: run.folder, env: run.env }) };
    });
  },
  tables(samples) {
    const column = (what) => {
      const bare = select(samples, { what, name: "node -e 0" });
      const of = (own) => select(own, { what });
      return [
        { head: what, value: (own) => medianOf(of(own), "ms") },
        { head: "× node", digits: 2, value: (own) => ratioOf(of(own), bare, "ms") },
      ];
    };
    return rank(samples, commands.flatMap(column));
  },
};

/** Of several, without the first, which may find its files not in memory. */
function timeOf([command, ...args], options) {
  const times = [1, 2, 3, 4].map(() => {
    const from = performance.now();
    const { status, error } = spawnSync(command, args, { ...options, stdio: "ignore" });
    if (error || status !== 0) throw new Error(`${args.join(" ")} ended with ${error ?? status}`);
    return performance.now() - from;
  });
  return median(times.slice(1));
}
