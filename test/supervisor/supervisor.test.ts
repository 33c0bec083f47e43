import { describe, expect, it } from "vitest";
import { exitCode, type FakeChild, killed, terminated } from "../support/fake-child.ts";
import { createRunning, createSubject } from "../support/fake-supervised.ts";

function launched(children: readonly FakeChild[]): readonly string[] {
  return children.map(({ name }) => name);
}

describe("start", () => {
  it("launches in the order of the specs, and waits for none", () => {
    const { supervisor, children } = createSubject(["b.1", "web.1", "a.1", "a.2"]);
    supervisor.start();
    expect(launched(children.all)).toEqual(["b.1", "web.1", "a.1", "a.2"]);
    expect(supervisor.running()).toEqual(["b.1", "web.1", "a.1", "a.2"]);
  });

  it("says with which command and port each is started", () => {
    const { told } = createRunning(["a.1", "b.1"]);
    expect(told).toEqual([
      "a.1 started with pid 1001 on port 5106: run a",
      "b.1 started with pid 1002 on port 5206: run b",
    ]);
  });

  it("passes on what is printed, to the end", () => {
    const { children, told } = createRunning(["a.1"]);
    told.length = 0;
    children.get("a.1").print("hello");
    children.get("a.1").end(exitCode(0));
    expect(told).toEqual([
      "a.1 prints hello",
      "a.1 prints no more",
      "a.1 exited with code 0 after 1 s",
    ]);
  });
});

describe("being ready", () => {
  it("is asked of web alone", () => {
    const { probes } = createRunning(["a.1", "web.1", "web.2"]);
    expect(probes.map(({ name }) => name)).toEqual(["web.1", "web.2"]);
  });

  it("is told when web answers", async () => {
    const { probes, told, clock } = createRunning(["web.1"]);
    clock.advance(200);
    await probes[0]?.answer(true);
    expect(told.at(-1)).toBe("web.1 is up after 1.2 s");
    clock.advance(60_000);
    expect(told.length).toBe(2);
  });

  it("is taken for granted after 10 s", () => {
    const { told, clock, probes } = createSubjectOfWeb();
    clock.advance(9_999);
    expect(told.length).toBe(1);
    clock.advance(1);
    expect(told.at(-1)).toBe(
      "web.1 does not answer on its port after 10 s; taken for up all the same",
    );
    expect(probes[0]?.givenUp.aborted).toBe(true);
  });

  it("is nothing after a no", async () => {
    const { probes, told } = createRunning(["web.1"]);
    await probes[0]?.answer(false);
    expect(told.length).toBe(1);
  });

  it("is asked no more when it is stopped", () => {
    const { probes, supervisor } = createRunning(["web.1"]);
    expect(probes[0]?.givenUp.aborted).toBe(false);
    supervisor.stopAll();
    expect(probes[0]?.givenUp.aborted).toBe(true);
  });

  it("is no news of a run that is over", async () => {
    const { probes, told, children, clock } = createRunning(["web.1"]);
    children.get("web.1").end(exitCode(1));
    clock.advance(1_000);
    children.get("web.1").start();
    const before = [...told];
    expect(probes.map(({ givenUp }) => givenUp.aborted)).toEqual([true, false]);
    await probes[0]?.answer(true);
    expect(told).toEqual(before);
    await probes[1]?.answer(true);
    expect(told.at(-1)).toContain("web.1 is up after");
  });

  function createSubjectOfWeb() {
    const subject = createSubject(["web.1"]);
    subject.supervisor.start();
    subject.children.get("web.1").start();
    return subject;
  }
});

describe("stop", () => {
  it("asks all in reverse order, waiting for none", () => {
    const { supervisor, children } = createRunning(["a.1", "b.1", "c.1"]);
    supervisor.stopAll();
    expect(children.asked).toEqual(["c.1 stop SIGTERM", "b.1 stop SIGTERM", "a.1 stop SIGTERM"]);
  });

  it("has ended when the last is gone", () => {
    const { supervisor, children, ended } = createRunning(["a.1", "b.1"]);
    supervisor.stopAll();
    children.get("a.1").end(terminated);
    expect([supervisor.running(), ended]).toEqual([["b.1"], []]);
    children.get("b.1").exit();
    expect([supervisor.running(), ended]).toEqual([["b.1"], []]);
    children.get("b.1").vanish(terminated);
    expect([supervisor.running(), ended]).toEqual([[], [0]]);
  });

  it("sends each signal once, however often it is asked for", () => {
    const { supervisor, children } = createRunning(["a.1"]);
    supervisor.stopAll();
    supervisor.stopAll();
    expect(children.asked).toEqual(["a.1 stop SIGTERM"]);
  });

  it("kills who is not gone after the grace period, again and again", () => {
    const { supervisor, children, clock, told, ended } = createRunning(["a.1", "b.1"], {
      graceMs: 3_000,
    });
    supervisor.stopAll();
    children.get("b.1").end(terminated);
    clock.advance(2_999);
    expect(children.get("a.1").asked).toEqual(["stop SIGTERM"]);
    clock.advance(1);
    expect(children.get("a.1").asked).toEqual(["stop SIGTERM", "kill"]);
    expect(told.at(-1)).toBe("a.1 did not stop within 3 s; killing it");
    clock.advance(2_000);
    expect(children.get("a.1").asked).toEqual(["stop SIGTERM", "kill", "kill", "kill"]);
    children.get("a.1").end(killed);
    expect(told.at(-1)).toBe("a.1 stopped after 5 s (was ended by SIGKILL)");
    expect(ended).toEqual([0]);
    clock.advance(60_000);
    expect(children.asked.length).toBe(5);
  });

  it("does not wait for what waits to be started again", () => {
    const { supervisor, children, clock, ended } = createRunning(["a.1"]);
    children.get("a.1").end(exitCode(1));
    supervisor.stopAll();
    expect(ended).toEqual([0]);
    clock.advance(60_000);
    expect(children.all.length).toBe(1);
  });

  it("while it is being started again stops the new run", () => {
    const { supervisor, children, clock, ended } = createRunning(["a.1"]);
    children.get("a.1").end(exitCode(1));
    clock.advance(1_000);
    supervisor.stopAll();
    expect(children.get("a.1").asked).toEqual(["stop SIGTERM"]);
    // A child that is not started yet says so.
    children.get("a.1").vanish({ kind: "unstarted", reason: "stopped", isLasting: false });
    expect(ended).toEqual([0]);
  });

  it("of what has ended by itself says no more", () => {
    const { supervisor, children, ended } = createRunning(["a.1", "b.1"]);
    children.get("a.1").end(exitCode(0));
    supervisor.stopAll();
    expect(children.asked.slice(1)).toEqual(["b.1 stop SIGTERM"]);
    children.get("b.1").end(terminated);
    expect(ended).toEqual([0]);
  });

  it("ends an app that was never started", () => {
    const { supervisor, ended } = createSubject(["a.1"]);
    supervisor.stopAll();
    expect(ended).toEqual([0]);
  });
});

describe("kill", () => {
  it("kills all, and starts nothing again", () => {
    const { supervisor, children, clock, ended } = createRunning(["a.1", "b.1"]);
    supervisor.kill();
    for (const name of ["a.1", "b.1"]) {
      expect(children.get(name).asked.at(-1)).toBe("kill");
      children.get(name).end(killed);
    }
    clock.advance(60_000);
    expect([ended, children.all.length]).toEqual([[0], 2]);
  });

  it("after a stop does not ask politely again", () => {
    const { supervisor, children } = createRunning(["a.1"]);
    supervisor.stopAll();
    supervisor.kill();
    expect(children.asked).toEqual(["a.1 stop SIGTERM", "a.1 kill"]);
  });

  it("is repeated until all are gone", () => {
    const { supervisor, children, clock, told } = createRunning(["a.1"]);
    supervisor.stopAll();
    supervisor.kill();
    clock.advance(2_000);
    expect(children.asked).toEqual(["a.1 stop SIGTERM", "a.1 kill", "a.1 kill", "a.1 kill"]);
    expect(told.at(-1)).not.toContain("did not stop within");
  });
});

describe("a crash", () => {
  it("is told, and followed by another start", () => {
    const { children, clock, told } = createRunning(["a.1"]);
    children.get("a.1").end(exitCode(1));
    expect(told.at(-1)).toBe("a.1 exited with code 1 after 1 s; starting it again in 500 ms");
    clock.advance(499);
    expect(children.all.length).toBe(1);
    clock.advance(1);
    children.get("a.1").start();
    expect(told.at(-1)).toBe("a.1 started with pid 1002 on port 5106: run a");
  });

  it("again and again is followed by longer and longer pauses", () => {
    const { children, clock } = createRunning(["a.1"]);
    const pauses: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const before = children.all.length;
      children.get("a.1").end(exitCode(1));
      const startMs = clock.nowMs();
      while (children.all.length === before) clock.advance(250);
      pauses.push(clock.nowMs() - startMs);
      children.get("a.1").start();
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("after 30 s up is the first again", () => {
    const { children, clock, told } = createRunning(["a.1"]);
    for (const upMs of [0, 0, 30_500]) {
      clock.advance(upMs);
      children.get("a.1").end(exitCode(1));
      clock.advance(2_000);
      children.get("a.1").start();
    }
    expect(
      told.filter((line) => line.includes("exited")).map((line) => line.split("; ")[1]),
    ).toEqual([
      "starting it again in 500 ms",
      "starting it again in 1 s (failure 2 in a row)",
      "starting it again in 250 ms",
    ]);
  });

  it("of one leaves the others alone", () => {
    const { children, clock, ended } = createRunning(["a.1", "b.1"]);
    children.get("a.1").end(exitCode(1));
    clock.advance(60_000);
    expect(children.get("b.1").asked).toEqual([]);
    expect(ended).toEqual([]);
  });

  it("waits for what it left in its group, and ends that", () => {
    const { children, clock, told } = createRunning(["a.1"]);
    children.get("a.1").exit();
    expect(children.asked).toEqual(["a.1 stop SIGTERM"]);
    clock.advance(2_000);
    expect(children.asked).toEqual(["a.1 stop SIGTERM", "a.1 kill"]);
    expect(told.at(-1)).toBe("a.1 did not stop within 2 s; killing it");
    clock.advance(100);
    expect(children.all.length).toBe(1);
    children.get("a.1").vanish(exitCode(1));
    expect(told.at(-1)).toBe("a.1 exited with code 1 after 1 s; starting it again in 500 ms");
  });

  it("is told with what was found of it outside", () => {
    const { children, told } = createRunning(["a.1"]);
    told.length = 0;
    children.get("a.1").exit();
    children.get("a.1").vanish(exitCode(0), {
      swept: ["node a.js (pid 7)"],
      spared: ["watchman (pid 8)"],
      unstoppable: ["sudo (pid 9)"],
      isOutputHeld: true,
    });
    expect(told.map((line) => line.split(" ", 3).join(" "))).toEqual([
      "a.1 prints no",
      "a.1 left node",
      "a.1 left watchman",
      "a.1 could not",
      "a.1 has ended,",
      "a.1 exited with",
    ]);
  });

  it("that cannot heal parks it", () => {
    const { children, clock, ended } = createRunning(["a.1", "b.1"]);
    children.get("a.1").end(exitCode(127));
    clock.advance(60_000);
    expect(children.all.length).toBe(2);
    expect(ended).toEqual([]);
  });

  it("before it was started is one too, however long the start took", () => {
    const { supervisor, children, clock, told, ended } = createSubject(["a.1"]);
    supervisor.start();
    clock.advance(5_000);
    children.get("a.1").vanish({ kind: "unstarted", reason: "no descriptors", isLasting: false });
    expect(told.at(-1)).toBe(
      "a.1 could not be started: no descriptors; starting it again in 500 ms",
    );
    clock.advance(500);
    expect(children.all.length).toBe(2);
    children.get("a.1").vanish({ kind: "unstarted", reason: "no folder", isLasting: true });
    expect(ended).toEqual([126]);
  });
});

describe("the end of all", () => {
  const unstarted = { kind: "unstarted", reason: "no folder", isLasting: true } as const;
  it.each<[name: string, ends: [string, Parameters<FakeChild["end"]>[0]][], code: number]>([
    [
      "all succeed",
      [
        ["a.1", exitCode(0)],
        ["b.1", exitCode(0)],
      ],
      0,
    ],
    [
      "one cannot heal",
      [
        ["a.1", exitCode(0)],
        ["b.1", exitCode(127)],
      ],
      127,
    ],
    [
      "two cannot heal: the first",
      [
        ["b.1", exitCode(126)],
        ["a.1", exitCode(127)],
      ],
      126,
    ],
    [
      "one cannot be started",
      [
        ["a.1", unstarted],
        ["b.1", exitCode(0)],
      ],
      126,
    ],
  ])("%s", (_, ends, code) => {
    const { children, ended } = createRunning(["a.1", "b.1"]);
    for (const [name, status] of ends) {
      expect(ended).toEqual([]);
      children.get(name).end(status);
    }
    expect(ended).toEqual([code]);
  });

  it("does not come while one waits to be started again", () => {
    const { children, clock, ended } = createRunning(["a.1", "b.1"]);
    children.get("a.1").end(exitCode(1));
    children.get("b.1").end(exitCode(0));
    expect(ended).toEqual([]);
    clock.advance(500);
    children.get("a.1").start();
    children.get("a.1").end(exitCode(0));
    expect(ended).toEqual([0]);
  });

  it("is told once", () => {
    const { supervisor, children, ended } = createRunning(["a.1"]);
    children.get("a.1").end(exitCode(0));
    supervisor.stopAll();
    supervisor.kill();
    expect(ended).toEqual([0]);
  });
});

describe("--exit-on parked", () => {
  const parked = { ends: { restart: "on-failure", exitOn: "parked" } } as const;

  it("stops the rest when one is parked, and has its code", () => {
    const { children, ended, told } = createRunning(["a.1", "b.1"], parked);
    children.get("b.1").end(exitCode(127));
    expect(told.at(-1)).toContain("b.1 is parked, and with --exit-on parked all others are");
    children.get("a.1").end(terminated);
    expect(ended).toEqual([127]);
  });

  it("goes on when one crashes or ends well", () => {
    const { children, ended, clock } = createRunning(["a.1", "b.1"], parked);
    children.get("a.1").end(exitCode(1));
    children.get("b.1").end(exitCode(0));
    expect(children.asked.filter((what) => what.includes("stop SIGTERM"))).not.toContain("a.1");
    clock.advance(2_000);
    expect(children.all.length).toBe(3);
    expect(ended).toEqual([]);
  });
});

describe("--no-restart", () => {
  const never = { ends: { restart: "never", exitOn: "all" } } as const;
  it.each<[name: string, status: Parameters<FakeChild["end"]>[0], code: number]>([
    ["a failure", exitCode(7), 7],
    ["success", exitCode(0), 0],
    ["a signal", killed, 137],
    ["a missing command", exitCode(127), 127],
  ])("stops the rest at the first end, and has its code: %s", (_, status, code) => {
    const { children, ended, clock, told } = createRunning(["a.1", "b.1", "c.1"], never);
    children.get("b.1").end(status);
    expect(told.at(-1)).toContain("b.1 has ended, and with --no-restart all others are stopped");
    expect(children.asked.filter((what) => what.includes("stop SIGTERM"))).toEqual([
      "b.1 stop SIGTERM",
      "c.1 stop SIGTERM",
      "a.1 stop SIGTERM",
    ]);
    expect(ended).toEqual([]);
    children.get("a.1").end(terminated);
    children.get("c.1").end(exitCode(9));
    expect(ended).toEqual([code]);
    clock.advance(60_000);
    expect(children.all.length).toBe(3);
  });

  it("ends at once with the only one", () => {
    const { children, ended } = createRunning(["a.1"], never);
    children.get("a.1").end(exitCode(3));
    expect(ended).toEqual([3]);
  });

  it("has the code of the first, though two end together", () => {
    const { children, ended } = createRunning(["a.1", "b.1"], never);
    children.get("b.1").exit();
    children.get("a.1").exit();
    children.get("a.1").vanish(exitCode(4));
    children.get("b.1").vanish(exitCode(5));
    expect(ended).toEqual([4]);
  });

  it("does not take a stop for an end", () => {
    const { supervisor, children, ended } = createRunning(["a.1"], never);
    supervisor.stopAll();
    children.get("a.1").end(exitCode(1));
    expect(ended).toEqual([0]);
  });
});

describe("the pace of an instance", () => {
  it("reaches its child and no other", () => {
    const { paces, children } = createRunning(["a.1", "b.1"]);
    paces.get("a.1")?.hold();
    paces.get("a.1")?.flow();
    expect(children.asked).toEqual(["a.1 pause", "a.1 resume"]);
  });

  it("is that of one run: the next one is not held for the last", () => {
    const { paces, children, clock } = createRunning(["a.1"]);
    const first = paces.get("a.1");
    children.get("a.1").end(exitCode(1));
    clock.advance(500);
    children.get("a.1").start();
    first?.hold();
    paces.get("a.1")?.hold();
    expect(children.all.map(({ asked }) => asked)).toEqual([["stop SIGTERM", "pause"], ["pause"]]);
  });
});

describe("what comes from a run that is over", () => {
  it("changes nothing", () => {
    const { children, clock, told, ended, supervisor } = createRunning(["a.1"]);
    const old = children.get("a.1");
    old.end(exitCode(1));
    clock.advance(500);
    children.get("a.1").start();
    told.length = 0;
    old.exit();
    old.vanish(exitCode(127));
    expect(told.filter((line) => !line.includes("prints no more"))).toEqual([]);
    expect(children.get("a.1").asked).toEqual([]);
    expect([supervisor.running(), ended]).toEqual([["a.1"], []]);
  });

  it("is shown all the same when somebody still prints", () => {
    const { children, clock, told } = createRunning(["a.1"]);
    const old = children.get("a.1");
    old.end(exitCode(1));
    clock.advance(500);
    old.print("late");
    expect(told.at(-1)).toBe("a.1 prints late");
  });
});
