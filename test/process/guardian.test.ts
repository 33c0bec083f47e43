import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { printHead, printRow } from "../../src/core/roll.ts";
import { createGuardian } from "../../src/process/guardian.ts";
import { guardianScript } from "../../src/process/guardian-script.ts";
import { startTimeOf } from "../../src/process/incarnation.ts";
import { isAlive } from "../support/survivors.ts";

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "guardian-test-"));
  folders.push(folder);
  return folder;
}

let marks = 0;

/** Of its own for each guardian: they would find each other by it. */
function newMark(): string {
  marks += 1;
  // None begins like another.
  return `PROCMAN_ID=guardian-test-${process.pid}-${marks}-`;
}

function idOf(mark: string): string {
  return mark.slice("PROCMAN_ID=".length);
}

/** A group of its own that takes no notice of SIGTERM, marked or not. */
async function startGroup(env: Readonly<Record<string, string>> = {}): Promise<number> {
  const script = "trap '' TERM; echo there; while :; do sleep 1000; done";
  return startLeader("/bin/sh", ["-c", script], env);
}

/** It says something when it is there. */
async function startLeader(
  command: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const leader = spawn(command, words, {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env["PATH"], ...env },
  });
  if (!leader.stdout || leader.pid === undefined) throw new Error("no group");
  await once(leader.stdout, "data");
  return leader.pid;
}

/** Procman makes it when it has something to write. */
function logIn(folder: string): string {
  return join(folder, "log", "app.log");
}

interface Printer {
  readonly name: string;
  readonly line: string;
  readonly times: number;
}

/** On SIGTERM it prints, into the pipe that it was given by a procman. */
async function startPrinter(folder: string, { name, line, times }: Printer): Promise<number> {
  const pipe = join(folder, "pipes", name);
  execFileSync("mkfifo", [pipe]);
  const writer = openSync(pipe, "r+");
  const lines = `Array(${times}).fill(process.argv[1]).join("\\n") + "\\n"`;
  const print = `process.on("SIGTERM", () => { fs.writeFileSync(1, ${lines}); process.exit() })`;
  const script = `${print}; console.error("there"); setInterval(() => {}, 1e6)`;
  const leader = spawn(process.execPath, ["-e", script, line], {
    detached: true,
    stdio: ["ignore", writer, "pipe"],
    env: { PATH: process.env["PATH"], PS: name },
  });
  closeSync(writer);
  if (!leader.stderr || leader.pid === undefined) throw new Error("no printer");
  await once(leader.stderr, "data");
  return leader.pid;
}

interface Guarded {
  readonly guardian: ChildProcess;
  readonly channel: Socket;
}

/** Each group with the start time it has, or with another. */
function startGuardian(
  shell: readonly string[],
  groups: readonly (number | readonly [pgid: number, start: string])[],
  mark = newMark(),
  folder = newFolder(),
  path = process.env["PATH"],
  owner = idOf(mark),
): Guarded {
  const [name = "", ...words] = shell;
  // Where it lies is looked up here: the guardian may have no path.
  const program = execFileSync("sh", ["-c", 'command -v "$0"', name], { encoding: "utf8" }).trim();
  const rows = groups.map((group) => {
    const [pid, start] = typeof group === "number" ? [group, startTimeOf(group)] : group;
    return printRow({ pid, start });
  });
  const head = { pid: 1, start: "-", boot: "-", namespace: "-", id: owner };
  writeFileSync(join(folder, "groups"), printHead(head) + rows.join(""));
  const files = ["lock", "groups"].map((name) => openSync(join(folder, name), "a+"));
  const [lock = -1, roll = -1] = files;
  const guardian = spawn(
    program,
    [...words, "-c", guardianScript, "guardian", mark, "1", logIn(folder), "lock"],
    {
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "pipe", lock, roll],
      env: { PATH: path, PROCMAN_GUARDS: mark },
    },
  );
  for (const fd of files) closeSync(fd);
  const channel = guardian.stdio[3];
  if (!(channel instanceof Socket)) throw new Error("no channel");
  // One that finds the lock taken does not listen.
  channel.on("error", () => {});
  return { guardian, channel };
}

async function tell({ guardian, channel }: Guarded, text: string): Promise<string> {
  const ended = once(guardian, "exit");
  const [answer] = await once(channel, "data");
  channel.end(text);
  await ended;
  return String(answer);
}

function kill(groups: readonly number[]): void {
  for (const pgid of groups) process.kill(-pgid, "SIGKILL");
}

/** What is there when a guardian has ended them, and in the folder of the pipes besides those. */
async function logOfPrinters(shell: readonly string[], printers: readonly Printer[]) {
  const folder = newFolder();
  for (const name of ["log", "pipes"]) mkdirSync(join(folder, name));
  writeFileSync(logIn(folder), "cut o");
  const groups = await Promise.all(printers.map((printer) => startPrinter(folder, printer)));
  await tell(startGuardian(shell, groups, newMark(), folder), "");
  const rows = readFileSync(logIn(folder), "latin1").split("\n");
  const names = printers.map(({ name }) => name);
  const left = readdirSync(join(folder, "pipes")).filter((name) => !names.includes(name));
  return { rows, left };
}

const isProc = existsSync("/proc/self");

const shells = [
  "dash",
  "bash --norc",
  "bash --norc --posix",
  "busybox sh",
  "mksh",
  "zsh --emulate sh",
];

describe.concurrent.each(shells)("the guardian in %s", (shell) => {
  const command = shell.split(" ");
  const [program = "", ...words] = command;
  if (spawnSync(program, [...words, "-c", ":"]).status !== 0) {
    it.skip(`${program} is not installed here`);
    return;
  }

  it("ends its groups, and what has left them but has the mark", async () => {
    const mark = newMark();
    const [one = 0, other = 0, escaped = 0, stranger = 0] = await Promise.all([
      startGroup(),
      startGroup(),
      startGroup({ PROCMAN_ID: idOf(mark) }),
      startGroup(),
    ]);
    await tell(startGuardian(command, [one, [other, "-"]], mark), "");
    expect([one, other, escaped, stranger].map(isAlive)).toEqual([false, false, false, true]);
    kill([stranger]);
  });

  it("asks whoever has the mark and no row to end before it is killed", async () => {
    const [mark, folder] = [newMark(), newFolder()];
    const script = `trap "echo asked >${folder}/asked; exit" TERM; echo there; while :; do sleep 0.05; done`;
    const unlisted = await startLeader("/bin/sh", ["-c", script], { PROCMAN_ID: idOf(mark) });
    await tell(startGuardian(command, [], mark), "");
    expect([isAlive(unlisted), existsSync(join(folder, "asked"))]).toEqual([false, true]);
  });

  it("asks whoever has the mark and is in a group without its leader", async () => {
    const [mark, folder] = [newMark(), newFolder()];
    const orphan = `trap "echo asked >${folder}/asked; exit" TERM; echo there; while :; do sleep 0.05; done`;
    const script = `sh -c '${orphan}' & exit`;
    await startLeader("/bin/sh", ["-c", script], { PROCMAN_ID: idOf(mark) });
    await tell(startGuardian(command, [], mark), "");
    expect(existsSync(join(folder, "asked"))).toBe(true);
  });

  it("leaves alone what is gone, and whoever has its number now", async () => {
    const [gone = 0, reused = 0] = await Promise.all([startGroup(), startGroup()]);
    kill([gone]);
    await tell(
      startGuardian(command, [
        [gone, "-"],
        [reused, "1"],
        [999_999_999, "5"],
      ]),
      "",
    );
    expect(isAlive(reused)).toBe(true);
    kill([reused]);
  });

  it("ends whoever has a name of many lines, and all others with it", async () => {
    const script = "process.title = 'a\\nb'; console.log(1); setInterval(() => {}, 1e6)";
    const [named = 0, other = 0] = await Promise.all([
      startLeader(process.execPath, ["-e", `process.on('SIGTERM', () => {}); ${script}`]),
      startGroup(),
    ]);
    await tell(startGuardian(command, [named, other]), "");
    expect([named, other].map(isAlive)).toEqual([false, false]);
  });

  it("leaves alone what is on the roll of another procman", async () => {
    const group = await startGroup();
    const mark = newMark();
    await tell(startGuardian(command, [group], mark, undefined, undefined, "another"), "");
    expect(isAlive(group)).toBe(true);
    kill([group]);
  });

  it("does not look again when a look has found nobody", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "sleep"), `#!/bin/sh\necho "$1" >>${folder}/slept\n`, {
      mode: 0o700,
    });
    const path = `${folder}:${process.env["PATH"]}`;
    await tell(startGuardian(command, [], newMark(), folder, path), "");
    expect(existsSync(join(folder, "slept"))).toBe(false);
  });

  it.skipIf(!isProc)("keeps whole what is printed meanwhile", async () => {
    const [one, other] = [
      { name: "web.1", line: "a".repeat(9_000), times: 300 },
      { name: "worker.1", line: "b".repeat(9_000), times: 300 },
    ];
    const { rows, left } = await logOfPrinters(command, [one, other]);
    for (const { name, line, times } of [one, other]) {
      expect(rows.filter((row) => row.endsWith(` app[${name}]: ${line}`))).toHaveLength(times);
    }
    expect(rows.filter((row) => !row.includes(" app["))).toEqual([
      "cut o",
      expect.stringMatching(/: procman was killed; .* is missing here$/),
      expect.stringMatching(/: procman was killed; what it ran has been ended$/),
      "",
    ]);
    expect(left).toEqual([]);
  });

  it.skipIf(!isProc)("keeps no more than some megabytes of each, and says so", async () => {
    const flood = { name: "web.1", line: "a".repeat(9_999), times: 2_000 };
    const { rows, left } = await logOfPrinters(command, [flood]);
    expect(rows.join("\n").length).toBeLessThan(17 * 2 ** 20);
    expect(rows.at(-3)).toMatch(/ procman\[web\.1\]: the rest of what it printed is missing here$/);
    expect(left).toEqual([]);
  });

  it("takes the lock, and keeps it until it has finished", async () => {
    const group = await startGroup();
    const folder = newFolder();
    const mark = newMark();
    const first = startGuardian(command, [group], mark, folder);
    expect(String((await once(first.channel, "data"))[0])).toBe("ours\n");
    // Those that come later find its roll.
    const next = () => startGuardian(command, [group], newMark(), folder, undefined, idOf(mark));
    const second = next();
    expect(await tell(second, "")).toBe("taken\n");
    const ended = once(first.guardian, "exit");
    first.channel.end();
    const third = next();
    expect(await tell(third, "")).toBe("taken\n");
    await ended;
    expect(isAlive(group)).toBe(false);
    const fourth = next();
    expect(await tell(fourth, "q\n")).toBe("ours\n");
  });

  it("says when nobody here can lock", async () => {
    const guarded = startGuardian(command, [], newMark(), undefined, "/nowhere");
    expect(await tell(guarded, "q\n")).toBe("unavailable\n");
  });

  it("does nothing when all is well", async () => {
    const group = await startGroup();
    expect(await tell(startGuardian(command, [group]), "g 5\nq\n")).toBe("ours\n");
    expect(isAlive(group)).toBe(true);
    kill([group]);
  });
});

it.skipIf(process.platform === "darwin")(
  "its commands are found whatever the path is",
  async () => {
    const files = ["lock", "groups"].map((name) => openSync(join(newFolder(), name), "a+"));
    const [lockFd = -1, rollFd = -1] = files;
    const mark = newMark();
    const options = { lockFd, rollFd, mark, log: "/nowhere", path: "/nowhere" };
    const guardian = createGuardian({ ...options, lock: "to be taken" });
    expect(await guardian.lock).toBe("ours");
    await guardian.dismiss();
    for (const fd of files) closeSync(fd);
  },
);
