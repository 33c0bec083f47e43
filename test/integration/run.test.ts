import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";
import { childCommand } from "../support/scripted-child.ts";

vi.setConfig({ testTimeout });

/** Prints its arguments, one a line. */
const printArgs = "node -e 'for (const arg of process.argv.slice(1)) console.log(arg)' --";

describe.concurrent("the environment of a one-off", () => {
  it("is that of the app's processes", async () => {
    await using rig = await Rig.create({
      Procfile: procfile("worker", "web"),
      ".env": "FILE=from file\nBOTH=from file\n",
    });
    rig.procman(["run", "worker"], { env: { BOTH: "from shell", PORT: "5100" } });
    const child = await rig.child(`run.${rig.pid}`);
    expect(child.hello.env).toMatchObject({
      FILE: "from file",
      BOTH: "from shell",
      PORT: "5200",
      PROCMAN_APP: "app",
      PROCMAN_PORT_WEB: "5100",
      PROCMAN_PORT_WORKER: "5200",
      PYTHONUNBUFFERED: "1",
    });
    expect(child.hello.folder).toBe(rig.folder);
    await child.exit(0);
    await rig.end();
  });

  it("has the base as its port when it is no process type", async () => {
    await using rig = await Rig.create({ Procfile: procfile("worker"), ".env": "PORT=5100\n" });
    rig.procman(["run", "echo $PORT"]);
    expect(await rig.end()).toMatchObject({ code: 0, stdout: "5100\n", stderr: "" });
  });

  it("has the port 5006 when nobody names another", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "echo $PORT $PROCMAN_PORT_WEB"]);
    expect(await rig.end()).toMatchObject({ stdout: "5006 5006\n" });
  });

  it("has .env above the shell with --env-override, and none of it with --no-env", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), ".env": "A=file\n" });
    rig.procman(["run", "--env-override", "echo $A"], { env: { A: "shell" } });
    expect(await rig.end()).toMatchObject({ stdout: "file\n" });
    await using other = await Rig.create({ Procfile: procfile("web"), ".env": "A=file\n" });
    other.procman(["run", "--no-env", "echo [$A]"]);
    expect(await other.end()).toMatchObject({ stdout: "[]\n" });
  });
});

describe.concurrent("the command of a one-off", () => {
  it.each([
    ["a line for the shell when it is one word", ["echo a; echo b >&2"], "a\n", "b\n"],
    [
      "words that the shell does not touch when they are several",
      ["echo", "$HOME;", "a  b"],
      "$HOME; a  b\n",
      "",
    ],
    [
      "free to have options that procman knows, or does not",
      ["echo", "--json", "-d", "x", "--nope"],
      "--json -d x --nope\n",
      "",
    ],
    ["whatever stands behind --", ["--", "echo", "--json"], "--json\n", ""],
    ["a process type's name, for its command", ["print"], "first\n", ""],
    [
      "a process type's name, with arguments behind it",
      ["print", "a b", "it's", "$HOME", "", "*"],
      "first\na b\nit's\n$HOME\n\n*\n",
      "",
    ],
    [
      "a process type's name, also when its command ends in a comment",
      ["commented", "a b"],
      "first\na b\n",
      "",
    ],
    ["release, too", ["release"], "released\n", ""],
  ] as const)("is %s", async (_, words, stdout, stderr) => {
    await using rig = await Rig.create({
      Procfile: `print: ${printArgs} first\ncommented: ${printArgs} first #but not last\nrelease: echo released\nweb: false\n`,
    });
    rig.procman(["run", ...words]);
    expect(await rig.end()).toMatchObject({ code: 0, signal: null, stdout, stderr });
  });

  it.each([
    ["before", ["-d", "app", "--app", "shop", "run"]],
    ["behind", ["run", "-d", "app", "--app", "shop"]],
    ["on both sides of", ["--app", "shop", "run", "--root", "app"]],
  ])("has global options %s run", async (_, words) => {
    await using rig = await Rig.create({ "app/Procfile": procfile("web") });
    rig.procman([...words, "pwd; echo $PROCMAN_APP"]);
    expect(await rig.end()).toMatchObject({ code: 0, stdout: `${rig.folder}/app\nshop\n` });
  });

  it("reads what comes in", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "cat; echo end"], { stdin: "one\ntwo\n" });
    expect(await rig.end()).toMatchObject({ code: 0, stdout: "one\ntwo\nend\n" });
  });

  it("runs in the app's folder when it is started below", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), "lib/file": "" });
    rig.procman(["run", "pwd"], { folder: "lib" });
    expect(await rig.end()).toMatchObject({ stdout: `${rig.folder}\n` });
  });
});

describe.concurrent("the end of a one-off is that of procman", () => {
  it.each([0, 1, 3, 42, 127, 255])("with the code %i", async (code) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", `exit ${code}`]);
    expect(await rig.end()).toMatchObject({ code, signal: null, stderr: "" });
  });

  it("when the command does not exist", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "no-such-program-at-all"]);
    const { code, stderr } = await rig.end();
    expect(code).toBe(127);
    expect(stderr).toContain("no-such-program-at-all");
  });

  it.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGSEGV"] as const)("by %s", async (signal) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "web"]);
    const child = await rig.child(`run.${rig.pid}`);
    process.kill(child.pid, signal);
    expect(await rig.end()).toMatchObject({ code: null, signal, stdout: "" });
  });

  it("after Ctrl-C, which is the command's to answer", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "web"]);
    const child = await rig.child(`run.${rig.pid}`);
    await child.trap("SIGINT");
    rig.pressCtrlC();
    await child.signalled("SIGINT");
    await child.print("not yet");
    await child.exit(5);
    expect(await rig.end()).toMatchObject({ code: 5, signal: null, stdout: "not yet\n" });
    expect(child.signals).toEqual(["SIGINT"]);
  });

  it.each(["SIGTERM", "SIGHUP"] as const)("after %s, which is passed on", async (signal) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "web"]);
    const child = await rig.child(`run.${rig.pid}`);
    await child.trap(signal, { afterMs: 0, lines: ["goodbye"], code: 6 });
    rig.signal(signal);
    expect(await rig.end()).toMatchObject({ code: 6, signal: null, stdout: "goodbye\n" });
  });

  it.each([1, 2, 3])("after SIGTERM, as soon as there is a command (%i)", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["run", "web"]);
    await rig.poll("a process", () => rig.processes().length > 0 || undefined);
    rig.signal("SIGTERM");
    const { status } = await rig.end();
    expect(status).toBe(143);
  });

  it("after SIGTERM, which reaches what a shell has started, too", async () => {
    await using rig = await Rig.create({ Procfile: `web: ${childCommand}; true\n` });
    rig.procman(["run", "web"]);
    const child = await rig.child(`run.${rig.pid}`);
    await child.trap("SIGTERM", { afterMs: 300, lines: ["goodbye"], code: 6 });
    rig.signal("SIGTERM");
    const { stdout } = await rig.end();
    expect(stdout).toBe("goodbye\n");
    expect(child.signals).toEqual(["SIGTERM"]);
  });
});
