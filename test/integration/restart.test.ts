import { execFileSync } from "node:child_process";
import { chmod } from "node:fs/promises";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

describe.concurrent("a crash", () => {
  it("is followed by another start, under the same name and on the same port", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start(["-m", "worker=2"]);
    const first = await rig.child("worker.2");
    await first.print("what went wrong");
    await first.exit(7);
    const second = await rig.child("worker.2", 2);
    for (const name of ["PORT", "PS", "PROCMAN_ID", "PROCMAN_APP"]) {
      expect(second.variable(name)).toBe(first.variable(name));
    }
    expect(second.variable("PROCMAN_RUN")).not.toBe(first.variable("PROCMAN_RUN"));
    const { stdout } = await rig.stop();
    // What it printed last stands above the line of its end.
    expect(stdout).toMatch(
      /\| what went wrong\n.*procman +\| worker\.2 exited with code 7 after .*; starting it again in \d.* m?s\n/,
    );
    expect(rig.children).toHaveLength(3);
  });

  it("may be a signal from elsewhere", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    process.kill((await rig.child("web.1")).pid, "SIGKILL");
    await rig.line(/web\.1 was ended by SIGKILL after .*; starting it again in /);
    process.kill((await rig.child("web.1", 2)).pid, "SIGTERM");
    await rig.line(
      /web\.1 was ended by SIGTERM after .*; starting it again in .*\(failure 2 in a row\)$/,
    );
    await rig.child("web.1", 3);
    await rig.stop();
  });

  it("does not end the others", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const worker = await rig.child("worker.1");
    await (await rig.child("web.1")).exit(1);
    await rig.child("web.1", 2);
    await worker.print("still here");
    await rig.line(/worker\.1 \| still here$/);
    await rig.stop();
    expect(rig.children.map(({ name }) => name).sort()).toEqual(["web.1", "web.1", "worker.1"]);
  });
});

describe.concurrent("an end", () => {
  it("with code 0 is none that is followed by another start", async () => {
    await using rig = await Rig.create({ Procfile: procfile("job", "worker") });
    rig.start();
    await (await rig.child("job.1")).exit(0);
    await rig.line(/procman +\| job\.1 exited with code 0 after \d.* m?s$/);
    // Time in which it would have been started again passes for another one that crashes twice.
    await (await rig.child("worker.1")).exit(1);
    await (await rig.child("worker.1", 2)).exit(1);
    await rig.child("worker.1", 3);
    expect(rig.count(/job\.1 started/)).toBe(1);
    await rig.stop();
  });

  it("of all is the end of procman, with 0 when all is well", async () => {
    await using rig = await Rig.create({ Procfile: procfile("one", "two") });
    rig.start();
    await (await rig.child("one.1")).exit(0);
    await (await rig.child("two.1")).exit(0);
    const { code, stderr } = await rig.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("of all is the end of procman, with the code of the first that failed", async () => {
    await using rig = await Rig.create({
      Procfile: `good: true\nmissing: no-such-program-at-all\n${procfile("last")}`,
    });
    rig.start();
    await rig.line(/missing\.1 exited .*parked/);
    await (await rig.child("last.1")).exit(0);
    const { code } = await rig.end();
    expect(code).toBe(127);
  });
});

const isLimited = hasProgram("prlimit");
const canBeAnother = process.getuid?.() === 0 && hasProgram("setpriv");
const whyNot = canBeAnother ? "" : " (SKIPPED: only root can become another user)";
const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const skipped = " (SKIPPED: needs prlimit, and for processes root and setpriv)";

describe.concurrent("what cannot heal is parked at once", () => {
  it.each([
    ["not found", "no-such-program-at-all", 127, /\(command not found: no-such-program-at-all\)/],
    ["mistyped", "noed x.js", 127, /\(command not found: noed; did you mean node\?\)/],
    ["not found behind others", "true && noed", 127, /\(command not found: noed; did you mean/],
    ["not found by what it runs", "sh -c noed", 127, /\(command not found\)/],
    ["not executable", "./plain", 126, /\(command not executable: .*; .* chmod \+x \.\/plain\)/],
    ["a folder", "./folder", 126, /\(command not executable: \.\/folder is a folder\)/],
  ])("when its command is %s", async (_, command, code, reason) => {
    await using rig = await Rig.create({
      Procfile: `web: ${command}\n`,
      plain: "no program\n",
      "folder/file": "",
    });
    rig.start();
    const [said] = await rig.line(/ procman \| web\.1 exited .*/);
    expect(said).toMatch(reason);
    expect(said).toMatch(new RegExp(`exited with code ${code} .*; parked, because trying again`));
    const end = await rig.end();
    expect(end.code).toBe(code);
    expect(rig.count(/started with pid/)).toBe(1);
  });

  it("when its folder is gone", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await rig.remove("");
    await web.exit(1);
    await rig.line(/web\.1 exited with code 1 .*; starting it again/);
    const [said] = await rig.line(/web\.1 could not be started: .*/);
    expect(said).toContain(`there is no folder ${rig.folder}; parked, because trying again cannot`);
    const { code } = await rig.end();
    expect(code).toBe(126);
  });

  it.skipIf(!canBeAnother)(`when its folder may not be entered${whyNot}`, async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    await rig.openToAll();
    rig.start([], { under: nobody });
    const web = await rig.child("web.1");
    await chmod(rig.folder, 0o700);
    await web.exit(1);
    const [said] = await rig.line(/web\.1 could not be started: .*/);
    expect(said).toContain(`the folder ${rig.folder} may not be entered; parked, because`);
    const { code } = await rig.end();
    expect(code).toBe(126);
  });

  it("when a variable is too large, which is named and not shown", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("web"),
      ".env": `SMALL=1\nLARGE=${"x".repeat(200_000)}\n`,
    });
    rig.start();
    const [said] = await rig.line(/web\.1 could not be started: .*/);
    expect(said).toMatch(/the variable LARGE has 200000 bytes, .*; parked/);
    const { code } = await rig.end();
    expect(code).toBe(126);
  });

  it("when its variables are too many, of which the largest is named", async () => {
    const lines = Array.from({ length: 25 }, (_, index) => `KEY${index}=${"x".repeat(100_000)}\n`);
    await using rig = await Rig.create({
      Procfile: procfile("web"),
      ".env": `${lines.join("")}LARGEST=${"x".repeat(110_000)}\n`,
    });
    rig.start();
    const [said] = await rig.line(/web\.1 could not be started: .*/);
    expect(said).toMatch(/its \d+ variables have 26\d{5} bytes, .* LARGEST with 110000; parked/);
    const { code } = await rig.end();
    expect(code).toBe(126);
  });

  it("while the others run on", async () => {
    await using rig = await Rig.create({ Procfile: `bad: no-such-program\n${procfile("web")}` });
    rig.start();
    await rig.line(/bad\.1 .*parked/);
    const web = await rig.child("web.1");
    await web.print("still here");
    await rig.line(/\| still here$/);
    const { code } = await rig.stop();
    expect(code).toBe(130);
  });
});

interface Shortage {
  readonly name: string;
  readonly limit: string;
  readonly reason: RegExp;
  readonly under: readonly string[];
  readonly isPossible: boolean;
}

const shortages: readonly Shortage[] = [
  {
    name: "file descriptors",
    limit: "nofile=10:",
    reason: /procman has no file descriptors left; raise the limit with ulimit -n/,
    under: [],
    isPossible: isLimited,
  },
  {
    name: "processes",
    limit: "nproc=1:",
    reason: /no more processes can be started; end some, or raise the limit \(ulimit -u\)/,
    under: nobody,
    isPossible: isLimited && canBeAnother,
  },
];

describe.concurrent("what procman is short of", () => {
  for (const { name, limit, reason, under, isPossible } of shortages) {
    const title = isPossible ? name : `${name}${skipped}`;
    if (!isPossible) process.stderr.write(`${title}\n`);
    it.skipIf(!isPossible)(`is waited for, and nobody else notices: ${title}`, async () => {
      await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
      await rig.openToAll();
      rig.start([], { under });
      const web = await rig.child("web.1");
      const worker = await rig.child("worker.1");
      await rig.line(/worker\.1 is up|worker\.1 started/);
      const setLimit = (value: string) => {
        const [program = "", ...words] = [...under, "prlimit"];
        execFileSync(program, [...words, "--pid", String(rig.pid), `--${value}`]);
      };
      setLimit(limit);
      await worker.exit(1);
      const [said] = await rig.line(/worker\.1 could not be started: .*/);
      expect(said).toMatch(reason);
      expect(said).toMatch(/; starting it again in .* \(failure 2 in a row\)$/);
      await web.print("still here");
      await rig.line(/\| still here$/);
      setLimit(limit.replace(/=\d+/, "=1024"));
      await (await rig.child("worker.1", 2)).print("again");
      await rig.line(/\| again$/);
      expect(rig.count(/web\.1 started/)).toBe(1);
      expect(rig.count(/is lost/)).toBe(0);
      await rig.stop();
    });
  }
});
