import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";
import { childCommand } from "../support/scripted-child.ts";
import { stateOf } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
const init = fileURLToPath(new URL("../../bin/procman-init", import.meta.url));
const isPossible = spawnSync(container[0] ?? "", [...container.slice(1), "true"]).status === 0;
const whyNot = isPossible ? "" : " (SKIPPED: this user may make no pid namespace)";

/** A newer Node makes procman that shell by itself. */
const turnsIntoInit = "execve" in process;

const ways: readonly (readonly [name: string, under: readonly string[], reaps: boolean])[] = [
  ["as process 1", container, turnsIntoInit],
  ["under procman-init", [...container, "/bin/sh", init], true],
];

/** The first process of the container, as it is seen from outside. */
function findFirst(rig: Rig): Promise<number> {
  const { pid } = rig;
  return rig.poll("the first process of the container", () => {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
    return Number(first) || undefined;
  });
}

function countZombies(parent: number): number {
  const pids = readdirSync("/proc").map(Number).filter(Boolean);
  return pids.filter((pid) => stateOf(pid) === "Z" && parentOf(pid) === parent).length;
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
  } catch {
    return 0;
  }
}

describe.skipIf(!isPossible).each(ways)(`procman %s of a container${whyNot}`, (_, under, reaps) => {
  it("can be stopped from outside, where its pid is another's", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { under });
    await rig.child("web.1");
    await rig.client();
    const fromMs = performance.now();
    expect(await rig.ask("stop")).toMatchObject({ code: 0 });
    // It does not wait for whoever has that number here.
    expect(performance.now() - fromMs).toBeLessThan(4_000);
    expect((await rig.end()).status).toBe(0);
  });

  it.each<[NodeJS.Signals, number]>([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
    ["SIGQUIT", 131],
  ])("is scaled, and %s ends all with %i", async (signal, status) => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start([], { under });
    await rig.child("web.1");
    await rig.child("worker.1");
    await rig.client();
    expect(await rig.ask("scale", "worker=2")).toMatchObject({ code: 0 });
    await rig.child("worker.2");
    process.kill(await findFirst(rig), signal);
    const end = await rig.end();
    expect(end).toMatchObject({ status, stderr: "" });
    expect(end.stdout).toContain("worker.2 stopped after");
  });

  it("is kept from ending by none of a thousand orphans, and names none", async () => {
    const orphans = "i=0; while [ $i -lt 1000 ]; do (true &); i=$((i+1)); done";
    await using rig = await Rig.create({ Procfile: `web: ${orphans}; exec ${childCommand}\n` });
    rig.start([], { under });
    await rig.child("web.1");
    const first = await findFirst(rig);
    if (reaps) await rig.poll("no zombie", () => countZombies(first) === 0 || undefined);
    else expect(countZombies(first)).toBeGreaterThan(500);
    process.kill(first, "SIGTERM");
    const end = await rig.end();
    expect(end.status).toBe(143);
    expect(end.stdout).toMatch(/web\.1 stopped after \d+ ms /);
    expect(end.stdout).not.toMatch(/behind|could not|still waiting|killing/);
  });

  it.each([
    [["--no-restart"], 3],
    [["--exit-on", "parked"], 127],
  ])("ends with the code of the app: %j", async (args, code) => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start(args, { under });
    await rig.child("worker.1");
    await (await rig.child("web.1")).exit(code);
    expect((await rig.end()).code).toBe(code);
  });

  it.each([
    ["exit 5", 5],
    ["kill -TERM $$", 143],
    ["kill -KILL $$", 137],
  ])("run ends as the command does: %s", async (line, status) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "sh", "-c", line], { under });
    expect((await rig.end()).status).toBe(status);
  });

  it("says so when nobody reaps", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { under });
    await (await rig.child("web.1")).exit(0);
    const { stdout } = await rig.end();
    const isSaid = stdout.includes("procman cannot reap what ends without a parent");
    expect(isSaid).toBe(!reaps);
  });
});
