import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { link, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { get, statusOf, talk } from "../support/raw-client.ts";
import { hasProgram, procfile, Rig, testTimeout } from "../support/rig.ts";
import { isAlive } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

const idle = "worker: sleep 1000\n";
const done = { code: 0, signal: null, stderr: "" };

interface Owner {
  readonly pid: number;
  readonly socket: string;
}

async function ownerOf(rig: Rig): Promise<Owner> {
  return JSON.parse(await readFile(join(rig.ownFolder, "owner.json"), "utf8"));
}

/** What a process has open, by number: `/dev/null`, `pipe:[431]`. */
function openFiles(pid: number): ReadonlyMap<number, string> {
  const folder = `/proc/${pid}/fd`;
  return new Map(
    readdirSync(folder).map((fd) => [Number(fd), readlinkSync(join(folder, fd))] as const),
  );
}

/** Ends the background procman of a rig, and everything is gone when that returns. */
async function stopDaemon(rig: Rig): Promise<void> {
  expect(await rig.ask("stop")).toMatchObject(done);
  expect(rig.processes()).toEqual([]);
  expect(await rig.temporaryFiles()).toEqual([]);
}

describe.concurrent("start -D", () => {
  it("returns when the app is ready, says what runs where, and can be followed by a stop", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") + idle });
    const starting = rig.startDaemon();
    await (await rig.child("web.1")).listen();
    const { stdout, stderr } = await starting;
    expect(stderr).toBe("");
    const { pid } = await ownerOf(rig);
    expect(stdout.split("\n")).toEqual([
      `app runs in the background (pid ${pid}) in ${rig.folder}`,
      expect.stringMatching(
        new RegExp(`^web\\.1 is up with pid \\d+ on http://localhost:${rig.port}$`),
      ),
      expect.stringMatching(/^worker\.1 is up with pid \d+$/),
      "Next: procman ps, procman logs -t, procman stop",
      "",
    ]);
    await stopDaemon(rig);
    // At once again, in one line as people write it.
    await rig.write("Procfile", idle);
    await rig.startDaemon();
    const again = `"$0" "$1" stop && "$0" "$1" start -D -p ${rig.port} --json`;
    const { ended } = rig.beside([], { under: ["/bin/sh", "-c", again] });
    const restarted = await ended;
    expect(restarted).toMatchObject({ code: 0, stderr: "" });
    const [, json = ""] = restarted.stdout.split("Stopping the app... done\n");
    expect(JSON.parse(json)).toMatchObject({ dynos: [{ name: "worker.1", state: "up" }] });
    await stopDaemon(rig);
  });

  it("leaves nothing attached to the terminal, nor what a shell had open", async () => {
    await using rig = await Rig.create({ Procfile: procfile("worker"), held: "" });
    // A gap in between, and numbers that no shell would use.
    const script = `exec 5>held 8>held; exec node -e '${highDescriptors}' "$@"`;
    const { ended } = rig.beside(["start", "-D", "-p", `${rig.port}`], {
      under: ["/bin/sh", "-c", script, "sh"],
    });
    // Its pipes have ended, or this would not be known.
    expect(await ended).toMatchObject(done);
    const { pid } = await ownerOf(rig);
    const own = openFiles(pid);
    expect([own.get(0), own.get(1)]).toEqual(["/dev/null", "/dev/null"]);
    expect(own.get(2)).toBe(join(rig.ownFolder, "daemon.log"));
    expect([...own.values()]).not.toContain(join(rig.folder, "held"));
    const worker = openFiles((await rig.child("worker.1")).pid);
    expect([...worker.values()]).not.toContain(join(rig.folder, "held"));
    expect(worker.get(1)).toBe(worker.get(2));
    // Session, process group and terminal: it leads its own session, and has no terminal.
    const columns = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    expect([columns[3], columns[4]]).toEqual([`${pid}`, "0"]);
    expect((await stat(join(rig.ownFolder, "daemon.log"))).size).toBe(0);
    await stopDaemon(rig);
  });

  it("ends a pipe behind it", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    const script = `"$@" 2>&1 | cat; echo the end`;
    const { ended } = rig.beside(["start", "-D", "-p", `${rig.port}`], {
      under: ["/bin/sh", "-c", script, "sh"],
    });
    expect((await ended).stdout).toMatch(/^app runs in the background.*\nthe end\n$/s);
    await stopDaemon(rig);
  });

  it("shows the last lines of the log when it cannot become ready, and leaves nothing", async () => {
    await using rig = await Rig.create({
      Procfile: `${idle}broken: echo this is why; exec no-such-command-at-all\n`,
    });
    const { code, stdout, stderr } = await rig.ask("start", "-D", "-p", `${rig.port}`);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^procman: cannot become ready: broken\.1 is parked \(command not found: no-such-command-at-all\)$/m,
    );
    expect(stderr).toMatch(/^procman: the app is stopped, .*; the last lines of its log:$/m);
    expect(stderr).toMatch(/ app\[broken\.1\]: this is why$/m);
    expect(stderr).toMatch(/ procman\[broken\.1\]: Parked, because/m);
    expect(stderr).not.toContain("Stopping all");
    // Of this start alone.
    const again = await rig.ask("start", "-D", "-p", `${rig.port}`);
    expect(again.stderr.match(/this is why$/gm)).toHaveLength(1);
    expect([rig.processes(), await rig.temporaryFiles()]).toEqual([[], []]);
    expect((await rig.ask("ps")).code).toBe(3);
  });

  it.each<[name: string, files: Readonly<Record<string, string>>, code: number, said: RegExp]>([
    ["an invalid Procfile", { Procfile: "web\n" }, 1, /^procman: Procfile:1:1: error: no colon/],
    ["no app", {}, 1, /Procfile/],
  ])("says what start says, once: %s", async (_, files, code, said) => {
    await using rig = await Rig.create(files);
    const answered = await rig.ask("start", "-D", "-p", `${rig.port}`);
    expect(answered).toMatchObject({ code, stdout: "" });
    expect(answered.stderr).toMatch(said);
    expect(answered.stderr).not.toContain("log");
    expect(rig.processes()).toEqual([]);
  });

  it("leaves nothing when Ctrl-C comes before it is ready", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const { pid, ended } = rig.beside(["start", "-D", "-p", `${rig.port}`]);
    const web = await rig.child("web.1");
    await rig.client();
    process.kill(pid, "SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "" });
    expect([web.isGone || !isAlive(web.pid), rig.processes()]).toEqual([true, []]);
    expect(await rig.temporaryFiles()).toEqual([]);
  });
});

/** Opens a file as number 50, and becomes the words that follow. */
const highDescriptors = `
  const { openSync, closeSync } = require("node:fs");
  const { spawnSync } = require("node:child_process");
  const fd = openSync("held", "r");
  const stdio = Array.from({ length: 51 }, (_, number) => (number < 3 ? "inherit" : "ignore"));
  stdio[50] = fd;
  stdio[7] = fd;
  const [file, ...words] = process.argv.slice(1);
  process.exit(spawnSync(file, words, { stdio }).status);
`.replaceAll("\n", " ");

describe.concurrent("one app, one procman", () => {
  it("a second start is refused with the pid of the first, by any way to it", async () => {
    await using rig = await Rig.create({ Procfile: idle, "sub/file": "" });
    rig.start();
    await rig.client();
    const said = `procman: procman runs in ${rig.folder} already (pid ${rig.pid}); look with: procman ps, stop it with: procman stop\n`;
    const answers = await Promise.all([
      rig.ask("start"),
      rig.ask("start", "-D"),
      rig.beside(["start", "-d", ".."], { folder: "sub" }).ended,
    ]);
    for (const answered of answers) {
      expect(answered).toEqual({ code: 1, signal: null, stdout: "", stderr: said });
    }
    expect((await rig.ask("ps")).stdout).toContain("worker.1");
    await rig.stop();
  });

  it("of eight that start at once exactly one wins, and the others say why not", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    const starters = Array.from({ length: 8 }, () => rig.beside(["start", "-p", `${rig.port}`]));
    const { pid } = await rig.client();
    const losers = starters.filter((starter) => starter.pid !== pid);
    expect(losers).toHaveLength(7);
    for (const { ended } of losers) {
      const { code, stdout, stderr } = await ended;
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(
        /^procman: (procman runs in \S+ already \(pid \d+\); .*|another procman is being started in \S+)\n$/,
      );
    }
    // The winner may be forking a helper, which for a moment looks like itself.
    await rig.poll("one process of the app alone", () => {
      const [only, ...others] = rig.processes();
      return (only?.command === "sleep 1000" && others.length === 0) || undefined;
    });
    expect(await rig.ask("stop")).toMatchObject(done);
    const winner = starters.find((starter) => starter.pid === pid);
    expect(await winner?.ended).toMatchObject({ code: 0, stderr: "" });
    expect(rig.processes()).toEqual([]);
  });

  it("what a killed one has left is cleared by the next start, without a person", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    const first = rig.beside(["start", "-p", `${rig.port}`]);
    await rig.client();
    const { pid, socket } = await ownerOf(rig);
    expect(pid).toBe(first.pid);
    process.kill(pid, "SIGKILL");
    await first.ended;
    for (const left of rig.processes()) process.kill(left.pid, "SIGKILL");
    expect([existsSync(socket), (await ownerOf(rig)).pid]).toEqual([true, pid]);
    const { code, stderr } = await rig.ask("ps");
    expect([code, stderr]).toEqual([3, expect.stringContaining("procman is not running in")]);
    await rig.startDaemon();
    const next = await ownerOf(rig);
    expect(next.pid).not.toBe(pid);
    expect([existsSync(socket), existsSync(next.socket)]).toEqual([false, true]);
    expect((await rig.ask("ps")).stdout).toContain("worker.1: up");
    await rig.ask("stop");
    expect(rig.processes()).toEqual([]);
  });

  it("does not take for its own what only stands in a file", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    await mkdir(rig.ownFolder, { mode: 0o700 });
    const precious = join(rig.folder, "precious");
    await writeFile(precious, "precious");
    const owners = [
      { pid: process.pid, id: "x", socket: precious },
      { pid: process.pid, id: "x", socket: "/nowhere/procman-abcdef/control" },
      { pid: "x", id: 7, socket: [] },
    ].map((owner) => JSON.stringify(owner));
    for (const text of [...owners, "no JSON", "x".repeat(10_000), ""]) {
      await writeFile(join(rig.ownFolder, "owner.json"), text);
      expect((await rig.ask("ps")).code).toBe(3);
    }
    await rig.startDaemon();
    await stopDaemon(rig);
    expect(await readFile(precious, "utf8")).toBe("precious");
  });
});

describe.concurrent("start --api", () => {
  it("serves the API on loopback, to whoever has the token, which is printed once", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    rig.start(["--api", "127.0.0.1:0"]);
    const [, address = ""] = await rig.line(
      /the API is on (http:\/\/127\.0\.0\.1:\d+), its token in /,
    );
    const port = Number(new URL(address).port);
    const tokenFile = join(rig.ownFolder, "api-token");
    const token = (await readFile(tokenFile, "utf8")).trim();
    expect([token, (await stat(tokenFile)).mode & 0o777]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      0o600,
    ]);
    const right = { Authorization: `Bearer ${token}`, Host: `127.0.0.1:${port}` };
    const replies: readonly (readonly [
      headers: Readonly<Record<string, string>>,
      status: number,
    ])[] = [
      [right, 200],
      [{ ...right, Host: `localhost:${port}` }, 200],
      [{ ...right, Authorization: `Basic ${btoa(`:${token}`)}` }, 200],
      [{ Host: right.Host }, 401],
      [{ ...right, Authorization: `Bearer ${"0".repeat(64)}` }, 401],
      [{ ...right, Authorization: `Bearer ${token.slice(0, -1)}` }, 401],
      [{ ...right, Authorization: "" }, 401],
      [{ ...right, Host: "evil.example" }, 403],
      [{ ...right, Host: `evil.example:${port}` }, 403],
      [{ ...right, Host: "127.0.0.1.evil.example" }, 403],
    ];
    for (const [headers, status] of replies) {
      const reply = await talk({ port }, get("/apps/app/dynos", headers));
      expect([headers, statusOf(reply)]).toEqual([headers, status]);
    }
    // Garbage, and a head of 10 MB, cost nobody else anything.
    expect(statusOf(await talk({ port }, "\0\x01garbage\r\n\r\n"))).toBe(400);
    const huge = get("/apps", { ...right, "X-Long": "x".repeat(10 * 2 ** 20) });
    const reply = await talk({ port }, huge);
    // The refusal may be lost: it comes while more is still being sent.
    expect(reply === "" || statusOf(reply) === 431).toBe(true);
    expect((await rig.ask("ps")).code).toBe(0);
    const { stdout, stderr } = await rig.stop();
    expect(stderr).toBe(`procman: the token of the API is ${token}\n`);
    expect(stdout).not.toContain(token);
    const logs = await readdir(join(rig.ownFolder, "log"));
    for (const name of logs) {
      expect(await readFile(join(rig.ownFolder, "log", name), "utf8")).not.toContain(token);
    }
    // The next time it is the same, and not printed again.
    const next = await rig.startDaemon("--api", "127.0.0.1:0");
    expect(next.stdout + next.stderr).not.toContain(token);
    expect((await readFile(tokenFile, "utf8")).trim()).toBe(token);
    await stopDaemon(rig);
  });

  it.each(["0.0.0.0:5900", "5900", "127.0.0.1:70000"])("refuses %s", async (address) => {
    await using rig = await Rig.create({ Procfile: idle });
    const { code, stderr } = await rig.ask("start", "--api", address);
    expect([code, stderr]).toEqual([
      2,
      "procman: --api takes an address of this machine, as in --api 127.0.0.1:5900\n",
    ]);
  });

  it("ends with 1 when the port is taken, having said so", async () => {
    await using one = await Rig.create({ Procfile: idle });
    one.start(["--api", "127.0.0.1:0"]);
    const [, port] = await one.line(/the API is on http:\/\/127\.0\.0\.1:(\d+)/);
    for (const how of [[], ["-D"]]) {
      const { code, stderr } = await one.ask(
        "start",
        ...how,
        "-d",
        await sibling(one),
        "--api",
        `127.0.0.1:${port}`,
        "-p",
        `${one.port + 1}`,
      );
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${port}`)]);
    }
    expect((await one.ask("ps")).stdout).toContain("worker.1: ");
    await one.stop();
  });
});

/** Another app's folder. */
async function sibling(rig: Rig): Promise<string> {
  await rig.write("other/Procfile", idle);
  return join(rig.folder, "other");
}

describe.concurrent("a daemon.log that cannot be opened", () => {
  it.each<[what: string, plant: (path: string) => Promise<unknown> | unknown]>([
    ["a folder", (path) => mkdir(path)],
    ["a FIFO that nobody reads", (path) => execFileSync("mkfifo", [path])],
    ["a link", (path) => symlink("precious", path)],
    ["a file that has another name", (path) => link(join(path, "../../precious"), path)],
  ])("costs nothing but what would be in it: %s", async (_, plant) => {
    await using rig = await Rig.create({ Procfile: idle, precious: "precious" });
    await mkdir(rig.ownFolder, { mode: 0o700 });
    await plant(join(rig.ownFolder, "daemon.log"));
    const { stderr } = await rig.startDaemon();
    expect(stderr).toBe("");
    expect(openFiles((await ownerOf(rig)).pid).get(2)).toBe("/dev/null");
    await stopDaemon(rig);
    expect(rig.log()).toMatch(/: what only a bug would print is not kept: .*daemon\.log/);
    expect(await rig.read("precious")).toBe("precious");
  });
});

describe.concurrent("a link that somebody has planted is not followed:", () => {
  it.each<[name: string, args: string[], code: number]>([
    [".procman", [], 1],
    [".procman/lock", [], 1],
    [".procman/owner.json", [], 0],
    [".procman/api-token", ["--api", "127.0.0.1:0"], 1],
    [".procman/daemon.log", [], 0],
    [".procman/pipes", [], 0],
    [".procman/log", [], 0],
    [".procman/log/app.log", [], 0],
  ])("%s", async (name, args, code) => {
    await using rig = await Rig.create({ Procfile: idle });
    const target = join(rig.folder, "target");
    const isFolder = [".procman", ".procman/pipes", ".procman/log"].includes(name);
    if (isFolder) await mkdir(target);
    else await writeFile(target, "precious");
    await mkdir(join(rig.folder, name, ".."), { recursive: true, mode: 0o700 });
    await symlink(target, join(rig.folder, name));
    const answered = await rig.ask("start", "-D", "-p", `${rig.port}`, ...args);
    expect([answered.code, answered]).toEqual([code, expect.anything()]);
    if (code !== 0) {
      expect(answered.stderr).toContain(join(rig.folder, name));
      expect(rig.processes()).toEqual([]);
    } else {
      expect((await rig.ask("ps")).stdout).toContain("worker.1: up");
      await rig.ask("stop");
    }
    expect(isFolder ? await readdir(target) : await readFile(target, "utf8")).toEqual(
      isFolder ? [] : "precious",
    );
    expect(rig.processes()).toEqual([]);
  });
});

const canBeAnother = process.getuid?.() === 0 && hasProgram("setpriv");
const whyNot = canBeAnother ? "" : " (SKIPPED: only root can become another user)";
if (whyNot !== "") process.stderr.write(`other users${whyNot}\n`);

describe.skipIf(!canBeAnother)(`other users${whyNot}`, () => {
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];

  /** What somebody else's Node prints. */
  async function asNobody(rig: Rig, script: string): Promise<string> {
    const child: ChildProcess = spawn("setpriv", [...nobody, process.execPath, "-e", script], {
      cwd: "/",
      env: rig.environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout?.on("data", (bytes) => {
      text += bytes;
    });
    await once(child, "close");
    return text;
  }

  it("can neither connect, nor read the log or the token, nor take anything over", async () => {
    await using rig = await Rig.create({ Procfile: idle });
    await rig.openToAll();
    rig.start(["--api", "127.0.0.1:0"]);
    await rig.line(/the API is on /);
    const { socket } = await ownerOf(rig);
    const connect = `require("net").connect(${JSON.stringify(socket)}).on("connect", () => { console.log("connected"); process.exit(); }).on("error", ({ code }) => console.log(code))`;
    expect(await asNobody(rig, connect)).toBe("EACCES\n");
    for (const name of ["log/app.log", "api-token", "owner.json", "lock"]) {
      const path = join(rig.ownFolder, name);
      const read = `try { require("fs").readFileSync(${JSON.stringify(path)}); console.log("read"); } catch ({ code }) { console.log(code); }`;
      expect([name, await asNobody(rig, read)]).toEqual([name, "EACCES\n"]);
    }
    const under = ["setpriv", ...nobody];
    for (const args of [["ps"], ["scale", "worker=0"], ["stop"]]) {
      const { code, stdout } = await rig.beside(args, { under }).ended;
      expect([args, code, stdout]).toEqual([args, 3, ""]);
    }
    expect((await rig.ask("ps")).stdout).toContain("worker.1");
    await rig.stop();
  });
});
