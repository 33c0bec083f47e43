import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { defaultStopPolicy } from "../../src/core/stop-policy.ts";
import { findCgroups, makeCgroup } from "../../src/process/cgroup.ts";
import { startRealChild } from "../support/real-child.ts";
import { hasProgram } from "../support/rig.ts";
import { isAlive } from "../support/survivors.ts";

vi.setConfig({ testTimeout: 20_000 });

/** A file system in which procman has this cgroup. */
function withSystem(cgroup: string, mounts: string, test: (root: string) => void) {
  const root = mkdtempSync(join(tmpdir(), "cgroup-test-"));
  mkdirSync(join(root, "proc/self"), { recursive: true });
  writeFileSync(join(root, "proc/self/cgroup"), cgroup);
  writeFileSync(join(root, "proc/self/mountinfo"), mounts);
  try {
    test(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const hybrid = `29 23 0:25 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n31 29 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`;

describe("a cgroup", () => {
  it.each([
    [
      "where there is one tree",
      unified,
      "0::/user.slice/a.scope\n",
      "sys/fs/cgroup/user.slice/a.scope",
    ],
    ["beside those of version 1", hybrid, "4:memory:/x\n0::/\n", "sys/fs/cgroup/unified"],
  ])("is made below procman's own: %s", (_, mounts, cgroup, own) => {
    withSystem(cgroup, mounts, (root) => {
      mkdirSync(join(root, own), { recursive: true });
      writeFileSync(join(root, own, "cgroup.procs"), "");
      const made = makeCgroup("a.1", root);
      expect(made?.entrance).toBe(join(root, own, "procman-a.1/cgroup.procs"));
      made?.remove();
      expect(existsSync(join(root, own, "procman-a.1"))).toBe(false);
    });
  });

  it.each([
    ["there is only version 1", "4:memory:/x\n", unified],
    ["the tree is not mounted", "0::/\n", ""],
    ["its own is out of sight", "0::/../a\n", unified],
  ])("cannot be had when %s", (_, cgroup, mounts) => {
    withSystem(cgroup, mounts, (root) => expect(makeCgroup("a", root)).toBeUndefined());
  });
});

describe("the cgroups of an earlier procman", () => {
  const tree = "sys/fs/cgroup";

  it("are found by its id, wherever it was started", () => {
    withSystem("0::/now\n", unified, (root) => {
      const at = (path: string) => join(root, tree, path);
      const theirs = ["then/procman-a.1", "then/procman-a.2", "procman-a.3"];
      const others = ["then/procman-ab.1", "procman-b.1", "procman-a"];
      for (const [index, path] of [...theirs, ...others].entries()) {
        mkdirSync(join(at(path), "inner"), { recursive: true });
        writeFileSync(join(at(path), "inner/cgroup.procs"), `${index + 1}\n`);
      }
      const found = findCgroups("a", root);
      expect(found?.members().toSorted()).toEqual([1, 2, 3]);
      found?.kill();
      const isKilled = (path: string) => existsSync(join(at(path), "cgroup.kill"));
      expect([...theirs, ...others].filter(isKilled)).toEqual(theirs);
    });
  });

  it("are removed with what was made in them, but for those that somebody is in", () => {
    withSystem("0::/now\n", unified, (root) => {
      const [full, empty] = [join(root, tree, "procman-a.1"), join(root, tree, "procman-a.2")];
      mkdirSync(full, { recursive: true });
      mkdirSync(join(empty, "inner"), { recursive: true });
      // Here a file is what makes it refuse.
      writeFileSync(join(full, "cgroup.procs"), "1\n");
      findCgroups("a", root)?.remove();
      expect([full, empty].map((path) => existsSync(path))).toEqual([true, false]);
    });
  });

  it("are left alone by who is in one", () => {
    withSystem("0::/procman-a.1/shell\n", unified, (root) => {
      for (const path of ["procman-a.1/shell", "procman-a.10"]) {
        mkdirSync(join(root, tree, path), { recursive: true });
      }
      findCgroups("a", root)?.remove();
      const isThere = (path: string) => existsSync(join(root, tree, path));
      expect(["procman-a.1/shell", "procman-a.10"].map(isThere)).toEqual([true, false]);
    });
  });

  it.each([
    ["there are none", unified],
    ["the tree is not mounted", ""],
  ])("are none when %s", (_, mounts) => {
    withSystem("0::/\n", mounts, (root) => expect(findCgroups("a", root)).toBeUndefined());
  });
});

const probe = makeCgroup(`test-${process.pid}`);
probe?.remove();

/** Forks twice, throws its environment away, closes its files: nothing else speaks against it. */
const traceless = `setsid env -i /bin/sh -c '"$@" &' sh /bin/sh -c 'echo $$ >>"$0/pids"; exec sleep 1000' "$DIR" <&- >&- 2>&-`;

describe.runIf(probe && hasProgram("setsid"))("a run in a cgroup of its own", () => {
  it.each(["asks", "kills"])("is left by nobody, and removed: who %s", async (how) => {
    const line = `cat /proc/self/cgroup; ${traceless}\nexec sleep 1000`;
    await using real = await startRealChild(line, { isolation: "cgroup" });
    const pid = await vi.waitFor(
      () =>
        Number(/^\d+(?=\n)/.exec(readFileSync(join(real.folder, "pids"), "latin1"))?.[0] ?? fail()),
      { interval: 5, timeout: 10_000 },
    );
    await real.until("out 0::");
    const folder = join(dirname(dirname(probe?.entrance ?? "")), `procman-${real.run}`);
    expect(existsSync(folder)).toBe(true);
    if (how === "asks") real.child.stop(defaultStopPolicy(10_000));
    else real.child.kill();
    const end = await real.gone;
    expect(isAlive(pid)).toBe(false);
    expect(end).toMatchObject({ swept: [`sleep 1000 (pid ${pid})`], unstoppable: [] });
    expect(existsSync(folder)).toBe(false);
  });
});

function fail(): never {
  throw new Error("it has not said who it is");
}
