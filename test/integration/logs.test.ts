import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { logLine } from "../support/log-files.ts";
import { type Command, type End, Rig, testTimeout } from "../support/rig.ts";
import { writtenBytes } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const active = ".procman/log/app.log";
const full = ".procman/log/app.000001.log";
const old = logLine("web.1", "old");
const one = logLine("web.1", "one");
const two = logLine("worker.1", "two");
const own = logLine("web.1", "State changed from starting to up", { source: "procman" });
const gone = logLine("gone.1", "of a type that is no more");

const procfile = "web: true\nworker: true\nclock: true\n";
const app = { Procfile: procfile, [full]: old + gone, [active]: one + two + own };

async function logs(
  args: readonly string[],
  files: Readonly<Record<string, string>> = app,
  command: Command = {},
): Promise<End> {
  await using rig = await Rig.create(files);
  rig.procman(args, command);
  return await rig.end();
}

describe.concurrent("procman logs", () => {
  it.each<[args: string[], lines: string]>([
    [["logs"], old + gone + one + two + own],
    [["logs", "-n", "2"], two + own],
    [["logs", "-n", "0"], ""],
    [["logs", "-p", "web", "-s", "app"], old + one],
    [["logs", "-n1", "--ps", "web,worker", "-p", "clock"], own],
    [["logs", "-d", "worker.1", "--grep", "^t.o$"], two],
    [["logs", "-s", "heroku"], own],
    [["logs", "-p", "gone"], gone],
    [["logs", "--since", "2026-11-22"], ""],
  ])("%j", async (args, lines) => {
    const { stdout, stderr, code } = await logs(args);
    expect([stdout, stderr, code]).toEqual([lines, "", 0]);
  });

  it("finds the app from below, without a Procfile, and where --root says", async () => {
    const files = { [active]: one, "below/file": "" };
    expect((await logs(["logs"], files, { folder: "below" })).stdout).toBe(one);
    const apart = { "app/Procfile": procfile, [`app/${active}`]: one };
    expect((await logs(["-d", "app", "logs", "-d", "web.1"], apart)).stdout).toBe(one);
    expect((await logs(["logs", "--root", "app"], apart)).stdout).toBe(one);
  });

  it("is JSON for programs", async () => {
    const { stdout } = await logs(["logs", "--json", "-n", "1"]);
    expect(JSON.parse(stdout)).toEqual({
      time: "2026-11-21T14:32:01.123Z",
      source: "procman",
      name: "web.1",
      text: "State changed from starting to up",
    });
  });

  it("has the colours of the terminal, by the order of the Procfile", async () => {
    const { stdout } = await logs(["logs", "-d", "worker.1"], app, { env: { FORCE_COLOR: "1" } });
    expect(stdout).toBe(`\x1b[0;33m${two.slice(0, -5)}\x1b[0m two\n`);
  });

  it.each<[args: string[], problem: RegExp]>([
    [["logs", "-p", "wroker"], /"wroker" is in neither .*; did you mean "worker"\?$/],
    [["logs", "-d", "wbe.2"], /"wbe.2" is in neither .*; did you mean "web"\?$/],
    [["logs", "-p", "web", "-p", "other"], /"other" .*; there is web, worker, clock$/],
    [["logs", "--grep", "("], /--grep "\(" is no regular expression/],
    [["logs", "-n", "many"], /--num "many" is no number of lines; give one such as 500$/],
    [["logs", "--nonsense"], /unknown option '--nonsense'/],
    [["logs", "web"], /too many arguments/],
  ])("%j is bad usage", async (args, problem) => {
    const { stdout, stderr, code } = await logs(args);
    expect([stdout, code]).toEqual(["", 2]);
    expect(stderr.trimEnd()).toMatch(problem);
  });

  it("says where procman does not run, and has not", async () => {
    for (const args of [["logs"], ["logs", "--tail"]]) {
      const { stdout, stderr, code } = await logs(args, { Procfile: procfile });
      expect([stdout, code]).toEqual(["", 3]);
      expect(stderr).toMatch(
        /^procman: procman is not running in .*; start it with: procman start\n$/,
      );
    }
  });

  it("explains itself with examples", async () => {
    const { stdout, code } = await logs(["logs", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("$ procman logs --tail -p worker");
    expect(stdout).toMatch(/-d, --dyno <NAME>/);
    expect(stdout).not.toMatch(/-d, --root/);
  });

  it("waits for a reader who is slow, and leaves out nothing", async () => {
    const lines = Array.from({ length: 40_000 }, (_, index) => logLine("web.1", `line ${index}`));
    await using rig = await Rig.create({ Procfile: procfile, [active]: lines.join("") });
    rig.procman(["logs", "-n", "50000"], { isUnread: true });
    rig.readOn(1);
    const { stdout, code } = await rig.end();
    expect(stdout === lines.join("")).toBe(true);
    expect(code).toBe(0);
  });
});

describe.concurrent("procman logs --tail", () => {
  it.each(["-t", "-f", "--tail", "--follow"])(
    "prints what comes, and ends with Ctrl-C: %s",
    async (flag) => {
      await using rig = await Rig.create(app);
      rig.procman(["logs", flag, "-n", "1", "-p", "web"]);
      await rig.line(/State changed/);
      await appendFile(join(rig.folder, active), two + logLine("web.1", "live"));
      await rig.line(/live/);
      rig.signal("SIGINT");
      const { stdout, stderr, code } = await rig.end();
      expect(stdout).toBe(own + logLine("web.1", "live"));
      expect([stderr, code]).toEqual(["", 130]);
    },
  );

  it("ends with Ctrl-C while nobody reads", async () => {
    const lines = logLine("web.1", "x".repeat(1_000)).repeat(4_000);
    await using rig = await Rig.create({ Procfile: procfile, [active]: lines });
    rig.procman(["logs", "-t", "-n", "4000"], { isUnread: true });
    await rig.poll("a full pipe", () => writtenBytes(rig.pid) > 50_000 || undefined);
    rig.signal("SIGINT");
    const { stderr, code } = await rig.end();
    expect([stderr, code]).toEqual(["", 130]);
  });

  it("ends when its reader has gone", async () => {
    await using rig = await Rig.create(app);
    rig.procman(["logs", "-t", "-n", "1"]);
    await rig.line(/State changed/);
    rig.closeOutput();
    await appendFile(join(rig.folder, active), one);
    const { stderr, code } = await rig.end();
    expect([stderr, code]).toEqual(["", 0]);
  });
});
