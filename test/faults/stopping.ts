/** Processes that do not end as they are asked to. */
import { allOf, type Fault } from "./fault.ts";
import { needsNamespaces, needsProgram, needsRoot } from "./needs.ts";
import { expectStatus } from "./oracles.ts";
import { endMs, graceMs, run } from "./stage.ts";
import { timed, until } from "./until.ts";

const exactMs = 300;

export const deaf: Fault = {
  name: "process ignores TERM, INT and HUP",
  must: "it is killed when the grace period is over, 300 ms later at most",
  isAlone: true,
  async run(stage) {
    const place = await stage.app({ Procfile: `worker: ${run("stubborn.cjs")}\n` });
    const talk = place.start();
    await talk.line(/\| stubborn/);
    talk.child.kill("SIGTERM");
    const { value, ms } = await timed(() => talk.ended);
    expectStatus(value.status, 143);
    const overMs = Math.round(ms - graceMs);
    if (overMs < 0 || overMs > exactMs) throw new Error(`it ended ${overMs} ms after the grace`);
    return `${overMs} ms after the grace period`;
  },
};

export const halted: Fault = {
  name: "process halted with SIGSTOP",
  must: "it is woken, and its handler runs",
  async run(stage) {
    const place = await stage.app({ Procfile: `worker: ${run("slow.cjs", 100)}\n` });
    const talk = place.start(["-t", "5"]);
    const [, pid] = await talk.line(/with pid (\d+)/);
    await talk.line(/\| slow/);
    process.kill(Number(pid), "SIGSTOP");
    const { code, ms } = await place.ask("stop");
    expectStatus((await talk.ended).status, 0);
    if (code !== 0 || !place.log().includes("drained")) throw new Error("it was killed");
    return `stopped after ${Math.round(ms)} ms`;
  },
};

const escapes = ["group", "session", "daemon", "closed"] as const;

export const escaped: Fault = {
  name: "process leaves its group, session and parent",
  must: "whoever carries the mark is ended, by a stop and by the guardian",
  cannot: needsProgram("perl"),
  async run(stage) {
    const place = await stage.app({
      Procfile: escapes.map((kind) => `${kind}: ${run("leave.cjs", kind)}\n`).join(""),
    });
    for (const end of ["stop", "kill"] as const) {
      const talk = place.start();
      await until(
        "all to have left",
        10_000,
        () => talk.stdout().match(/\| left/g)?.length === escapes.length || undefined,
      );
      if (end === "kill") talk.kill();
      else talk.child.kill("SIGTERM");
      await talk.ended;
      await place.nobodyLeft(endMs);
    }
    return `${escapes.length} kinds, stopped and killed`;
  },
};

export const hidden: Fault = {
  name: "process forks twice and wipes its environment",
  must: "it is found by the output that it still holds, and ended",
  cannot: needsNamespaces,
  async run(stage) {
    const place = await stage.app({ Procfile: `hidden: ${run("leave.cjs", "hidden")}\n` });
    const talk = place.start();
    await talk.line(/\| left/);
    talk.child.kill("SIGTERM");
    await talk.ended;
    await place.nobodyLeft(endMs);
    return "found by the output that it holds";
  },
};

export const wrapper: Fault = {
  name: "shell in front ends first, slow drain behind it",
  must: "no restart before the last of it is gone, and its last lines are kept",
  async run(stage) {
    const place = await stage.app({ Procfile: `worker: ${run("slow.cjs", 1_500)}; true\n` });
    const talk = place.start(["-t", "5"]);
    await talk.line(/\| slow/);
    const { code, ms } = await place.ask("restart", "worker");
    expectStatus(code ?? -1, 0);
    await talk.line(/\| slow[\s\S]*\| slow/);
    talk.child.kill("SIGTERM");
    await talk.ended;
    const words = [...place.log().matchAll(/app\[worker\.1\]: (\w+)/g)].map(([, word]) => word);
    const order = words.join(" ");
    if (!order.startsWith("slow draining drained slow")) throw new Error(`it printed ${order}`);
    return `restarted after ${Math.round(ms)} ms`;
  },
};

const bombLimit = 400;
const bomb = `perl -e 'for (1..600) { my $p = fork; defined $p or last; if (!$p) { sleep 1000; exit } } $| = 1; print "full\\n"; sleep 1000'`;

export const forkBomb: Fault = {
  name: "fork bomb, up to the limit of the user",
  must: "a stop ends all of it, and so does a guardian that may not fork",
  // Without, the marks of another user's processes may not be read.
  cannot: allOf(
    needsRoot,
    needsNamespaces,
    needsProgram("perl"),
    needsProgram("setpriv"),
    needsProgram("prlimit"),
  ),
  async run(stage) {
    const user = stage.chance.between(20_000, 60_000);
    const place = await stage.app({ Procfile: `worker: ${bomb}\n` }, user);
    const under = ["prlimit", `--nproc=${bombLimit}`];
    const goneMs: number[] = [];
    for (const end of ["stop", "kill"] as const) {
      const talk = place.start([], { under });
      await talk.line(/\| full/, 30_000);
      const count = place.left().length;
      if (count < bombLimit / 2) throw new Error(`there are only ${count}`);
      if (end === "kill") talk.kill();
      else talk.child.kill("SIGTERM");
      await talk.ended;
      goneMs.push(await place.nobodyLeft(endMs));
    }
    const [stopped = 0, killed = 0] = goneMs.map(Math.round);
    return `gone ${stopped} ms after the stop, ${killed} ms after the kill`;
  },
};
