import { spawnSync } from "node:child_process";
import { chmod, chown, mkdir } from "node:fs/promises";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const idle = "worker: sleep 1000\n";
const done = { code: 0, signal: null, stderr: "" };

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
