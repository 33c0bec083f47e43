import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";
import type { Answer, ForkKind } from "../support/scripted-child.ts";
import { findSurvivors, isAlive, stateOf } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const goodbye: Answer = { afterMs: 100, lines: ["goodbye"], code: 0 };

/** Of the procman that has started a child. */
function findGuardian(id: string | undefined): number | undefined {
  return findSurvivors(`PROCMAN_GUARDS=PROCMAN_ID=${id}`)[0]?.pid;
}

describe.concurrent("when procman is killed", () => {
  it("every process is asked once, and may finish", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const children = [await rig.child("web.1"), await rig.child("worker.1")];
    for (const child of children) await child.trap("SIGTERM", goodbye);
    // A child may call in before procman has come to say that it is there.
    for (const { name } of children) await rig.line(new RegExp(`${name} started`));
    rig.kill();
    await rig.nobodyLeft();
    for (const child of children) expect(child.signals).toEqual(["SIGTERM"]);
  });

  it("what takes no notice is killed when the grace period is over", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-t", "1"]);
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    await rig.line(/web\.1 started/);
    rig.kill();
    await rig.nobodyLeft();
    expect(web.signals).toEqual(["SIGTERM"]);
  });

  it.each<ForkKind>(["group", "session", "daemon"])("a grandchild ends too: %s", async (kind) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-t", "1"]);
    const web = await rig.child("web.1");
    await web.fork(kind, "grandchild");
    await (await rig.forked("grandchild")).trap("SIGTERM");
    rig.kill();
    await rig.nobodyLeft();
  });

  it("what was started after a crash is known, too", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-t", "1"]);
    await (await rig.child("web.1")).exit(1);
    await rig.child("web.1", 2);
    rig.kill();
    await rig.nobodyLeft();
  });

  it("the log says so", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    const guardian = findGuardian(web.variable("PROCMAN_ID")) ?? 0;
    const log = join(rig.folder, ".procman/log/app.log");
    await rig.poll("the log to be there", () => existsSync(log) || undefined);
    rig.kill();
    await rig.nobodyLeft();
    await rig.poll("the guardian to end", () => !isAlive(guardian) || undefined);
    expect(await rig.read(".procman/log/app.log")).toMatch(
      /^\d{4}-\S+ procman\[procman\]: procman was killed; what it ran has been ended\n$/m,
    );
  });

  it("a server that many share is spared, with what runs in it", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), "bin/.keep": "" });
    const server = join(rig.folder, "bin/watchman");
    await copyFile("/bin/sh", server);
    await rig.write(
      "Procfile",
      `web: setsid ${server} -c 'sleep 1000; :' & ${procfile("web").slice(5)}`,
    );
    rig.start(["-t", "1"]);
    await rig.child("web.1");
    const shared = await rig.poll("the server", () => {
      const found = rig
        .processes()
        .filter(({ command }) => /^\S+watchman -c|^sleep 1000$/.test(command));
      return found.length === 2 ? found : undefined;
    });
    for (const { pid } of shared) rig.spare(pid);
    rig.kill();
    await rig.nobodyLeft();
    for (const { pid } of shared) {
      expect(isAlive(pid)).toBe(true);
      process.kill(pid, "SIGKILL");
    }
  });
});

describe.concurrent("the guardian", () => {
  it("is started again when it is killed, and knows what it must", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-t", "1"]);
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    const id = web.variable("PROCMAN_ID");
    const first = await rig.poll("a guardian", () => findGuardian(id));
    process.kill(first, "SIGKILL");
    await rig.poll("another guardian", () => {
      const other = findGuardian(id);
      return other !== undefined && other !== first ? other : undefined;
    });
    // An answer means that procman has come to tell it what it must know.
    expect((await rig.ask("ps")).code).toBe(0);
    rig.kill();
    await rig.nobodyLeft();
    expect(web.signals).toEqual(["SIGTERM"]);
  });

  it("does nothing while procman stands still", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-t", "1"]);
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    rig.signal("SIGSTOP");
    await rig.poll("procman to stand still", () => stateOf(rig.pid) === "T" || undefined);
    const guardian = findGuardian(web.variable("PROCMAN_ID")) ?? 0;
    // It waits for its input, and for nothing else.
    await rig.poll("the guardian to sleep", () => stateOf(guardian) === "S" || undefined);
    expect(web.signals).toEqual([]);
    rig.signal("SIGCONT");
    await web.exit(0);
    expect((await rig.end()).code).toBe(0);
  });

  it("is gone when procman has ended", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    const id = web.variable("PROCMAN_ID");
    const guardian = await rig.poll("a guardian", () => findGuardian(id));
    await rig.stop();
    await rig.poll("the guardian to end", () => !isAlive(guardian) || undefined);
  });
});
