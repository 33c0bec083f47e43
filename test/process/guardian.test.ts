import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { guardianScript } from "../../src/process/guardian-script.ts";
import { isAlive } from "../support/survivors.ts";

let marks = 0;

/** Of its own for each guardian: they would find each other by it. */
function newMark(): string {
  marks += 1;
  return `PROCMAN_ID=guardian-test-${process.pid}-${marks}`;
}

/** A group of its own that takes no notice of SIGTERM, marked or not. */
async function startGroup(env: Readonly<Record<string, string>> = {}): Promise<number> {
  const script = "trap '' TERM; echo there; while :; do sleep 1000; done";
  const leader = spawn("/bin/sh", ["-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env["PATH"], ...env },
  });
  if (!leader.stdout || leader.pid === undefined) throw new Error("no group");
  await once(leader.stdout, "data");
  return leader.pid;
}

function startGuardian(shell: readonly string[], mark = newMark()): ChildProcess {
  const [program = "", ...words] = shell;
  return spawn(program, [...words, "-c", guardianScript, "guardian", mark, "1", "/nowhere"], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: process.env["PATH"], PROCMAN_GUARDS: mark },
  });
}

async function tellAll(guardian: ChildProcess, text: string): Promise<void> {
  const ended = once(guardian, "exit");
  guardian.stdin?.end(text);
  await ended;
}

function kill(groups: readonly number[]): void {
  for (const pgid of groups) process.kill(-pgid, "SIGKILL");
}

// A bash that reads from a socket takes that for a log-in over the network, unless it is sh.
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
      startGroup({ PROCMAN_ID: mark.slice("PROCMAN_ID=".length) }),
      startGroup(),
    ]);
    await tellAll(startGuardian(command, mark), `+ ${one} \n+ ${other} \n`);
    expect([one, other, escaped, stranger].map(isAlive)).toEqual([false, false, false, true]);
    kill([stranger]);
  });

  it("leaves alone what is gone, and whoever has its number now", async () => {
    const [gone = 0, reused = 0] = await Promise.all([startGroup(), startGroup()]);
    await tellAll(
      startGuardian(command),
      `+ ${gone} \n+ ${reused} 1\n+ 999999999 5\n- ${gone}\n- 999999999\n- 999999998\n`,
    );
    expect([gone, reused].map(isAlive)).toEqual([true, true]);
    kill([gone, reused]);
  });

  it("does nothing when all is well", async () => {
    const group = await startGroup();
    await tellAll(startGuardian(command), `+ ${group} \nq\n`);
    expect(isAlive(group)).toBe(true);
    kill([group]);
  });
});
