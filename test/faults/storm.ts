/** Many commands at once. */
import type { Fault } from "./fault.ts";
import { statesOf } from "./limits.ts";
import { expectStatus } from "./oracles.ts";
import { mebibyte, mebibytes, probe, withProbe } from "./probe.ts";
import { pause, timed } from "./until.ts";

const starters = 30;

export const manyStarts: Fault = {
  name: "30 starts at the same moment",
  must: "exactly one runs, the others say so and end with 1",
  async run(stage) {
    const place = await stage.app({ Procfile: "worker: sleep 1000\n" });
    const talks = Array.from({ length: starters }, () => place.start());
    await place.up();
    const { ms } = await timed(async () => {
      for (;;) {
        if (talks.filter((talk) => talk.hasEnded()).length >= starters - 1) return;
        await pause(20);
      }
    });
    const runs = talks.filter((talk) => !talk.hasEnded());
    if (runs.length !== 1) throw new Error(`${runs.length} run`);
    for (const talk of talks.filter((other) => other.hasEnded())) {
      const { status, stderr } = await talk.ended;
      expectStatus(status, 1);
      if (!/already|being started/.test(stderr)) throw new Error(`one says: ${stderr}`);
    }
    const [winner] = runs;
    if ((await statesOf(place)).size !== 1) throw new Error("there is not one process");
    winner?.child.kill("SIGTERM");
    await winner?.ended;
    await place.startsAgain();
    return `one of ${starters}, the last said so ${Math.round(ms)} ms after it was up`;
  },
};

const clients = 8;
const most = 5;

export const commandStorm: Fault = {
  name: "hundreds of random commands by 8 clients",
  must: "each is carried out or refused, no port twice, and it ends as the last ones say",
  async run(stage) {
    const total = stage.form.isLong ? 500 : 80;
    const place = await stage.app({
      Procfile: "other: sleep 1000\nworker: sleep 1000\nclock: sleep 1000\n",
    });
    const talk = place.start();
    await place.up();
    const types = ["worker", "clock"];
    let left = total;
    const client = async () => {
      while (left > 0) {
        left -= 1;
        const type = stage.chance.oneOf(types);
        const words = stage.chance.oneOf([
          ["scale", `${type}=${stage.chance.between(0, most)}`],
          ["scale", `${type}+1`],
          ["scale", `${type}-1`],
          ["restart", type],
          ["stop", type],
          ["ps"],
        ]);
        const { status } = await place.ask(...words);
        // One below none is refused.
        if (status !== 0 && status !== 2 && status !== 1) expectStatus(status, 0);
        checkPorts(await statesOf(place));
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    expectStatus((await place.ask("scale", "other=1", "worker=2", "clock=1")).status, 0);
    expectStatus((await place.ask("restart", "--wait")).status, 0);
    const states = await statesOf(place);
    const names = [...states].filter(([, { state }]) => state === "up").map(([name]) => name);
    const wanted = "clock.1 other.1 worker.1 worker.2";
    if (names.sort().join(" ") !== wanted) throw new Error(`there is ${names.join(" ")}`);
    talk.child.kill("SIGTERM");
    expectStatus((await talk.ended).status, 143);
    return `${total} commands, and it ended as the last said`;
  },
};

function checkPorts(states: Awaited<ReturnType<typeof statesOf>>): void {
  const ports = [...states.values()].filter(({ pid }) => pid !== null).map(({ port }) => port);
  if (new Set(ports).size < ports.length) throw new Error(`a port is there twice: ${ports}`);
}

export const crashLoop: Fault = {
  name: "processes that crash at once, again and again",
  must: "not two starts of one within a second, and procman does not grow",
  async run(stage) {
    const place = await stage.app({ Procfile: "worker: exit 1\nquiet: sleep 1000\n" });
    const many = 20;
    const talk = place.start(["-m", `worker=${many},quiet=1`], withProbe(stage));
    await talk.line(/failure 2 in a row/);
    const before = await probe(stage, talk.pid);
    const seconds = stage.form.isLong ? 60 : 8;
    await pause(seconds * 1_000);
    const after = await probe(stage, talk.pid);
    const rows = place.log().split("\n");
    const last = new Map<string, number>();
    let starts = 0;
    for (const row of rows) {
      const [, time, name] = /^(\S+) procman\[(worker\.\d+)\]: Starting process/.exec(row) ?? [];
      if (time === undefined || name === undefined) continue;
      const ms = Date.parse(time);
      const sinceMs = ms - (last.get(name) ?? 0);
      // The times are those of the lines, a moment after the starts.
      if (sinceMs < 950) throw new Error(`${name} was started again after ${sinceMs} ms`);
      last.set(name, ms);
      starts += 1;
    }
    talk.child.kill("SIGTERM");
    await talk.ended;
    const grown = after.heapBytes - before.heapBytes;
    if (grown > mebibyte) throw new Error(`the heap has grown by ${mebibytes(grown)} MiB`);
    return `${starts} starts of ${many} processes in ${seconds} s, heap ${mebibytes(grown)} MiB more`;
  },
};
