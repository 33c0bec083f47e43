import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { linesOf, procfile, Rig, testTimeout } from "../support/rig.ts";
import { childCommand } from "../support/scripted-child.ts";

vi.setConfig({ testTimeout });

function withSettings(settings: string, types: readonly string[] = ["web", "worker"]) {
  return Rig.create({ Procfile: procfile(...types), "procman.yml": settings });
}

describe.concurrent("procman.yml, of a process type", () => {
  it("env: variables above those of the shell, below procman's own", async () => {
    await using rig = await withSettings(
      "types:\n  worker:\n    env: {HOME: /nowhere, GREETING: hello}\n",
    );
    rig.start();
    const worker = await rig.child("worker.1");
    const web = await rig.child("web.1");
    expect(worker.variable("HOME")).toBe("/nowhere");
    expect(worker.variable("GREETING")).toBe("hello");
    expect(worker.variable("PS")).toBe("worker.1");
    expect(web.variable("GREETING")).toBeUndefined();
    await rig.stop();
  });

  it("env_file: files of its own, read anew at each start", async () => {
    await using rig = await withSettings("types:\n  worker: {env_file: [one.env, two.env]}\n");
    await rig.write("one.env", "A=1\nB=1\n");
    await rig.write("two.env", "B=2\n");
    rig.start();
    const first = await rig.child("worker.1");
    expect([first.variable("A"), first.variable("B")]).toEqual(["1", "2"]);
    expect((await rig.child("web.1")).variable("A")).toBeUndefined();
    await rig.write("two.env", "B=3\n");
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    const second = await rig.child("worker.1", 2);
    expect(second.variable("B")).toBe("3");
    await rig.write("two.env", "B='\n");
    const refused = await rig.ask("restart", "worker");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain("two.env");
    expect(second.isGone).toBe(false);
    await rig.stop();
  });

  it("env_file: one that is not there is a mistake", async () => {
    await using rig = await withSettings("types:\n  worker: {env_file: none.env}\n");
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    expect(code).toBe(1);
    expect(stdout).toContain("none.env: error: there is no such file");
  });

  it("cwd: the folder it runs in", async () => {
    await using rig = await Rig.create({
      Procfile: "a: pwd; exec sleep 1000\n",
      "procman.yml": "types: {a: {cwd: below}}\n",
      "below/.keep": "",
    });
    rig.start();
    await rig.line(new RegExp(`\\| ${join(rig.folder, "below")}$`));
    await rig.stop();
  });

  it("cwd: one that is not there parks it", async () => {
    await using rig = await withSettings("types: {worker: {cwd: none}}\n");
    rig.start();
    await rig.line(/worker\.1 .*there is no folder .*none/);
    await rig.child("web.1");
    await rig.stop();
  });

  it("shell: the words before its command, and those of the app for the others", async () => {
    await using rig = await Rig.create({
      Procfile: "a: echo $0; exec sleep 1000\nb: echo $0 $- | tr x+ yy; exec sleep 1000\n",
      "procman.yml": "shell: bash -c\ntypes: {b: {shell: sh -xc}}\n",
    });
    rig.start();
    await rig.line(/ a\.1 +\| bash$/);
    await rig.line(/ b\.1 +\| .*y$/);
    expect((await rig.ask("run", "echo $BASH_VERSION")).stdout).toMatch(/^\d/);
    await rig.stop();
  });

  it("port: none gives it no PORT, and no other gets its place", async () => {
    await using rig = await withSettings("types: {worker: {port: none}, web: {port: none}}\n", [
      "web",
      "worker",
      "clock",
    ]);
    rig.start();
    for (const name of ["web.1", "worker.1"]) {
      expect((await rig.child(name)).variable("PORT")).toBeUndefined();
    }
    expect((await rig.child("clock.1")).variable("PORT")).toBe(String(rig.port + 200));
    await rig.line(/web\.1 started with pid \d+: /);
    // Nobody asks its port: alive is ready.
    expect(await rig.ask("wait", "web", "--timeout", "8s")).toMatchObject({ code: 0 });
    await rig.stop();
  });

  it("stop: another signal, for the leader alone, and how long it has", async () => {
    await using rig = await withSettings(
      "types: {worker: {stop: {signal: SIGINT, timeout: 200ms}}}\n",
    );
    rig.start();
    const worker = await rig.child("worker.1");
    await worker.trap("SIGINT");
    await rig.child("web.1");
    await rig.ask("stop", "worker");
    expect(worker.signals).toEqual(["SIGINT"]);
    await rig.line(/worker\.1 .*SIGKILL/);
    await rig.stop();
  });

  it("stop: a command instead of the signal", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("web"),
      "procman.yml":
        "types: {web: {stop: {command: 'touch stopping; kill -QUIT -- -$(cat pid)'}}}\n",
    });
    rig.start();
    const web = await rig.child("web.1");
    await rig.write("pid", String(web.pid));
    expect(await rig.ask("stop")).toMatchObject({ code: 0 });
    expect(existsSync(join(rig.folder, "stopping"))).toBe(true);
    await rig.end();
  });

  it("restart: never, and the app goes on", async () => {
    await using rig = await withSettings("types: {worker: {restart: never}}\n");
    rig.start();
    await (await rig.child("worker.1")).exit(3);
    await rig.line(/worker\.1 exited with code 3/);
    const { stdout } = await rig.ask("ps");
    expect(stdout).toMatch(/^worker\.1: exited /m);
    await rig.stop();
    expect(rig.children.filter(({ name }) => name === "worker.1")).toHaveLength(1);
  });

  it("restart: always, also after an end without a failure", async () => {
    await using rig = await withSettings("types: {worker: {restart: always}}\n");
    rig.start();
    await (await rig.child("worker.1")).exit(0);
    await rig.child("worker.1", 2);
    await rig.stop();
  });

  it("restart: so often at most", async () => {
    await using rig = await withSettings("types: {worker: {restart: {max: 1, backoff: 10ms}}}\n");
    rig.start();
    await (await rig.child("worker.1")).exit(3);
    await (await rig.child("worker.1", 2)).exit(3);
    await rig.line(/worker\.1 .*it has been restarted once in a row/);
    expect((await rig.ask("ps")).stdout).toMatch(/^worker\.1: parked /m);
    await rig.stop();
  });

  it("essential: the app ends with it, and with its code", async () => {
    await using rig = await withSettings("types: {worker: {essential: true, restart: never}}\n");
    rig.start();
    await rig.child("web.1");
    await (await rig.child("worker.1")).exit(7);
    await rig.line(/worker\.1 has ended, and as it is essential all others are stopped for that/);
    expect(await rig.end()).toMatchObject({ code: 7 });
  });

  it("quiet: not in the terminal, but in the log", async () => {
    await using rig = await withSettings("types: {worker: {quiet: true}}\n");
    rig.start();
    await (await rig.child("worker.1")).print("psst");
    await (await rig.child("web.1")).print("hello");
    await rig.line(/\| hello$/);
    const { stdout } = await rig.stop();
    expect(linesOf(stdout, "worker.1")).toEqual([]);
    expect(rig.log()).toContain("app[worker.1]: psst");
  });

  it("color: that of its name", async () => {
    await using rig = await withSettings("types: {worker: {color: red}}\n");
    rig.start([], { env: { FORCE_COLOR: "1" } });
    await (await rig.child("worker.1")).print("hello");
    await rig.line(/\[0;31m\S+ worker\.1 +\|.* hello/);
    await rig.stop();
  });
});

describe.concurrent("procman.yml, of the app", () => {
  it("name, procfile, env, formation and dyno", async () => {
    await using rig = await Rig.create({
      "Procfile.dev": procfile("web", "worker", "clock"),
      ".env": "A=not read\n",
      "my.env": "A=1\n",
      "procman.yml":
        "name: shop\nprocfile: Procfile.dev\nenv: my.env\nformation: {worker: 2, clock: 0}\ndyno: true\n",
    });
    rig.start();
    await rig.child("web.1");
    const worker = await rig.child("worker.2");
    expect(worker.variable("PROCMAN_APP")).toBe("shop");
    expect(worker.variable("A")).toBe("1");
    expect(worker.variable("DYNO")).toBe("worker.2");
    await rig.line(/not started: clock$/);
    await rig.stop();
  });

  it("port: below the flag and the environment", async () => {
    await using rig = await withSettings("port: 1\n");
    const portWith = async (PORT: string) =>
      (await rig.beside(["run", "echo $PORT"], { env: { PORT } }).ended).stdout;
    expect(await portWith("")).toBe("1\n");
    expect(await portWith("4711")).toBe("4711\n");
  });

  it("timestamps, and a flag that beats it", async () => {
    await using rig = await withSettings("timestamps: off\n");
    rig.start();
    await (await rig.child("web.1")).print("hello");
    await rig.line(/^web\.1 +\| hello$/);
    await rig.stop();
  });

  it("log: how large it gets", async () => {
    await using rig = await withSettings("log: {size: 4K, files: 2}\n");
    rig.start();
    const web = await rig.child("web.1");
    await web.print(
      ...Array.from({ length: 300 }, (_, index) => `line ${index} ${"x".repeat(90)}`),
    );
    await rig.line(/line 299 /);
    await rig.stop();
    const files = readdirSync(join(rig.ownFolder, "log"));
    expect(files).toHaveLength(2);
    const kept = await Promise.all(files.map((file) => rig.read(join(".procman/log", file))));
    expect(kept.join("")).toContain("line 299 ");
    expect(Buffer.byteLength(kept.join(""))).toBeLessThan(9_000);
  });

  it("log: off keeps procman's own lines alone", async () => {
    await using rig = await withSettings("log: off\n");
    rig.start();
    await (await rig.child("web.1")).print("hello");
    await rig.line(/\| hello$/);
    await rig.stop();
    expect(rig.log()).not.toContain("hello");
    expect(rig.log()).toContain("procman[web.1]");
  });

  it("mistakes: all at once, and nothing is started", async () => {
    await using rig = await withSettings(
      "prot: 1\nformation: {wrker: 1}\ntypes:\n  wbe: {quiet: true}\n  web: {stop: {timeout: 5}}\n",
    );
    const { code, stderr } = await rig.ask("start");
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([
      'procman: procman.yml:1:1: error: there is no setting "prot"; did you mean "port"?',
      'procman: procman.yml:5:25: error: "5" is not a duration such as 500ms, 10s or 5m; it needs a unit, as in 5s',
    ]);
    await rig.write("procman.yml", "formation: {wrker: 1}\ntypes:\n  wbe: {quiet: true}\n");
    expect((await rig.ask("start")).stderr.trim().split("\n")).toEqual([
      'procman: procman.yml:1:13: error: no process type "wrker" in the Procfile; did you mean "worker"?',
      'procman: procman.yml:3:3: error: no process type "wbe" in the Procfile; did you mean "web"?',
    ]);
  });

  it("reload touches what has changed, and an invalid edit nothing", async () => {
    await using rig = await withSettings("types: {worker: {env: {A: one}}}\n");
    rig.start();
    const web = await rig.child("web.1");
    await rig.child("worker.1");
    await rig.write("procman.yml", "types: {worker: {env: {A: two}}}\n");
    expect((await rig.ask("reload")).stdout).toContain("env changed in procman.yml");
    expect((await rig.child("worker.1", 2)).variable("A")).toBe("two");
    await rig.write("procman.yml", "types: {worker: {evn: {A: two}}}\n");
    const refused = await rig.ask("reload");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('procman.yml:1:18: there is no setting "evn"');
    await rig.write("procman.yml", "types: {worker: {env: {A: two}, restart: never}}\n");
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    await (await rig.child("worker.1", 2)).exit(1);
    await rig.line(/worker\.1 exited with code 1/);
    expect(web.isGone).toBe(false);
    await rig.stop();
    expect(rig.children).toHaveLength(3);
  });

  it("is found from below, and makes an app of its folder", async () => {
    await using rig = await Rig.create({
      "Procfile.dev": `a: ${childCommand}\n`,
      "procman.yml": "procfile: Procfile.dev\n",
      "below/.keep": "",
    });
    rig.procman(["check"], { folder: "below" });
    expect((await rig.end()).stdout).toContain("1 process type: a");
  });
});
