import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { procfile, program, Rig, testTimeout } from "../support/rig.ts";
import { isAlive } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

/** Types that do nothing, and do it for ever. */
function idle(...types: readonly string[]): string {
  return types.map((type) => `${type}: sleep 1000\n`).join("");
}

const date = "\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d \\+0000 \\(~ \\d+s ago\\)";
const done = { code: 0, signal: null, stderr: "" };

interface Dyno {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
  readonly port: number;
  readonly command: string;
  readonly restarts: number;
}

interface Status {
  readonly formation: readonly { readonly type: string; readonly quantity: number }[];
  readonly dynos: readonly Dyno[];
}

async function statusOf(rig: Rig): Promise<Status> {
  const answer = await (await rig.client()).ask("GET", "/procman/v1/status");
  if (answer.is !== "answered") throw new Error(answer.is);
  return answer.body as Status;
}

async function pidsOf(rig: Rig): Promise<Readonly<Record<string, number | null>>> {
  const { dynos } = await statusOf(rig);
  return Object.fromEntries(dynos.map(({ name, pid }) => [name, pid]));
}

/** When all that was started has its process. */
async function settled(rig: Rig, what: "settled" | "ready" = "ready"): Promise<void> {
  const answer = await (await rig.client()).askAndWait("POST", "/procman/v1/wait", { what });
  expect(answer).toMatchObject({ body: { outcome: "done" } });
}

describe.concurrent("procman ps", () => {
  it("shows what runs in Heroku's layout, from any folder below and by both names", async () => {
    await using rig = await Rig.create({ Procfile: idle("worker", "clock"), "a/b/c": "" });
    rig.start(["worker=2"]);
    await settled(rig);
    const layout = new RegExp(
      `^=== worker: sleep 1000 \\(2\\)\\n\\nworker\\.1: up ${date}\\nworker\\.2: up ${date}\\n\\n=== clock: sleep 1000 \\(0\\)\\n\\n$`,
    );
    const below = rig.beside(["status"], { folder: "a/b" }).ended;
    for (const answered of [await rig.ask("ps"), await below]) {
      expect(answered).toMatchObject(done);
      expect(answered.stdout).toMatch(layout);
    }
    const one = await rig.ask("ps", "worker.2");
    expect(one.stdout).toMatch(/^=== worker: .*\n\nworker\.2: up .*\n$/);
    await rig.stop();
  });

  it("knows all of it as data, and shows it wide", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") + idle("worker") });
    rig.start();
    const web = await rig.child("web.1");
    await web.listen();
    await settled(rig);
    const [wide, json] = await Promise.all([rig.ask("ps", "--wide"), rig.ask("ps", "--json")]);
    expect(json).toMatchObject(done);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: "web.1", state: "up", pid: web.pid, port: rig.port, ports: [rig.port], restarts: 0 },
      { name: "worker.1", state: "up", port: rig.port + 100, ports: [], cpu_percent: 0 },
    ]);
    expect(wide.stdout.split("\n")).toEqual([
      expect.stringMatching(/^NAME +STATE +PID +PORT +CPU +MEMORY +RESTARTS +SINCE +LAST EXIT$/),
      expect.stringMatching(
        new RegExp(`^web\\.1 +up +${web.pid} +${rig.port} +[\\d.]+% +[\\d.]+ MiB +0 +\\d+s +-$`),
      ),
      expect.stringMatching(new RegExp(`^worker\\.1 +up +\\d+ +\\(${rig.port + 100}\\) `)),
      "",
    ]);
    await rig.stop();
  });

  it("shows who has crashed, is parked, has exited or was stopped", async () => {
    await using rig = await Rig.create({
      Procfile: `crash: exit 3\npark: no-such-command-at-all\nend: true\n${idle("off", "on")}`,
    });
    rig.start();
    await rig.line(/crash\.1 exited with code 3 .*failure 3 in a row/);
    await rig.line(/park\.1 .*parked/);
    await rig.ask("stop", "off");
    const { stdout } = await rig.ask("ps");
    expect(stdout).toMatch(new RegExp(`crash\\.1: crashed ${date}, again in \\ds\\n`));
    const reason = "command not found: no-such-command-at-all";
    expect(stdout).toMatch(new RegExp(`park\\.1: parked \\(${reason}\\) ${date}\\n`));
    expect(stdout).toMatch(new RegExp(`end\\.1: exited ${date}\\n`));
    expect(stdout).toMatch(new RegExp(`off\\.1: down ${date}\\n`));
    await rig.stop();
  });
});

describe.concurrent("procman scale", () => {
  it("changes all that it is told, says so, and returns when it has come about", async () => {
    await using rig = await Rig.create({ Procfile: idle("web", "worker", "clock") });
    rig.start();
    await rig.client();
    const before = await pidsOf(rig);
    const scaled = await rig.ask("scale", "web=2", "worker+1", "clock-1");
    const text = "Scaling processes... done, now running web at 2, worker at 2, clock at 0\n";
    expect(scaled).toEqual({ ...done, stdout: text });
    const after = await pidsOf(rig);
    expect(Object.keys(after)).toEqual(["web.1", "web.2", "worker.1", "worker.2"]);
    expect(Object.values(after)).not.toContain(null);
    expect(after).toMatchObject({ "web.1": before["web.1"], "worker.1": before["worker.1"] });
    const printed = await rig.ask("scale");
    expect(printed).toEqual({ ...done, stdout: "clock=0 web=2 worker=2\n" });
    // What is printed can be given back, and changes nothing.
    expect(await rig.ask("ps:scale", ...printed.stdout.trim().split(" "))).toMatchObject(done);
    expect(await pidsOf(rig)).toEqual(after);
    await rig.stop();
  });

  it("answers with data, takes a size as Heroku has it, and waits until it is up", async () => {
    await using rig = await Rig.create({ Procfile: idle("worker") });
    rig.start();
    await rig.client();
    const scaled = await rig.ask("scale", "worker=2:local", "--wait", "--json");
    expect(scaled).toMatchObject(done);
    expect(JSON.parse(scaled.stdout)).toMatchObject({
      command_number: 1,
      formation: [{ type: "worker", quantity: 2 }],
    });
    expect((await statusOf(rig)).dynos.map(({ state }) => state)).toEqual(["up", "up"]);
    expect(await rig.ask("scale", "--json")).toEqual({ ...done, stdout: '{"worker":2}\n' });
    await rig.stop();
  });
});

describe.concurrent("procman restart", () => {
  it("replaces who is named, and returns when the next ones are there", async () => {
    await using rig = await Rig.create({ Procfile: idle("web", "worker") });
    rig.start(["web=2", "worker"]);
    await rig.client();
    const before = await pidsOf(rig);
    const one = await rig.ask("restart", "web.2");
    expect(one).toEqual({ ...done, stdout: "Restarting web.2... done\n" });
    const after = await pidsOf(rig);
    const { "web.2": changed, ...same } = before;
    expect(after).toMatchObject(same);
    expect([changed, null]).not.toContain(after["web.2"]);
    const all = await rig.ask("ps:restart", "--json", "--wait");
    expect(all).toMatchObject(done);
    expect(JSON.parse(all.stdout)).toEqual({ command_number: 2 });
    const last = await pidsOf(rig);
    for (const name of ["web.1", "web.2", "worker.1"]) expect(last[name]).not.toBe(after[name]);
    await rig.stop();
  });

  it("starts what was stopped, has exited or is parked", async () => {
    await using rig = await Rig.create({
      Procfile: "end: true\npark: $RIG_NOTHING/program\noff: sleep 1000\n",
    });
    rig.start();
    await rig.client();
    await rig.line(/end\.1 exited with code 0/);
    await rig.line(/park\.1 .*parked/);
    expect(await rig.ask("stop", "off.1")).toMatchObject(done);
    await rig.write("Procfile", "end: sleep 1000\npark: sleep 1000\noff: sleep 1000\n");
    const restarted = await rig.ask("restart", "end", "park.1", "off");
    expect(restarted).toEqual({ ...done, stdout: "Restarting end, park.1, off... done\n" });
    const { dynos } = await statusOf(rig);
    expect(dynos.map(({ command, pid }) => [command, typeof pid])).toEqual(
      Array(3).fill(["sleep 1000", "number"]),
    );
    await rig.stop();
  });

  it("reads the Procfile and the environment anew", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), ".env": "KEY=one\nOLD=1\n" });
    rig.start();
    expect((await rig.child("web.1")).variable("KEY")).toBe("one");
    await rig.client();
    await rig.write(".env", "KEY=two\n");
    await rig.write("Procfile", procfile("web").replace("\n", " second\n"));
    expect(await rig.ask("restart", "web")).toMatchObject(done);
    const second = await rig.poll("the second run", () =>
      rig.children.find(({ hello }) => hello.role === "second"),
    );
    expect([second.variable("KEY"), second.variable("OLD")]).toEqual(["two", undefined]);
    await rig.stop();
  });

  it("refuses files that are invalid, with file and line, and changes nothing", async () => {
    await using rig = await Rig.create({ Procfile: idle("front", "worker") });
    rig.start();
    await settled(rig);
    const before = await statusOf(rig);
    const mistakes: readonly (readonly [file: string, text: string, where: string])[] = [
      ["Procfile", `${idle("front")}\n<<<<<<< HEAD\nworker\n`, "Procfile:3:1: "],
      [".env", 'A=1\nB="no end\n', ".env:2:"],
      ["Procfile", "", "Procfile: "],
    ];
    for (const [file, text, where] of mistakes) {
      await rig.write(file, text);
      for (const args of [["restart"], ["restart", "front"], ["reload"], ["reload", "--dry-run"]]) {
        const { code, stdout, stderr } = await rig.ask(...args);
        expect([code, stdout, stderr]).toEqual([
          1,
          "",
          expect.stringContaining(`procman: ${where}`),
        ]);
      }
      await rig.write("Procfile", idle("front", "worker"));
      await rig.write(".env", "");
    }
    await rig.remove("Procfile");
    expect((await rig.ask("restart")).code).toBe(1);
    expect(await statusOf(rig)).toEqual(before);
    await rig.stop();
  });
});

describe.concurrent("procman stop", () => {
  it("stops who is named, and procman goes on though nothing runs", async () => {
    await using rig = await Rig.create({ Procfile: idle("web", "worker", "clock") });
    rig.start(["web=2", "worker", "clock"]);
    await rig.client();
    expect(await rig.ask("stop", "web.2")).toEqual({ ...done, stdout: "Stopping web.2... done\n" });
    const states = async () => (await statusOf(rig)).dynos.map(({ state }) => state === "down");
    expect(await states()).toEqual([false, true, false, false]);
    expect(await rig.ask("ps:stop", "web", "clock.1")).toMatchObject(done);
    const json = await rig.ask("kill", "worker", "--json");
    expect(json).toMatchObject(done);
    expect(JSON.parse(json.stdout)).toEqual({ command_number: 3 });
    expect(await states()).toEqual([true, true, true, true]);
    expect(rig.processes()).toEqual([]);
    expect(await rig.ask("ps")).toMatchObject({ code: 0 });
    expect(await rig.ask("restart", "web.1")).toMatchObject(done);
    await rig.stop();
  });

  it("without names ends the app and procman, which exits with 0", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") + idle("worker") });
    rig.start();
    await (await rig.child("web.1")).trap("SIGTERM", { afterMs: 200, lines: ["bye"], code: 3 });
    await rig.client();
    const { pid } = rig;
    expect(await rig.ask("stop")).toEqual({ ...done, stdout: "Stopping the app... done\n" });
    // All of it is over when the command returns.
    expect([isAlive(pid), rig.processes()]).toEqual([false, []]);
    expect(existsSync(join(rig.ownFolder, "owner.json"))).toBe(false);
    const { status, stdout } = await rig.end();
    expect(status).toBe(0);
    expect(stdout).toContain("web.1    | bye\n");
    expect(await rig.temporaryFiles()).toEqual([]);
  });

  it("returns though nobody reaps procman, as in many a container", async () => {
    await using rig = await Rig.create({ Procfile: idle("worker") });
    const heedless = "fork or exec @ARGV; <STDIN>";
    const parent = spawn(
      "perl",
      ["-e", heedless, process.execPath, program, "start", "-p", `${rig.port}`],
      {
        cwd: rig.folder,
        env: rig.environment,
        stdio: ["pipe", "ignore", "ignore"],
      },
    );
    const { pid } = await rig.client();
    expect(await rig.ask("stop")).toMatchObject(done);
    expect([existsSync(`/proc/${pid}`), isAlive(pid)]).toEqual([true, false]);
    expect(rig.processes().map((one) => one.pid)).toEqual([parent.pid]);
    parent.stdin.end();
    await once(parent, "exit");
  });
});

describe.concurrent("procman wait", () => {
  it("returns when all are ready, or when that cannot come, or in vain", async () => {
    await using rig = await Rig.create({
      Procfile: `${idle("web", "worker")}park: no-such-command-at-all\nend: true\n`,
    });
    rig.start();
    await rig.client();
    const [ready, all, late, json] = await Promise.all([
      rig.ask("wait", "worker", "end"),
      rig.ask("ps:wait"),
      rig.ask("wait", "web.1", "--timeout", "100ms"),
      rig.ask("wait", "worker", "--json"),
    ]);
    expect(ready).toEqual({ ...done, stdout: "" });
    expect(all).toMatchObject({
      code: 1,
      stdout: "",
      stderr:
        "procman: cannot become ready: park.1 is parked (command not found: no-such-command-at-all)\n",
    });
    expect(late).toMatchObject({
      code: 124,
      stdout: "",
      stderr: "procman: not ready in time: web.1 is starting\n",
    });
    expect(json).toMatchObject(done);
    await rig.stop();
  });
});

describe.concurrent("a procman that is leaving", () => {
  it("refuses every change, as a failure and no mistake of who asks", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    await rig.client();
    rig.signal("SIGTERM");
    await web.signalled("SIGTERM");
    const refused = {
      code: 1,
      stdout: "",
      stderr: "procman: The app is being stopped; start it again: procman start\n",
    };
    for (const command of [["scale", "web=2"], ["restart"], ["stop", "web"], ["reload"]]) {
      expect(await rig.ask(...command)).toMatchObject(refused);
    }
    await web.exit(0);
    expect((await rig.end()).code).toBe(143);
  });
});

describe.concurrent("procman reload", () => {
  it("says what it would do, does it, and touches nobody else", async () => {
    await using rig = await Rig.create({
      Procfile: "web: sleep 1000\nworker: sleep 1000\nold: sleep 1000\nenv: sleep $SECONDS_LEFT\n",
      ".env": "SECONDS_LEFT=1000\n",
    });
    rig.start();
    await rig.client();
    const before = await pidsOf(rig);
    expect(await rig.ask("reload")).toEqual({ ...done, stdout: "Nothing has changed\n" });
    await rig.write(
      "Procfile",
      "web: sleep 1000\nworker: sleep 2000\nnew: sleep 1000\nenv: sleep $SECONDS_LEFT\n",
    );
    const steps = [
      "old: remove old.1 (it left the Procfile)",
      "worker: replace worker.1 (its command changed)",
      "new: add new.1 (it is new in the Procfile)",
    ];
    const dry = await rig.ask("reload", "--dry-run");
    expect(dry).toEqual({ ...done, stdout: `${steps.join("\n")}\n` });
    expect(await pidsOf(rig)).toEqual(before);
    expect(await rig.ask("reload")).toEqual({ ...done, stdout: `${steps.join("\n")}\n` });
    const after = await pidsOf(rig);
    expect(Object.keys(after)).toEqual(["web.1", "worker.1", "new.1", "env.1"]);
    expect([after["web.1"], after["env.1"]]).toEqual([before["web.1"], before["env.1"]]);
    expect([before["worker.1"], null]).not.toContain(after["worker.1"]);
    await rig.write(".env", "SECONDS_LEFT=2000\n");
    const json = await rig.ask("reload", "--json", "--wait");
    expect(JSON.parse(json.stdout)).toMatchObject([
      { type: "web" },
      { type: "worker" },
      { type: "new" },
      { type: "env" },
    ]);
    expect(json.stdout).toContain("SECONDS_LEFT changed in the environment");
    expect(json.stdout).not.toContain("2000");
    await rig.stop();
  });
});

describe.concurrent("wrong input", () => {
  const noType = 'no process type "wroker" in the Procfile; did you mean "worker"?';

  it("gets a clear error with the right exit code, and changes nothing", async () => {
    await using rig = await Rig.create({ Procfile: idle("front", "worker") });
    rig.start();
    await settled(rig);
    const before = await statusOf(rig);
    const notAnAmount = (word: string) =>
      `"${word}" is not TYPE=N, TYPE+N or TYPE-N; N is a whole number from 0, as in web=2 or worker+1`;
    const cases: readonly (readonly [args: string, said: string])[] = [
      ["scale front=2 wroker=1", noType],
      ["scale worker=-1", notAnAmount("worker=-1")],
      ["scale worker=1e9", notAnAmount("worker=1e9")],
      ["scale worker=1.5", notAnAmount("worker=1.5")],
      ["scale worker", notAnAmount("worker")],
      ["scale worker=3 worker=4", '"worker" is given twice; name each process type once'],
      ["scale worker-2", "worker is at 1, which is less than 2"],
      ["scale front=101", "front=101 would run into the ports of worker"],
      ["scale worker=999999999", "ports go from 1 to 65535"],
      ["restart wroker", noType],
      ["restart worker.2", 'there is no process "worker.2"; did you mean "worker.1"?'],
      ["stop worker.1 nobody", 'no process type "nobody"'],
      ["wait wroker", noType],
      ["ps wroker", 'no process or process type "wroker" runs here; did you mean "worker"?'],
      ["wait --timeout soon", '--timeout "soon" is no duration'],
      ["wait --timeout 30d", '--timeout "30d" is longer than can be waited'],
      ["ps --sideways", "unknown option '--sideways'"],
      ["scale --wait=3 front=1", "--wait"],
      ["reload front", "too many arguments"],
      ["ps --app other", "the app that runs in"],
    ];
    const answered = await Promise.all(cases.map(([args]) => rig.ask(...args.split(" "))));
    for (const [index, [args, said]] of cases.entries()) {
      const { code, stdout, stderr } = answered[index] ?? {};
      expect([args, code, stdout]).toEqual([args, 2, ""]);
      expect(stderr).toContain(said);
    }
    expect(await statusOf(rig)).toEqual(before);
    await rig.stop();
  });
});

describe.concurrent("with nothing running", () => {
  it("every command says so, and ends with 3", async () => {
    await using rig = await Rig.create({ Procfile: idle("web"), "sub/file": "" });
    const commands = [
      "ps",
      "scale",
      "scale web=2",
      "restart",
      "stop",
      "stop web",
      "reload",
      "wait",
    ];
    const stderr = `procman: procman is not running in ${rig.folder}; start it with: procman start\n`;
    const check = async (words: readonly string[]) => {
      const answers = words.map((word) => rig.beside(word.split(" "), { folder: "sub" }).ended);
      for (const answered of await Promise.all(answers)) {
        expect(answered).toEqual({ code: 3, signal: null, stdout: "", stderr });
      }
    };
    await check(commands);
    expect(existsSync(rig.ownFolder)).toBe(false);
    rig.start();
    await rig.client();
    expect((await rig.ask("stop")).code).toBe(0);
    await check(["ps", "scale web=2"]);
    expect((await rig.end()).status).toBe(0);
  });

  it("where there is no app at all, it says so of the current folder", async () => {
    await using rig = await Rig.create({ "sub/file": "" });
    const { code, stderr } = await rig.beside(["ps"], { folder: "sub" }).ended;
    expect(code).toBe(3);
    expect(stderr).toBe(
      `procman: procman is not running in ${rig.folder}/sub; start it with: procman start\n`,
    );
  });
});

describe.concurrent("a procman that stands still", () => {
  it("is named within 5 s with what to do, and not waited for", async () => {
    await using rig = await Rig.create({ Procfile: idle("web") });
    rig.start();
    await settled(rig, "settled");
    rig.signal("SIGSTOP");
    const startMs = performance.now();
    const answers = ["ps", "scale web=2", "stop", "wait"].map((word) =>
      rig.ask(...word.split(" ")),
    );
    for (const { code, stdout, stderr } of await Promise.all(answers)) {
      expect([code, stdout]).toEqual([124, ""]);
      expect(stderr).toBe(
        `procman: procman (pid ${rig.pid}) has not answered within 5 s; look at it with: ps -fp ${rig.pid}, end it with: kill -9 ${rig.pid}\n`,
      );
    }
    expect(performance.now() - startMs).toBeLessThan(8_000);
    rig.signal("SIGCONT");
    await rig.stop();
  });
});

describe.concurrent("two apps side by side", () => {
  it("know nothing of each other", async () => {
    await using one = await Rig.create({ Procfile: idle("job") });
    await using other = await Rig.create({ Procfile: idle("job") });
    for (const rig of [one, other]) {
      rig.start();
      await settled(rig);
    }
    const before = await statusOf(other);
    expect(await one.ask("scale", "job=3")).toMatchObject(done);
    expect((await one.ask("stop")).code).toBe(0);
    expect((await one.end()).status).toBe(0);
    expect(await statusOf(other)).toEqual(before);
    const { stdout } = await one.ask("ps", "-d", other.folder);
    expect(stdout).toMatch(/^=== job: sleep 1000 \(1\)\n\njob\.1: /);
    await other.stop();
  });
});

describe.concurrent("an app in an odd place", () => {
  it("is controlled there, however long its path and whatever is in it", async () => {
    const name = join("mit Leerzeichen", "ünïcode 🚀 'quoted' $HOME", "long".repeat(40), "app");
    await using rig = await Rig.create({ Procfile: idle("web"), "sub/file": "" }, name);
    expect(Buffer.byteLength(rig.folder)).toBeGreaterThan(200);
    rig.start();
    await rig.client();
    expect(await rig.beside(["scale", "web=2"], { folder: "sub" }).ended).toMatchObject(done);
    expect(Object.keys(await pidsOf(rig))).toEqual(["web.1", "web.2"]);
    expect((await rig.ask("stop")).code).toBe(0);
    expect((await rig.end()).status).toBe(0);
    expect(await rig.temporaryFiles()).toEqual([]);
  });
});

describe.concurrent("the log on disk", () => {
  it("has every line of the app, and what procman did and for whom, for its owner alone", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") + idle("worker") });
    rig.start();
    const web = await rig.child("web.1");
    await web.listen();
    await web.print("hello");
    await settled(rig);
    await rig.ask("scale", "worker=0");
    await web.exit(3);
    await rig.child("web.1", 2);
    await rig.ask("restart", "web");
    await rig.child("web.1", 3);
    await rig.ask("stop");
    await rig.end();
    const log = rig.log();
    const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 (app|procman)\[[\w.]+\]: .*$/;
    for (const line of log.trimEnd().split("\n")) expect(line).toMatch(shape);
    const lines = log.split("\n").map((line) => line.slice(line.indexOf(" ") + 1));
    const inOrder = [
      /^procman\[web\.1\]: Starting process with command `node .*` \(pid \d+, port \d+\)$/,
      /^app\[web\.1\]: hello$/,
      /^procman\[web\.1\]: State changed from starting to up$/,
      /^procman\[api\]: Scaled to web@1 worker@0 by \S+ with procman scale$/,
      /^procman\[worker\.1\]: State changed from up to stopping$/,
      /^procman\[worker\.1\]: Stopping all processes with SIGTERM$/,
      /^procman\[worker\.1\]: Process exited with status 143 \(SIGTERM\)$/,
      /^procman\[worker\.1\]: State changed from stopping to down$/,
      /^procman\[web\.1\]: Process exited with status 3$/,
      /^procman\[web\.1\]: Restarting in .*s$/,
      /^procman\[web\.1\]: State changed from up to crashed$/,
      /^procman\[web\.1\]: State changed from crashed to starting$/,
      /^procman\[web\.1\]: Restarting, asked by \S+ with procman restart$/,
      /^procman\[web\.1\]: State changed from stopping to starting$/,
      /^procman\[api\]: Stopping all, asked by \S+ with procman stop$/,
      /^procman\[web\.1\]: State changed from stopping to down$/,
    ];
    let from = 0;
    for (const pattern of inOrder) {
      const found = lines.findIndex((line, index) => index >= from && pattern.test(line));
      expect([pattern, found >= from]).toEqual([pattern, true]);
      // Two that follow at once may stand in either order.
      from = Math.max(0, found - 3);
    }
    const modes = [
      rig.ownFolder,
      join(rig.ownFolder, "log"),
      join(rig.ownFolder, "log", "app.log"),
    ];
    for (const path of modes) expect((await stat(path)).mode & 0o077).toBe(0);
    expect(await readFile(join(rig.ownFolder, ".gitignore"), "utf8")).toBe("*\n");
  });
});
