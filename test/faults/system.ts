/** The system around procman: its clock, its process ids, its ports and its memory. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { guardianOf } from "./death.ts";
import { allOf, type Fault } from "./fault.ts";
import { statesOf } from "./limits.ts";
import { findMemoryGroup, needsNamespaces, needsRoot } from "./needs.ts";
import { expectStatus } from "./oracles.ts";
import { endMs, killQuietly, type Place, type Stage } from "./stage.ts";
import { pause, timed, until } from "./until.ts";

const skew = fileURLToPath(new URL("programs/skew.cjs", import.meta.url));
const dayMs = 86_400_000;

export const clockJumps: Fault = {
  name: "wall clock jumps by a day, both ways",
  must: "what crashes is restarted at the same pace, and nothing else happens",
  async run(stage) {
    const place = await stage.app({ Procfile: "crash: sleep 0.1; exit 1\nquiet: sleep 1000\n" });
    const file = join(stage.folder, "skew");
    const env = { ...stage.environment, FAULTS_SKEW: file };
    const talk = place.start([], { flags: ["-r", skew], env });
    await place.up("quiet");
    const before = await statesOf(place);
    const counts: number[] = [];
    for (const ms of [dayMs, -dayMs, 0]) {
      writeFileSync(file, String(ms));
      talk.child.kill("SIGUSR2");
      // Its failures are forgotten, so that each pace is that of the beginning.
      await place.ask("restart", "crash");
      const startsBefore = countStarts(talk.stdout());
      await pause(3_500);
      counts.push(countStarts(talk.stdout()) - startsBefore);
    }
    const after = await statesOf(place);
    if (after.get("quiet.1")?.pid !== before.get("quiet.1")?.pid)
      throw new Error("quiet.1 is another");
    if (counts.some((count) => count < 1 || count > 4)) throw new Error(`restarts: ${counts}`);
    const { stdout } = await place.ask("ps");
    if (stdout.includes("-")) throw new Error(stdout);
    talk.child.kill("SIGTERM");
    expectStatus((await talk.ended).status, 143);
    return `restarts in 3.5 s after each jump: ${counts.join(", ")}`;
  },
};

function countStarts(text: string): number {
  return text.match(/crash\.1 started/g)?.length ?? 0;
}

const orphans = { short: 100, long: 1_000 };

export const firstProcess: Fault = {
  name: "procman is process 1, and nobody reaps orphans",
  must: "zombies count as gone: restart and stop are not held up by them",
  cannot: needsNamespaces,
  async run(stage) {
    const count = stage.form.isLong ? orphans.long : orphans.short;
    const fork = `i=0; while [ $i -lt ${count} ]; do (sleep 0.2 &); i=$((i+1)); done`;
    const place = await stage.app({ Procfile: `worker: ${fork}; echo forked; exec sleep 1000\n` });
    const under = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"];
    const talk = place.start([], { under });
    await talk.line(/\| forked/, 30_000);
    const zombies = await until("the orphans to be zombies", 10_000, () => {
      const found = countZombies();
      return found >= count ? found : undefined;
    });
    const restarted = await place.ask("restart", "worker");
    expectStatus(restarted.status, 0);
    if (restarted.ms > endMs * 2) throw new Error(`the restart took ${restarted.ms} ms`);
    // Its own signal, and not `procman stop`: that is for who sees the same process ids.
    process.kill(childOf(talk.pid), "SIGTERM");
    const { value, ms: stoppedMs } = await timed(() => talk.ended);
    expectStatus(value.status, 143);
    return `${zombies} zombies; restarted in ${Math.round(restarted.ms)} ms, stopped in ${Math.round(stoppedMs)} ms`;
  },
};

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")[0]);
}

function countZombies(): number {
  const states = spawnSync("ps", ["-A", "-o", "stat="]).stdout.toString();
  return states.split("\n").filter((state) => state.startsWith("Z")).length;
}

const listen = (host: string, port: number) => [
  process.execPath,
  "-e",
  `require("net").createServer().listen(${port}, "${host}", () => console.log("listening"))`,
];

export const portTaken: Fault = {
  name: "port of web taken, by a stranger and by what procman left",
  must: "the stranger is named and nothing starts; one's own is ended first",
  async run(stage) {
    const place = await stage.app({ Procfile: `web: ${serverOnPort}\n` });
    for (const host of ["0.0.0.0", "::1"]) await refuseFor(stage, place, host);
    const talk = place.start();
    await talk.line(/listening/);
    const guardian = await guardianOf(place);
    process.kill(talk.pid, "SIGSTOP");
    process.kill(guardian, "SIGKILL");
    talk.kill();
    await talk.ended;
    const again = place.start();
    await again.line(/listening/);
    again.child.kill("SIGTERM");
    expectStatus((await again.ended).status, 143);
    return "named on IPv4 and IPv6; its own is ended";
  },
};

const serverOnPort = `${process.execPath} -e 'require("net").createServer().listen(process.env.PORT, () => console.log("listening"))'`;

async function refuseFor(stage: Stage, place: Place, host: string): Promise<void> {
  const holder = stage.spawn(listen(host, place.port));
  await until(
    "the holder",
    5_000,
    () => holder.stdout().includes("listening") || holder.hasEnded() || undefined,
  );
  if (holder.hasEnded()) return;
  const { status, stderr } = await place.start().ended;
  expectStatus(status, 1);
  if (!stderr.includes(`pid ${holder.pid}`)) throw new Error(`on ${host} it says: ${stderr}`);
  holder.kill();
  await holder.ended;
}

const limitBytes = 300 * 2 ** 20;
const hog = `${process.execPath} -e 'const all = []; setInterval(() => all.push(Buffer.alloc(2 ** 23, 1)), 5)'`;

export const outOfMemory: Fault = {
  name: "process killed for want of memory",
  must: "it is named as that, and started again as its policy says",
  cannot: allOf(needsRoot, () => (findMemoryGroup() ? undefined : "no cgroup can be made here")),
  async run(stage) {
    const found = findMemoryGroup();
    if (found === undefined) throw new Error("the cgroup is gone");
    const group = join(found.path, `procman-faults-${stage.chance.between(1, 1e9)}`);
    mkdirSync(group);
    try {
      const name = found.version === 1 ? "memory.limit_in_bytes" : "memory.max";
      writeFileSync(join(group, name), String(limitBytes));
      const place = await stage.app({ Procfile: `hog: ${hog}\nquiet: sleep 1000\n` });
      const under = ["sh", "-c", `echo $$ >${group}/cgroup.procs && exec "$@"`, "sh"];
      const talk = place.start([], { under });
      const [line] = await talk.line(/hog\.1 .*(SIGKILL|out of memory).*/, 30_000);
      if (!line.includes("out of memory")) throw new Error(`it says: ${line}`);
      await talk.line(/hog\.1 started[\s\S]*hog\.1 started/);
      talk.child.kill("SIGTERM");
      expectStatus((await talk.ended).status, 143);
      await place.nobodyLeft(endMs);
      return line;
    } finally {
      removeGroup(group);
    }
  },
};

function removeGroup(path: string): void {
  const left = existsSync(path) ? readFileSync(join(path, "cgroup.procs"), "latin1") : "";
  for (const pid of left.split("\n").filter(Boolean)) killQuietly(Number(pid));
  try {
    rmdirSync(path);
  } catch {
    // Somebody in it is still on the way out; it is empty then, and takes nothing.
  }
}
