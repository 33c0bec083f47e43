/** procman or its guardian is killed. */
import type { Fault } from "./fault.ts";
import { quantile } from "./oracles.ts";
import { endMs, graceMs, type Place, run, type Stage } from "./stage.ts";
import type { Talk } from "./talk.ts";
import { pause, until } from "./until.ts";

const app = {
  Procfile: `worker: sleep 1000
stubborn: ${run("stubborn.cjs")}
away: ${run("leave.cjs", "session")}
daemon: ${run("leave.cjs", "daemon")}
`,
};

const moments = ["start", "scale", "restart", "stop"] as const;
const busyMs = 400;

export const killed: Fault = {
  name: "procman killed at random moments",
  must: "nobody is left after grace + 1 s, and the next start is clean",
  async run(stage) {
    const place = await stage.app(app);
    const times = stage.form.isLong ? 200 : 15;
    const took: number[] = [];
    for (let n = 1; n <= times; n += 1) {
      const moment = stage.chance.oneOf(moments);
      const talk = place.start(["-m", "all=1,worker=3"]);
      const command = await killAt(moment, stage, place, talk);
      talk.kill();
      try {
        took.push(await place.nobodyLeft(endMs));
      } catch (error) {
        throw new Error(
          `kill ${n}, during ${moment}: ${error instanceof Error ? error.message : error}`,
        );
      }
      await talk.ended;
      await command?.ended;
    }
    await place.startsAgain();
    const slowest = Math.round(Math.max(...took));
    return `${times} kills, all gone after ${Math.round(quantile(took, 0.5))} ms, at most ${slowest} ms`;
  },
};

/** Waits for a moment in the middle of it. */
async function killAt(
  moment: (typeof moments)[number],
  { chance }: Stage,
  place: Place,
  talk: Talk,
): Promise<Talk | undefined> {
  if (moment === "start") {
    // A start behind a kill may have to wait for the guardian to end.
    await pause(chance.next() * (graceMs + busyMs));
    return undefined;
  }
  await talk.line(/worker\.3 started/, 10_000);
  const words = {
    scale: ["scale", `worker=${chance.between(0, 6)}`],
    restart: ["restart"],
    stop: ["stop"],
  }[moment];
  const command = place.beside(words);
  await pause(chance.next() * busyMs);
  return command;
}

export const guardianKilled: Fault = {
  name: "guardian killed",
  must: "there is another within 2 s that knows all; then procman is killed, and nobody is left",
  async run(stage) {
    const place = await stage.app(app);
    const talk = place.start(["-m", "all=1,worker=3"]);
    await talk.line(/worker\.3 started/);
    await talk.line(/\| left/);
    const first = await guardianOf(place);
    process.kill(first, "SIGKILL");
    const killedMs = performance.now();
    await until("another guardian", 2_000, () => {
      const [other] = place.guardians();
      return other !== undefined && other !== first ? other : undefined;
    });
    const backMs = performance.now() - killedMs;
    // An answer means that procman has told it what it must know.
    await place.ask("ps");
    talk.kill();
    const goneMs = await place.nobodyLeft(endMs);
    await place.startsAgain();
    return `again after ${Math.round(backMs)} ms; all gone ${Math.round(goneMs)} ms after procman`;
  },
};

export const bothKilled: Fault = {
  name: "procman and guardian killed together",
  must: "the next start ends what they left, and nobody else",
  async run(stage) {
    const place = await stage.app(app);
    const bystander = stage.spawn(["sleep", "1000"]);
    const talk = place.start(["-m", "all=1,worker=3"]);
    await talk.line(/worker\.3 started/);
    await talk.line(/\| left/);
    const guardian = await guardianOf(place);
    process.kill(talk.pid, "SIGSTOP");
    process.kill(guardian, "SIGKILL");
    talk.kill();
    await talk.ended;
    const before = place.left().map(({ pid }) => pid);
    if (before.length === 0) throw new Error("there was nobody to be left");
    const startMs = performance.now();
    const again = place.start(["-m", "all=1,worker=3"]);
    await again.line(/worker\.3 started/, endMs + 5_000);
    const startedMs = performance.now() - startMs;
    const still = place.left().filter(({ pid }) => before.includes(pid));
    if (still.length > 0) {
      throw new Error(`not ended: ${still.map(({ command }) => command).join(", ")}`);
    }
    if (bystander.hasEnded()) throw new Error("it ended somebody else's process");
    again.child.kill("SIGTERM");
    await again.ended;
    bystander.kill();
    return `${before.length} orphans ended, started after ${Math.round(startedMs)} ms`;
  },
};

export function guardianOf(place: Place): Promise<number> {
  return until("a guardian", 2_000, () => place.guardians()[0]);
}
