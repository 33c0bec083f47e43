import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { defaultStopPolicy, type StopPolicy } from "../../src/core/stop-policy.ts";
import { startRealChild } from "../support/real-child.ts";

vi.setConfig({ testTimeout: 20_000 });

const group = defaultStopPolicy(10_000);
const leader: StopPolicy = { ...group, scope: "leader" };

/** Says what it is asked by, and ends. `wait` is what a signal may interrupt. */
const answering = (name: string, signal: string) =>
  `trap 'echo ${name} got ${signal}; exit 0' ${signal}; echo ${name} is there; sleep 1000 & wait`;

describe.concurrent("a stop", () => {
  it("is by the signal of the policy", async () => {
    await using real = await startRealChild(answering("main", "USR1"));
    await real.until("out main is there");
    real.child.stop({ ...group, signal: "SIGUSR1" });
    expect((await real.gone).status).toEqual({ kind: "exit", code: 0 });
    expect(real.told).toContain("out main got USR1");
  });

  it("of the leader only leaves the others to it, and asks them when it has gone", async () => {
    const member = `/bin/sh -c "${answering("member", "TERM")}"`;
    const main = `trap 'echo main got TERM; sleep 0.3; echo main ends; exit 0' TERM; wait`;
    await using real = await startRealChild(`${member} & ${main}`);
    await real.until("out member is there");
    real.child.stop(leader);
    await real.gone;
    expect(real.told.filter((line) => /got|ends/.test(line))).toEqual([
      "out main got TERM",
      "out main ends",
      "out member got TERM",
    ]);
  });

  it("of the leader only is followed by a kill of all", async () => {
    const stubborn = `trap 'echo main got TERM' TERM; sleep 1000 & echo there; while :; do wait; done`;
    await using real = await startRealChild(stubborn);
    await real.until("out there");
    real.child.stop(leader);
    await real.until("out main got TERM");
    real.child.kill();
    expect(await real.gone).toMatchObject({ status: { signal: "SIGKILL" }, swept: [] });
  });
});

const byCommand = (command: string): StopPolicy => ({ ...group, command });
/** It ends when it is told by a file. */
const obedient = `until [ -e "$DIR/end" ]; do sleep 0.01; done; echo main ends; exit 7`;

describe.concurrent("a stop command", () => {
  it("stops in place of the signal, where the process runs and with what it was given", async () => {
    await using real = await startRealChild(obedient);
    await real.until("started");
    real.child.stop(byCommand(`echo "$PS in $(pwd)"; touch end`));
    expect((await real.gone).status).toEqual({ kind: "exit", code: 7 });
    expect(real.told).toContain(`stop a.1 in ${real.folder}`);
    expect(real.told.some((line) => line.startsWith("failed"))).toBe(false);
  });

  it("is at its end before the process is gone: its work may be meant for the next otherwise", async () => {
    await using real = await startRealChild(obedient);
    await real.until("started");
    const line = `touch end; until [ -e go ]; do sleep 0.01; done; touch done; echo done`;
    real.child.stop(byCommand(line));
    await real.until("exited");
    const isGone = vi.fn();
    void real.gone.then(isGone);
    expect(isGone).not.toHaveBeenCalled();
    writeFileSync(join(real.folder, "go"), "");
    expect((await real.gone).swept).toEqual([]);
    expect(existsSync(join(real.folder, "done"))).toBe(true);
    expect(real.told).toContain("stop done");
  });

  it("that fails is told, and the signal is sent after all", async () => {
    await using real = await startRealChild(answering("main", "TERM"));
    await real.until("out main is there");
    real.child.stop(byCommand("echo no such container; exit 3"));
    await real.gone;
    // The end may be seen before what was printed right before it.
    expect(real.told.filter((line) => line !== "exited")).toEqual([
      "started",
      "out main is there",
      "stop no such container",
      "failed exited with code 3",
      "out main got TERM",
    ]);
  });

  it("that does nothing is followed by a kill, and that takes it along when it hangs", async () => {
    await using real = await startRealChild("echo there; exec sleep 1000");
    await real.until("out there");
    real.child.stop(byCommand("echo hangs; exec sleep 1000"));
    await real.until("stop hangs");
    real.child.kill();
    expect((await real.gone).status).toMatchObject({ signal: "SIGKILL" });
    expect(real.told.some((line) => line.startsWith("failed"))).toBe(false);
  });

  it("leaves nothing behind", async () => {
    await using real = await startRealChild(obedient);
    await real.until("started");
    real.child.stop(byCommand("sleep 1000 & touch end; echo $!"));
    const end = await real.gone;
    const [, pid] = /stop (\d+)/.exec(real.told.join("\n")) ?? [];
    expect(end.swept).toEqual([`sleep 1000 (pid ${pid})`]);
  });

  it("is of no use when the leader has gone by itself: the others get the signal", async () => {
    const command = `/bin/sh -c "${answering("member", "TERM")}" & sleep 0.2`;
    await using real = await startRealChild(command, {
      onExited: (child) => child.stop(byCommand("echo never")),
    });
    await real.gone;
    expect(real.told).toContain("out member got TERM");
    expect(real.told).not.toContain("stop never");
  });
});
