import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, linesOf, procfile, Rig, testTimeout } from "../support/rig.ts";
import { childCommand, type ScriptedChild } from "../support/scripted-child.ts";

vi.setConfig({ testTimeout });

function namesOf(children: readonly ScriptedChild[]): readonly string[] {
  return children.map(({ name }) => name).sort();
}

describe.concurrent("what is started", () => {
  it("runs every process type once, each line under its name", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker", "clock") });
    rig.start();
    for (const name of ["web.1", "worker.1", "clock.1"]) {
      const child = await rig.child(name);
      await child.print(`hello from ${name}`);
    }
    await rig.line(/^\d\d:\d\d:\d\d web\.1 {4}\| hello from web\.1$/);
    await rig.line(/^\d\d:\d\d:\d\d worker\.1 \| hello from worker\.1$/);
    await rig.line(/^\d\d:\d\d:\d\d clock\.1 {2}\| hello from clock\.1$/);
    await rig.line(/^\d\d:\d\d:\d\d procman {2}\| web\.1 started with pid \d+ on port \d+: node /);
    const { stdout, stderr } = await rig.stop();
    expect(linesOf(stdout, "worker.1")).toEqual(["hello from worker.1"]);
    expect(stderr).toBe("");
  });

  it("starts in the order of the Procfile", async () => {
    await using rig = await Rig.create({ Procfile: procfile("one", "two", "three", "1") });
    rig.start();
    await rig.line(/started with pid/, 4);
    const { stdout } = await rig.stop();
    const started = stdout.match(/\S+(?= started with pid)/g);
    expect(started).toEqual(["one.1", "two.1", "three.1", "1.1"]);
  });

  it("starts the types that are named, and as many as asked for", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker", "clock") });
    rig.start(["web", "worker=2"]);
    await rig.line(/ procman +\| not started: clock$/);
    await rig.child("web.1");
    await rig.child("worker.1");
    const second = await rig.child("worker.2");
    expect(second.variable("PORT")).toBe(String(rig.port + 101));
    await rig.stop();
    expect(namesOf(rig.children)).toEqual(["web.1", "worker.1", "worker.2"]);
  });

  it("takes a formation, in which all stands for the rest", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker", "clock") });
    rig.start(["-m", "web=2,all=1"]);
    for (const name of ["web.1", "web.2", "worker.1", "clock.1"]) await rig.child(name);
    await rig.stop();
    expect(rig.children).toHaveLength(4);
  });

  it("leaves out what is excepted", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker", "clock") });
    rig.start(["-x", "web,clock"]);
    await rig.line(/not started: web, clock$/);
    await rig.child("worker.1");
    await rig.stop();
    expect(namesOf(rig.children)).toEqual(["worker.1"]);
  });

  it("does not start release, and says how to run it", async () => {
    await using rig = await Rig.create({ Procfile: procfile("release", "web") });
    rig.start();
    await rig.line(
      /release is not started; run it with: procman run release, or with start --release$/,
    );
    await rig.child("web.1");
    await rig.stop();
    expect(namesOf(rig.children)).toEqual(["web.1"]);
  });

  it("runs the start script of a package.json when there is no Procfile", async () => {
    const manifest = JSON.stringify({ scripts: { start: childCommand } });
    await using rig = await Rig.create({ "package.json": manifest });
    rig.start();
    await rig.line(
      /no Procfile here; running the start script of package\.json as web: npm start$/,
    );
    const web = await rig.child("web.1");
    expect(web.variable("PORT")).toBe(String(rig.port));
    await rig.stop();
  });

  it("finds the app from a folder below it, and runs it in its own", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), "lib/deep/file": "" });
    rig.start([], { folder: "lib/deep" });
    const web = await rig.child("web.1");
    expect(web.hello.folder).toBe(rig.folder);
    expect(web.variable("PROCMAN_APP")).toBe("app");
    await rig.stop();
  });

  it("obeys the .foreman file, below the flags", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("wrong"),
      "Procfile.dev": procfile("web", "worker"),
      ".foreman":
        "procfile: Procfile.dev\nconcurrency: web=1,worker=2\ntimestamp: false\nport: 1\n",
    });
    rig.start();
    const worker = await rig.child("worker.2");
    expect(worker.variable("PORT")).toBe(String(rig.port + 101));
    await worker.print("without a time");
    await rig.line(/^worker\.2 \| without a time$/);
    await rig.stop();
  });
});

describe.concurrent("the environment of a process", () => {
  it("has PORT, PS, the app's ports and procman's marks", async () => {
    await using rig = await Rig.create({ Procfile: procfile("worker", "web", "my-clock") });
    rig.start(["--app", "shop", "-m", "worker=2,all=1"]);
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.2");
    const clock = await rig.child("my-clock.1");
    const shared = {
      PROCMAN_APP: "shop",
      PROCMAN_PORT_WEB: String(rig.port),
      PROCMAN_PORT_WORKER: String(rig.port + 100),
      PROCMAN_PORT_MY_CLOCK: String(rig.port + 200),
      PROCMAN_ID: web.variable("PROCMAN_ID"),
      PYTHONUNBUFFERED: "1",
    };
    expect(web.hello.env).toMatchObject({ ...shared, PS: "web.1", PORT: String(rig.port) });
    expect(worker.hello.env).toMatchObject({ ...shared, PORT: String(rig.port + 101) });
    expect(clock.hello.env).toMatchObject({ ...shared, PORT: String(rig.port + 200) });
    const runs = [web, worker, clock].map((child) => child.variable("PROCMAN_RUN"));
    expect(new Set(runs).size).toBe(3);
    expect(runs).not.toContain(undefined);
    for (const name of ["DYNO", "FORCE_COLOR", "CLICOLOR_FORCE"]) {
      expect(web.hello.env).not.toHaveProperty(name);
    }
    await rig.stop();
  });

  it("has .env below the shell, whose keys are named and whose values are not", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("web"),
      ".env": "FILE=from file\nBOTH=secret\nSAME=same\nPYTHONUNBUFFERED=\n",
    });
    rig.start([], { env: { BOTH: "from shell", SAME: "same", SHELL_ONLY: "x" } });
    const web = await rig.child("web.1");
    expect(web.hello.env).toMatchObject({
      FILE: "from file",
      BOTH: "from shell",
      SHELL_ONLY: "x",
      PYTHONUNBUFFERED: "",
    });
    await rig.line(
      /\| BOTH of \.env: the shell's value wins \(--env-override turns that around\)$/,
    );
    const { stdout } = await rig.stop();
    expect(stdout).not.toContain("secret");
  });

  it("has .env above the shell with --env-override", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), ".env": "BOTH=from file\n" });
    rig.start(["--env-override"], { env: { BOTH: "from shell" } });
    const web = await rig.child("web.1");
    expect(web.variable("BOTH")).toBe("from file");
    const { stdout } = await rig.stop();
    expect(stdout).not.toContain("BOTH");
  });

  it("comes from the files that --env names, the later one first", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("web"),
      ".env": "UNUSED=1\n",
      "a.env": "A=a\nBOTH=a\n",
      "b.env": "BOTH=b\n",
    });
    rig.start(["--env", "a.env,b.env"]);
    const web = await rig.child("web.1");
    expect(web.hello.env).toMatchObject({ A: "a", BOTH: "b" });
    expect(web.hello.env).not.toHaveProperty("UNUSED");
    await rig.stop();
  });

  it("keeps its PORT and PS, whatever .env says", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), ".env": "PS=x\nPORT=1\n" });
    rig.start();
    const web = await rig.child("web.1");
    expect(web.hello.env).toMatchObject({ PS: "web.1", PORT: String(rig.port) });
    await rig.stop();
  });

  it("is read again when a process is started again", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("web"),
      ".env": "CHANGED=before\nREMOVED=1\n",
    });
    rig.start();
    const first = await rig.child("web.1");
    expect(first.hello.env).toMatchObject({ CHANGED: "before", REMOVED: "1" });
    await rig.write(".env", "CHANGED=after\n");
    await first.exit(1);
    const second = await rig.child("web.1", 2);
    expect(second.variable("CHANGED")).toBe("after");
    expect(second.hello.env).not.toHaveProperty("REMOVED");
    await rig.stop();
  });

  it.runIf(hasProgram("bash"))("stays what a pipe has said, which says it once", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const script = '"$@" -e <(echo A=1)';
    rig.start([], { under: ["/usr/bin/env", "bash", "-c", script, "bash"] });
    const first = await rig.child("web.1");
    await first.exit(1);
    const second = await rig.child("web.1", 2);
    expect([first, second].map((child) => child.variable("A"))).toEqual(["1", "1"]);
    process.kill(second.hello.ppid, "SIGINT");
    await rig.end();
  });

  it("stays as it was while .env is invalid, and that is said", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), ".env": "A=good\n" });
    rig.start();
    const first = await rig.child("web.1");
    await rig.write(".env", 'A="not closed\n');
    await first.exit(1);
    const second = await rig.child("web.1", 2);
    expect(second.variable("A")).toBe("good");
    await rig.line(/web\.1 is started with the environment it had before: \.env:1:3: error: /);
    await rig.stop();
  });

  it("has colours switched on when the output is shown in colour", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { env: { FORCE_COLOR: "1" } });
    const web = await rig.child("web.1");
    expect(web.hello.env).toMatchObject({ FORCE_COLOR: "1", CLICOLOR_FORCE: "1" });
    await rig.stop();
  });
});

describe.concurrent(".env that speaks to procman", () => {
  it("names the Procfile with PROCFILE", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("wrong"),
      "Procfile.dev": procfile("right"),
      ".env": "PROCFILE=Procfile.dev\n",
    });
    rig.start();
    await rig.child("right.1");
    await rig.stop();
    expect(namesOf(rig.children)).toEqual(["right.1"]);
  });

  it("gives the base of the ports with PORT, below the shell's", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    await rig.write(".env", `PORT=${rig.port}\n`);
    rig.procman(["start"]);
    const worker = await rig.child("worker.1");
    expect(worker.variable("PORT")).toBe(String(rig.port + 100));
    await rig.stop();
  });

  it("does not beat the PORT of the shell", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), ".env": "PORT=1\n" });
    rig.procman(["start"], { env: { PORT: String(rig.port) } });
    const web = await rig.child("web.1");
    expect(web.variable("PORT")).toBe(String(rig.port));
    await rig.line(/PORT of \.env: the shell's value wins/);
    await rig.stop();
  });
});

describe.concurrent("what a process reads and writes", () => {
  it("has an input that never delivers and never ends", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { stdin: "not for the child\n" });
    const web = await rig.child("web.1");
    await web.readStdin();
    // A piece of a line is shown when nothing has followed it for a while: time has passed then.
    await web.write("a piece");
    await rig.line(/\| a piece$/);
    expect(await web.stdinSoFar()).toEqual({ bytes: 0, hasEnded: false });
    await rig.stop();
  });

  it("can open /dev/stdout and /dev/stderr", async () => {
    await using rig = await Rig.create({
      Procfile: "web: echo out > /dev/stdout; echo err > /dev/stderr; echo tee | tee /dev/stderr\n",
    });
    rig.start();
    const { code, stdout } = await rig.end();
    expect(linesOf(stdout, "web.1")).toEqual(["out", "err", "tee", "tee"]);
    expect(code).toBe(0);
  });

  it("has stdout and stderr in the order in which they were written", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    const lines = Array.from(
      { length: 100 },
      (_, index) => `${index % 2 ? "err" : "out"} ${index}`,
    );
    for (const [index, line] of lines.entries()) {
      await (index % 2 ? web.writeError(`${line}\n`) : web.print(line));
    }
    await rig.line(/err 99$/);
    const { stdout } = await rig.stop();
    expect(linesOf(stdout, "web.1")).toEqual(lines);
  });
});
