/** The system does not let a process be started. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { allOf, type Fault } from "./fault.ts";
import { needsProgram, needsRoot } from "./needs.ts";
import { endMs, type Place, program } from "./stage.ts";
import { pause, until } from "./until.ts";

export const noForks: Fault = {
  name: "no further process allowed (EAGAIN)",
  must: "new ones wait and come when they may, the others are untouched",
  cannot: allOf(needsRoot, needsProgram("setpriv"), needsProgram("prlimit")),
  async run(stage) {
    const user = stage.chance.between(20_000, 60_000);
    const place = await stage.app({ Procfile: "worker: sleep 1000\n" }, user);
    const talk = place.start([], { under: ["prlimit", `--nproc=${manyProcesses}`] });
    const [, first] = await talk.line(/worker\.1 started with pid (\d+)/);
    await place.up();
    limit(user, talk.pid, 1);
    const scaled = place.beside(["scale", "worker=3"]);
    await talk.line(/worker\.[23] could not be started.*starting it again in/);
    limit(user, talk.pid, manyProcesses);
    await talk.line(/worker\.2 started/, 20_000);
    await talk.line(/worker\.3 started/, 20_000);
    await place.up();
    await scaled.ended;
    const dynos = await statesOf(place);
    if (dynos.get("worker.1")?.pid !== Number(first)) throw new Error("worker.1 is another");
    talk.child.kill("SIGTERM");
    await talk.ended;
    return "two of three delayed, all up";
  },
};

export const noThreads: Fault = {
  name: "no further thread allowed at the start (EAGAIN)",
  must: "procman runs the app or ends, and leaves nobody",
  cannot: allOf(needsRoot, needsProgram("setpriv"), needsProgram("prlimit")),
  async run(stage) {
    const user = stage.chance.between(20_000, 60_000);
    const place = await stage.app({ Procfile: "worker: sleep 1000\n" }, user);
    const as = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
    for (const processes of fewProcesses) {
      const words = [...as, "prlimit", `--nproc=${processes}`, process.execPath, program];
      const talk = stage.spawn([...words, "start", "-t", "1"], { cwd: place.folder });
      // Where no thread is left it aborts, or can do nothing at all.
      await Promise.race([talk.ended, talk.line(/started with pid/), pause(startMs)]);
      talk.kill();
      await talk.ended;
      await place.nobodyLeft(endMs);
    }
    return `with ${fewProcesses[0]} to ${fewProcesses.at(-1)} processes and threads`;
  },
};

const manyProcesses = 1_000;
/** From fewer than a Node needs to what an app of one process does with. */
const fewProcesses = Array.from({ length: 10 }, (_, n) => n + 6);
const startMs = 1_000;

/** By the user itself: root may lack the right to look into what belongs to others. */
function limit(user: number, pid: number, processes: number): void {
  const as = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const words = [...as, "prlimit", `--pid=${pid}`, `--nproc=${processes}:`];
  const { status, stderr } = spawnSync("setpriv", words);
  if (status !== 0) throw new Error(String(stderr));
}

export const tooLarge: Fault = {
  name: "environment too large (E2BIG)",
  must: "the process is parked with the variable's name, the others run on",
  async run(stage) {
    const place = await stage.app({ Procfile: "big: sleep 1000\nworker: sleep 1000\n" });
    const talk = place.start();
    await place.up();
    const before = await statesOf(place);
    await place.write(".env", `ENORMOUS=${"x".repeat(200_000)}\n`);
    const restarted = await place.ask("restart", "big");
    const after = await until("big.1 to be parked", 5_000, async () => {
      const states = await statesOf(place);
      return states.get("big.1")?.state === "parked" ? states : undefined;
    });
    const worker = after.get("worker.1");
    if (worker?.state !== "up" || worker.pid !== before.get("worker.1")?.pid) {
      throw new Error("worker.1 was touched");
    }
    const said = `${restarted.stdout}${restarted.stderr}${talk.stdout()}${after.get("big.1")?.reason}`;
    if (!said.includes("ENORMOUS")) throw new Error("nothing names the variable");
    talk.child.kill("SIGTERM");
    await talk.ended;
    return after.get("big.1")?.reason ?? "";
  },
};

interface Dyno {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
  readonly port: number;
  readonly restarts: number;
  readonly reason: string | null;
}

export async function statesOf(place: Place): Promise<ReadonlyMap<string, Dyno>> {
  const { status, stdout, stderr } = await place.ask("ps", "--json");
  if (status !== 0) throw new Error(`procman gave no answer: ${stderr}`);
  const dynos: readonly Dyno[] = JSON.parse(stdout);
  return new Map(dynos.map((dyno) => [dyno.name, dyno]));
}
