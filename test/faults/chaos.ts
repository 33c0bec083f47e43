/**
 * Everything at once, by chance: commands, kills, floods and full disks against a running app, and
 * six things that must hold. Beside it an app whose procman is killed itself, again and again.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { watchAnswers } from "./answers.ts";
import { chooseAct, type Target } from "./chaos-acts.ts";
import { compare } from "./comparison.ts";
import { checkCounted, noteFolder } from "./counting.ts";
import { emptyDisk } from "./disk.ts";
import type { Fault } from "./fault.ts";
import { followFolder } from "./follow-folder.ts";
import { needsMounts } from "./needs.ts";
import { createTally, expectStatus, quantile } from "./oracles.ts";
import { type Held, mebibyte, mebibytes, probe, withProbe } from "./probe.ts";
import { rowsOf } from "./rows.ts";
import { endMs as leftMs, type Place, run, type Stage } from "./stage.ts";
import type { Talk } from "./talk.ts";
import { pause, until } from "./until.ts";

const loud = ["count=2", "flood=1", "fails=1"];
const silent = ["quiet=3", "deaf=1", "away=1"];
const formation = [...loud, ...silent].join(",");
/** A log has five segments of ten megabytes. */
const diskKilobytes = 80 * 1_024;
const followMs = 50;
const actMs = { least: 20, most: 300 };
/** At once. */
const actors = 3;

async function chaosApp(stage: Stage): Promise<{ place: Place; target: Target; notes: string }> {
  const notes = await noteFolder(stage);
  const place = await stage.app({
    Procfile: `count: ${run("count.cjs", notes, 200)}
flood: ${run("count.cjs", notes, 0, 20_000, 100)}
quiet: sleep 1000
deaf: ${run("stubborn.cjs")}
away: ${run("leave.cjs", "session")}
fails: sleep 0.3; echo failing; exit 1
`,
  });
  const hasDisk = needsMounts() === undefined;
  await mkdir(place.ownFolder, { mode: 0o700 });
  if (hasDisk) stage.mount(place.ownFolder, diskKilobytes);
  return { place, notes, target: { place, chance: stage.chance, hasDisk } };
}

export const chaos: Fault = {
  name: "chaos: commands, kills, floods, full disks",
  must: "no orphan, no lost line, answers in time, no uncaught error, no leak, next start works",
  isAlone: true,
  async run(stage) {
    const { place, target, notes } = await chaosApp(stage);
    const comparison = compare();
    const tally = createTally();
    const onOutput = rowsOf((row) => {
      comparison.screen(row);
      tally.take(row);
    });
    const follower = followFolder(join(place.ownFolder, "log"), comparison.log);
    const args = ["-m", formation, "--log-format", "heroku"];
    const talk = place.start(args, { ...withProbe(stage), onOutput });
    await settle(place);
    const before = await probeStill(stage, talk);
    expectStatus((await place.ask("scale", ...loud)).status, 0);

    const answers = await watchAnswers(stage, place);
    const endMs = performance.now() + stage.form.minutes * 60_000;
    const isOver = () => performance.now() > endMs;
    const samples: Held[] = [];
    let done = 0;
    const act = async () => {
      while (!isOver()) {
        await chooseAct(stage.chance)[2](target);
        await pause(stage.chance.between(actMs.least, actMs.most));
        done += 1;
      }
    };
    await Promise.all([
      ...Array.from({ length: actors }, act),
      repeat(isOver, followMs, async () => follower.poll()),
      repeat(isOver, stage.form.isLong ? 5_000 : 1_000, async () => {
        samples.push(await probe(stage, talk.pid));
      }),
    ]);

    const answered = await answers.end();
    await emptyDisk(place.ownFolder);
    await settle(place);
    const after = await checkHeld(stage, talk, before);
    expectStatus((await place.ask("stop")).status, 0);
    expectStatus((await talk.ended).status, 0);
    await place.nobodyLeft(leftMs);
    follower.poll();
    comparison.end();
    const { lines } = checkCounted(tally, notes);
    const { missing, gaps } = comparison.figures();
    await place.startsAgain();
    return [
      `${done} acts, ${answered}`,
      `${lines} lines, ${missing} of them counted as missing in ${gaps} gaps`,
      describeMemory(samples),
      `descriptors ${before.descriptors} and ${after.descriptors}, timers ${before.timers} and ${after.timers}`,
    ].join("; ");
  },
};

async function repeat(isOver: () => boolean, everyMs: number, deed: () => Promise<void>) {
  while (!isOver()) {
    await deed();
    await pause(everyMs);
  }
}

/**
 * As many of the silent as at the beginning, and nobody who prints or crashes: lines that are
 * gathered and restarts that are due hold timers by chance.
 */
async function settle(place: Place): Promise<void> {
  await until("the control API", 10_000, () => place.client());
  const none = typesOf(loud).map((type) => `${type}=0`);
  const scaled = await place.ask("scale", ...silent, ...none);
  expectStatus(scaled.status, 0);
  const { status, stderr } = await place.ask("restart", "--wait", ...typesOf(silent));
  if (status !== 0) throw new Error(`not all became ready: ${stderr}`);
}

function typesOf(counts: readonly string[]): readonly string[] {
  return counts.map((count) => count.slice(0, count.indexOf("=")));
}

const settledMs = 8_000;
const stillMs = 100;

/** When the last line has been written, and the last connection has ended. */
async function probeStill(stage: Stage, { pid }: Talk): Promise<Held> {
  let last = await probe(stage, pid);
  return until("what is held to stay the same", settledMs, async () => {
    await pause(stillMs);
    const before = last;
    last = await probe(stage, pid);
    return isNoMore(before, last) ? last : undefined;
  });
}

function isNoMore(held: Held, before: Held): boolean {
  return held.descriptors <= before.descriptors && held.timers <= before.timers;
}

/** What is held for a moment, as by a connection that has just ended, has that moment. */
async function checkHeld(stage: Stage, talk: Talk, before: Held): Promise<Held> {
  let held = await probe(stage, talk.pid);
  await until(
    "no more descriptors and timers than before",
    settledMs,
    async () => {
      held = await probe(stage, talk.pid);
      return isNoMore(held, before) || undefined;
    },
    () =>
      `descriptors ${before.descriptors} and now ${held.descriptors}, ` +
      `timers ${before.timers} and now ${held.timers}`,
  );
  return held;
}

/** So short a run says nothing about leaks of memory. */
const leakSamples = 300;

/** The second sixth of the time beside the last: of an hour, minutes 10–20 beside the last ten. */
function describeMemory(samples: readonly Held[]): string {
  const sixth = Math.floor(samples.length / 6);
  const early = samples.slice(sixth, 2 * sixth);
  const late = samples.slice(-sixth);
  const median = (some: readonly Held[], of: "heapBytes" | "rssBytes") =>
    quantile(
      some.map((held) => held[of]),
      0.5,
    );
  const heap = [median(early, "heapBytes"), median(late, "heapBytes")] as const;
  const rss = [median(early, "rssBytes"), median(late, "rssBytes")] as const;
  const text =
    `heap ${mebibytes(heap[0])} and ${mebibytes(heap[1])} MiB, ` +
    `RSS ${mebibytes(rss[0])} and ${mebibytes(rss[1])} MiB`;
  const isLeak = heap[1] > heap[0] + mebibyte || rss[1] > rss[0] + 5 * mebibyte;
  if (isLeak && samples.length >= leakSamples) throw new Error(`memory has grown: ${text}`);
  return text;
}

export const mortalChaos: Fault = {
  name: "chaos, and procman is killed in it",
  must: "nobody is left after grace + 1 s, no line twice or out of order, each next start works",
  isAlone: true,
  async run(stage) {
    const { place, target } = await chaosApp(stage);
    const tally = createTally("death");
    const follower = followFolder(join(place.ownFolder, "log"), tally.take);
    const overMs = performance.now() + stage.form.minutes * 60_000;
    const goneMs: number[] = [];
    let done = 0;
    while (performance.now() < overMs) {
      const talk = place.start(["-m", formation]);
      await talk.line(/fails\.1 started/, 10_000);
      const lifeMs = performance.now() + stage.chance.between(100, 3_000);
      const isOver = () => performance.now() > lifeMs;
      const go = async () => {
        while (!isOver()) {
          const [name, , act] = chooseAct(stage.chance);
          // Both at once are a row of their own.
          if (name !== "kill the guardian") await act(target);
          await pause(stage.chance.between(actMs.least, actMs.most));
          done += 1;
        }
      };
      const acting = [go(), go(), repeat(isOver, followMs, async () => follower.poll())];
      await pause(lifeMs - performance.now());
      talk.kill();
      goneMs.push(await place.nobodyLeft(leftMs));
      await Promise.all([...acting, talk.ended]);
      follower.poll();
    }
    await emptyDisk(place.ownFolder);
    await place.startsAgain();
    follower.poll();
    return (
      `${goneMs.length} kills among ${done} acts, all gone after ` +
      `${Math.round(Math.max(...goneMs))} ms at most; ${tally.last.size} runs in order`
    );
  },
};
