import { existsSync, readdirSync } from "node:fs";
import { copyFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { parseHerokuLine } from "../../src/core/log-format.ts";
import { procfile, Rig, testTimeout } from "../support/rig.ts";
import type { Answer, ForkKind } from "../support/scripted-child.ts";
import { findSurvivors, isAlive, stateOf } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const goodbye: Answer = { afterMs: 100, lines: ["goodbye"], code: 0 };

/** Of the procman that has started a child. */
function findGuardian(id: string | undefined): number | undefined {
  return findSurvivors(`PROCMAN_GUARDS=PROCMAN_ID=${id}`)[0]?.pid;
}

function logOf(rig: Rig): string {
  return join(rig.ownFolder, "log/app.log");
}

/** What the guardian keeps for the log until all have ended. */
function drainedIn(rig: Rig): readonly string[] {
  return readdirSync(join(rig.ownFolder, "pipes")).filter((name) => /\D/.test(name));
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

  it("what they print until they are gone is in the log", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const children = [await rig.child("web.1"), await rig.child("worker.1")];
    for (const child of children) await child.trap("SIGTERM", goodbye);
    const guardian = findGuardian(children[0]?.variable("PROCMAN_ID")) ?? 0;
    const log = logOf(rig);
    await rig.poll("the log to be there", () => existsSync(log) || undefined);
    for (const { name } of children) await rig.line(new RegExp(`${name} started`));
    rig.kill();
    await rig.nobodyLeft();
    await rig.poll("the guardian to end", () => !isAlive(guardian) || undefined);
    const lines = (await rig.read(".procman/log/app.log")).split("\n");
    for (const { name } of children) {
      const said = lines.filter((line) => line.endsWith(` app[${name}]: goodbye`));
      expect(said).toHaveLength(1);
      expect(parseHerokuLine(said[0] ?? "")).toMatchObject({
        source: "app",
        name,
        text: "goodbye",
      });
    }
    // Between what procman has written and what it could not.
    const gap = lines.findIndex((line) => line.endsWith("not yet written is missing here"));
    const first = lines.findIndex((line) => line.endsWith(": goodbye"));
    expect(gap).toBeGreaterThan(0);
    expect(first).toBeGreaterThan(gap);
    // It comes last, in a line of its own.
    expect(lines.at(-2)).toMatch(/ procman\[procman\]: procman was killed; /);
  });

  it("their lines are whole in the log, however long they are", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const children = [await rig.child("web.1"), await rig.child("worker.1")];
    const text = { "web.1": "a".repeat(9_000), "worker.1": "b".repeat(9_000) };
    for (const child of children) {
      const lines = Array(400).fill(text[child.name as keyof typeof text]);
      await child.trap("SIGTERM", { afterMs: 0, lines, code: 0 });
    }
    for (const { name } of children) await rig.line(new RegExp(`${name} started`));
    await rig.poll("the log to be there", () => existsSync(logOf(rig)) || undefined);
    rig.kill();
    await rig.nobodyLeft();
    const lines = rig.log().split("\n");
    for (const [name, line] of Object.entries(text)) {
      expect(lines.filter((each) => each.endsWith(` app[${name}]: ${line}`))).toHaveLength(400);
    }
    expect(drainedIn(rig)).toEqual([]);
  });

  it("no link is followed to keep what they print", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), precious: "precious" });
    rig.start();
    const web = await rig.child("web.1");
    await web.trap("SIGTERM", goodbye);
    await rig.line(/web\.1 started/);
    await rig.poll("the log to be there", () => existsSync(logOf(rig)) || undefined);
    const link = join(rig.ownFolder, "pipes", `drained.${web.pid}`);
    await symlink(join(rig.folder, "precious"), link);
    rig.kill();
    await rig.nobodyLeft();
    expect(await rig.read("precious")).toBe("precious");
    expect(rig.log()).toContain(" app[web.1]: goodbye\n");
    expect(drainedIn(rig)).toEqual([]);
  });

  it("what they print is in the log also where a link leads to the folder", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    await symlink(rig.folder, join(rig.folder, "link"));
    rig.start(["-d", join(rig.folder, "link")]);
    const web = await rig.child("web.1");
    await web.trap("SIGTERM", goodbye);
    const guardian = findGuardian(web.variable("PROCMAN_ID")) ?? 0;
    const log = logOf(rig);
    await rig.poll("the log to be there", () => existsSync(log) || undefined);
    await rig.line(/web\.1 started/);
    rig.kill();
    await rig.nobodyLeft();
    await rig.poll("the guardian to end", () => !isAlive(guardian) || undefined);
    expect(await rig.read(".procman/log/app.log")).toContain(" app[web.1]: goodbye\n");
  });

  it("the log says so", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    const guardian = findGuardian(web.variable("PROCMAN_ID")) ?? 0;
    const log = logOf(rig);
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

describe.concurrent("the next start", () => {
  it("removes what a guardian kept for the log when it was killed", async () => {
    const kept = { ".procman/pipes/drained.7": "a line\n" };
    await using rig = await Rig.create({ Procfile: procfile("web"), ...kept });
    rig.start();
    await rig.child("web.1");
    await rig.stop();
    expect(drainedIn(rig)).toEqual([]);
  });

  it("waits for the guardian of who was killed, and says so", async () => {
    await using rig = await Rig.create({ Procfile: procfile("worker") });
    rig.start(["-t", "2"]);
    const worker = await rig.child("worker.1");
    await worker.trap("SIGTERM");
    await rig.line(/worker\.1 started/);
    const { pid } = rig;
    rig.kill();
    const next = rig.beside(["start", "-D", "-p", `${rig.port}`]);
    await rig.child("worker.1", 2);
    // It came when nothing was left of the first.
    expect(isAlive(worker.pid)).toBe(false);
    expect(await next.ended).toMatchObject({ code: 0 });
    expect((await next.ended).stderr).toBe(
      `procman: waiting until what an earlier procman (pid ${pid}) has left is ended\n`,
    );
    expect((await rig.ask("stop")).code).toBe(0);
  });

  it("ends what is left when the guardian was killed, too", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start(["-t", "1"]);
    const [web, worker] = [await rig.child("web.1"), await rig.child("worker.1")];
    await worker.trap("SIGTERM");
    await web.fork("session", "grandchild");
    const grandchild = await rig.forked("grandchild");
    await rig.line(/worker\.1 started/);
    const { pid } = rig;
    killBoth(rig, web.variable("PROCMAN_ID"));
    for (const left of [web, worker, grandchild]) expect(isAlive(left.pid)).toBe(true);
    const next = rig.beside(["start", "-D", "-t", "1", "-p", `${rig.port}`]);
    await rig.child("worker.1", 2);
    for (const left of [web, worker, grandchild]) expect(isAlive(left.pid)).toBe(false);
    expect((await next.ended).stderr).toBe(
      `procman: ending what an earlier procman (pid ${pid}) has left\n`,
    );
    const said = rig
      .log()
      .split("\n")
      .find((line) => line.includes("ended what an earlier procman"));
    for (const left of [web, worker, grandchild]) expect(said).toContain(`(pid ${left.pid})`);
    expect((await rig.ask("stop")).code).toBe(0);
  });

  it.each([
    ["run of the machine", (roll: string) => roll.replace(/[0-9a-f]{8}-/, "00000000-")],
    ["namespace", (roll: string) => roll.replace(/pid:\[\d+/, "pid:[1")],
  ])("leaves alone what is on a roll of another %s", async (_, change) => {
    await using rig = await Rig.create({ Procfile: procfile("worker") });
    rig.start(["-t", "1"]);
    const worker = await rig.child("worker.1");
    await rig.line(/worker\.1 started/);
    killBoth(rig, worker.variable("PROCMAN_ID"));
    await rig.write(".procman/groups", change(await rig.read(".procman/groups")));
    await rig.startDaemon();
    await rig.child("worker.1", 2);
    expect(isAlive(worker.pid)).toBe(true);
    expect((await rig.ask("stop")).code).toBe(0);
    process.kill(worker.pid, "SIGKILL");
  });
});

describe("a lock that was removed", () => {
  it("does not let a second procman in", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    await rig.child("web.1");
    await rig.client();
    // So that it cannot make it again.
    rig.signal("SIGSTOP");
    await rig.remove(".procman/lock");
    const second = await rig.beside(["start", "-D"]).ended;
    rig.signal("SIGCONT");
    expect(second.stderr).toContain(`already (pid ${rig.pid})`);
    expect(second.code).toBe(1);
    expect((await rig.ask("stop")).code).toBe(0);
  });
});

/** In one go, so that neither can do anything for the other. */
function killBoth(rig: Rig, id: string | undefined): void {
  rig.signal("SIGSTOP");
  process.kill(findGuardian(id) ?? 0, "SIGKILL");
  rig.kill();
}
