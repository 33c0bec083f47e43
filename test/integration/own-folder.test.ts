import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { chmod, chown, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { readOwner } from "../../src/control/owner.ts";
import { hasProgram, procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const idle = "worker: sleep 1000\n";
const done = { code: 0, signal: null, stderr: "" };

// -- A folder that is removed ------------------------------------------------------------------

/** `rm -rf`, which fails when something is put in meanwhile. */
function removeFolder(path: string): void {
  const { status, stderr } = spawnSync("rm", ["-rf", path], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
}

/** Nothing is logged any more, for that would put the folder back while it is being removed. */
async function quiet(rig: Rig): Promise<void> {
  await rig.client();
  expect(await rig.ask("wait")).toMatchObject(done);
}

describe.concurrent("a .procman that is removed while procman runs", () => {
  it("is there again, and with it all that one can ask procman for", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["--api", "127.0.0.1:0"]);
    const web = await rig.child("web.1");
    await web.listen();
    await rig.line(/the API is on /);
    await quiet(rig);
    const token = await rig.read(".procman/api-token");
    // Twice, for what is made again is kept, too.
    for (const nth of [1, 2]) {
      removeFolder(rig.ownFolder);
      await rig.client();
      await web.print(`printed after ${nth}`);
      await rig.line(new RegExp(`printed after ${nth}`));
      expect(await rig.ask("ps")).toMatchObject(done);
      expect((await rig.ask("start")).stderr).toContain(`already (pid ${rig.pid})`);
      expect(await rig.ask("scale", `web=${nth + 1}`)).toMatchObject(done);
      await (await rig.child(`web.${nth + 1}`)).listen();
      await quiet(rig);
    }
    await rig.poll("the token", () => existsSync(join(rig.ownFolder, "api-token")) || undefined);
    expect(await rig.read(".procman/api-token")).toBe(token);
    expect(await rig.ask("stop")).toMatchObject(done);
    expect(await rig.end()).toMatchObject({ status: 0, stderr: expect.not.stringMatching("lost") });
    expect(rig.log()).toMatch(/printed after 2.*Scaled to web@3.*Stopping all/s);
    expect((await readdir(rig.ownFolder)).sort()).toEqual([
      ".gitignore",
      "api-token",
      "groups",
      "lock",
      "log",
      "pipes",
    ]);
    expect(await rig.temporaryFiles()).toEqual([]);
  });

  it("is there again in part, when that is what was removed", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    rig.start();
    await quiet(rig);
    const socketFolder = () => dirname(readOwner(rig.ownFolder)?.socket ?? "/");
    const first = socketFolder();
    removeFolder(first);
    const second = await rig.poll("another socket", () =>
      [first, "/"].includes(socketFolder()) ? undefined : socketFolder(),
    );
    expect(await rig.ask("ps")).toMatchObject(done);
    removeFolder(join(second, "control"));
    await rig.poll("a third", () =>
      [first, second, "/"].includes(socketFolder()) ? undefined : true,
    );
    expect(await rig.ask("ps")).toMatchObject(done);
    for (const name of ["owner.json", "lock", "groups"]) {
      const path = join(rig.ownFolder, name);
      removeFolder(path);
      await rig.poll(`${name} again`, () => existsSync(path) || undefined);
    }
    await rig.poll("a refusal", () => isLocked(rig));
    expect(await rig.ask("stop")).toMatchObject(done);
    await rig.end();
    expect(await rig.temporaryFiles()).toEqual([]);
  });

  it("is there again also for who removes it again and again", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    rig.start();
    await quiet(rig);
    // Each time in the middle of what is being made again: it may be too quick for who removes it.
    for (let times = 0; times < 20; times += 1) {
      spawnSync("rm", ["-rf", rig.ownFolder]);
      await rig.poll("something of it", () => existsSync(rig.ownFolder) || undefined);
    }
    await rig.poll("all of it", () => readOwner(rig.ownFolder));
    expect(await rig.ask("ps")).toMatchObject(done);
    expect(await rig.ask("stop")).toMatchObject(done);
    expect(await rig.end()).toMatchObject({ status: 0, stderr: expect.not.stringMatching("lost") });
  });

  it("does not come in the way of the end", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    rig.start();
    await quiet(rig);
    removeFolder(rig.ownFolder);
    await rig.stop();
    expect(existsSync(join(rig.ownFolder, "owner.json"))).toBe(false);
    expect(await rig.temporaryFiles()).toEqual([]);
  });

  it("is left to who has taken it meanwhile, which is said", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    rig.start();
    await quiet(rig);
    rig.signal("SIGSTOP");
    removeFolder(rig.ownFolder);
    await rig.startDaemon("-p", `${rig.port + 1}`);
    const owner = readOwner(rig.ownFolder);
    rig.signal("SIGCONT");
    await rig.line(
      new RegExp(`\\.procman is lost, .*: procman runs in .* already \\(pid ${owner?.pid}\\)`),
    );
    // Where both write now.
    await rig.poll(
      "the same in the log",
      () => rig.log().includes(".procman is lost, ") || undefined,
    );
    expect(readOwner(rig.ownFolder)).toEqual(owner);
    expect(await rig.ask("ps")).toMatchObject(done);
    expect(await rig.ask("stop")).toMatchObject(done);
    expect((await rig.stop()).stdout).not.toContain("the control API failed");
    expect(await rig.temporaryFiles()).toEqual([]);
  });

  it("does not come back with the app's folder", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    rig.start();
    await quiet(rig);
    removeFolder(rig.folder);
    await rig.line(/\.procman is lost, /);
    expect(existsSync(rig.folder)).toBe(false);
    await rig.stop();
    expect(existsSync(rig.folder)).toBe(false);
  });
});

/** A lock is taken a moment after its file is there. */
function isLocked(rig: Rig): true | undefined {
  const { status } = spawnSync("flock", ["-n", join(rig.ownFolder, "lock"), "true"]);
  return status === 1 || undefined;
}

// -- A folder that cannot be written -----------------------------------------------------------

const nobody = 65_534;
const asNobody = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
/** In a view of the disk of its own, in which `.procman` can only be read. */
const readOnly = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'mount --bind .procman .procman && mount -o remount,bind,ro .procman && exec "$@"',
  "sh",
];

const isRoot = process.getuid?.() === 0;
const canMount =
  isRoot && hasProgram("unshare") && spawnSync("unshare", ["--mount", "true"]).status === 0;
const canBeAnother = isRoot && hasProgram("setpriv");

/** A disk of 64 KiB in place of `.procman`, with no room left. */
function mountFull(rig: Rig): { makeRoom(): void; unmount(): void } {
  mkdirSync(rig.ownFolder, { mode: 0o700 });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", rig.ownFolder]);
  // Deeper than where procman is told of changes.
  const ballast = join(rig.ownFolder, "ballast", "file");
  mkdirSync(dirname(ballast));
  writeFileSync(ballast, "x".repeat(65_536));
  return {
    makeRoom: () => truncateSync(ballast),
    unmount: () => execFileSync("umount", ["-l", rig.ownFolder]),
  };
}

const full = `a disk that is full at the start${canMount ? "" : " (SKIPPED: no mount can be made here)"}`;

describe.skipIf(!canMount)(full, () => {
  it("is said, and whoever asks is answered as soon as there is room", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const disk = mountFull(rig);
    try {
      rig.start();
      const web = await rig.child("web.1");
      await web.print("shown");
      await rig.line(/\| shown$/);
      await rig.line(/the log on disk has to leave lines out: the disk is full$/);
      await rig.line(/do not find this procman until there is room in /);
      disk.makeRoom();
      await rig.client();
      expect(await rig.ask("stop")).toMatchObject(done);
      expect((await rig.end()).status).toBe(0);
      expect(rig.log()).toMatch(/ lines \(\d+ bytes\) are missing here: the disk is full\n/);
      expect(rig.count(/until there is room/)).toBe(1);
    } finally {
      disk.unmount();
    }
  });

  it("keeps procman from going to the background, where it would not be found", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    const disk = mountFull(rig);
    try {
      const answer = await rig.ask("start", "-D", "-p", `${rig.port}`);
      expect(answer.code).toBe(1);
      expect(answer.stderr).toContain("no room is left on the disk of ");
      expect(rig.processes()).toEqual([]);
      disk.makeRoom();
      await rig.startDaemon();
      expect(await rig.ask("stop")).toMatchObject(done);
    } finally {
      disk.unmount();
    }
  });
});

const ways = [
  { name: "that its owner has made so", under: asNobody, why: "only root can become another" },
  { name: "on a disk that is", under: readOnly, why: "no mount can be made here" },
].map((way) => {
  const isPossible = way.under === asNobody ? canBeAnother : canMount;
  if (!isPossible) process.stderr.write(`a folder ${way.name}: SKIPPED, ${way.why}\n`);
  return { ...way, isPossible };
});

describe.concurrent("a .procman that can only be read", () => {
  for (const { name, under, why, isPossible } of ways) {
    const title = isPossible ? name : `${name} (SKIPPED: ${why})`;
    it.skipIf(!isPossible)(`${title}: another is used, by all commands`, async () => {
      await using rig = await Rig.create({ Procfile: idle });
      await rig.openToAll();
      await mkdir(rig.ownFolder);
      if (under === asNobody) {
        await chown(rig.ownFolder, nobody, nobody);
        await chmod(rig.ownFolder, 0o500);
      }
      const ask = (...args: readonly string[]) => rig.beside(args, { under }).ended;
      expect(await ask("start", "-D", "-p", `${rig.port}`)).toMatchObject(done);
      expect((await ask("ps")).stdout).toContain("worker.1: up");
      expect((await ask("logs")).stdout).toMatch(
        /\.procman cannot be written; the log is kept in /,
      );
      expect((await ask("start")).stderr).toMatch(/^procman: procman runs in .* already \(pid /);
      expect(await ask("stop")).toMatchObject(done);
      expect(rig.processes()).toEqual([]);
      // What has run is still found.
      expect((await ask("logs")).stdout).toContain("Stopping all");
      expect((await ask("ps")).code).toBe(3);
    });
  }

  it("is still where the log of an earlier start is", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    await rig.startDaemon();
    await rig.ask("stop");
    await chmod(rig.ownFolder, 0o500);
    expect((await rig.ask("logs")).stdout).toContain("Stopping all");
  });
});
