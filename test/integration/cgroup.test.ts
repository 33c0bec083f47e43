import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { makeCgroup } from "../../src/process/cgroup.ts";
import { hasProgram, Rig, testTimeout } from "../support/rig.ts";
import { isAlive } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const probe = makeCgroup(`test-cgroup-${process.pid}`);
probe?.remove();
const isPossible = probe !== undefined && hasProgram("setsid");
const whyNot = isPossible ? "" : " (SKIPPED: this user may make no cgroup, or there is no setsid)";

/** Forks twice, throws its environment away and closes all that it was given. */
const hide = `setsid env -i /bin/sh -c 'sleep 1000 & echo $! >"$1"' sh "$PWD/hidden" </dev/null >/dev/null 2>&1
exec sleep 1000
`;

describe(`start --cgroup${whyNot}`, () => {
  it.skipIf(!isPossible)("ends also what leaves no other trace", async () => {
    await using rig = await Rig.create({ Procfile: "worker: sh hide.sh\n", "hide.sh": hide });
    rig.start(["--cgroup"]);
    const pid = await hiddenIn(rig);
    expect(isAlive(pid)).toBe(true);
    await rig.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it.skipIf(!isPossible)("lets the next start end it when procman was killed", async () => {
    await using rig = await Rig.create({ Procfile: "worker: sh hide.sh\n", "hide.sh": hide });
    rig.start(["--cgroup", "-t", "1"]);
    const pid = await hiddenIn(rig);
    const folder = await folderOf(rig);
    rig.kill();
    await rig.nobodyLeft();
    expect(isAlive(pid)).toBe(true);
    await rig.write("Procfile", "worker: exec sleep 1000\n");
    const { stderr } = await rig.startDaemon("-t", "1");
    expect(stderr).toBe(`procman: ending what an earlier procman (pid ${rig.pid}) has left\n`);
    expect(rig.log()).toContain(` has left: sleep 1000 (pid ${pid})\n`);
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    expect((await rig.ask("stop")).code).toBe(0);
  });

  it.skipIf(!isPossible)("leaves no empty cgroup when procman was killed", async () => {
    await using rig = await Rig.create({ Procfile: "worker: exec sleep 1000\n" });
    rig.start(["--cgroup", "-t", "1"]);
    await rig.line(/worker\.1 started/);
    const folder = await folderOf(rig);
    rig.kill();
    await rig.nobodyLeft();
    expect(existsSync(folder)).toBe(true);
    // There is nobody to speak of.
    expect((await rig.startDaemon()).stderr).toBe("");
    expect(existsSync(folder)).toBe(false);
    expect((await rig.ask("stop")).code).toBe(0);
  });
});

function hiddenIn(rig: Rig): Promise<number> {
  return rig.poll("who hides", () => {
    try {
      return Number(readFileSync(join(rig.folder, "hidden"), "utf8")) || undefined;
    } catch {
      return undefined;
    }
  });
}

/** The cgroup of the first run. */
async function folderOf(rig: Rig): Promise<string> {
  const [, id] = /^procman(?: \S+){4} (\S+)/.exec(await rig.read(".procman/groups")) ?? [];
  const folder = join(dirname(dirname(probe?.entrance ?? "")), `procman-${id}.1`);
  expect(existsSync(folder)).toBe(true);
  return folder;
}
