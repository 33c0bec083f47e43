import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { makeCgroup } from "../../src/process/cgroup.ts";
import { hasProgram, Rig, testTimeout } from "../support/rig.ts";
import { isAlive } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const probe = makeCgroup(`procman-test-cgroup-${process.pid}`);
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
    const pid = await rig.poll("who hides", () => {
      try {
        return Number(readFileSync(join(rig.folder, "hidden"), "utf8")) || undefined;
      } catch {
        return undefined;
      }
    });
    expect(isAlive(pid)).toBe(true);
    await rig.stop();
    expect(isAlive(pid)).toBe(false);
  });
});
