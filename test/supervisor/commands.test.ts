import { describe, expect, it } from "vitest";
import type { FreshTypes } from "../../src/core/desired.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";
import { formatFormation, readScaleWords, type ScaleChange } from "../../src/core/scale.ts";
import type { Outcome } from "../../src/supervisor/outcome.ts";
import type { SupervisorOptions } from "../../src/supervisor/supervisor.ts";
import { exitCode, killed, terminated } from "../support/fake-child.ts";
import { createRunning, typesOf } from "../support/fake-supervised.ts";

const by = "marc with procman";
type Subject = ReturnType<typeof createRunning>;

function changesOf(words: string): readonly ScaleChange[] {
  const changes = readScaleWords(words.split(" "), "scale");
  if (!changes.ok) throw new Error("no words for scale");
  return changes.value;
}

function freshOf(...lines: readonly string[]): FreshTypes {
  return { types: typesOf(...lines), quantityOf: () => 1 };
}

function scale({ supervisor }: Subject, words: string) {
  return supervisor.scale(changesOf(words), by);
}

/** `a.1 up`, of all that are known. */
function statesOf({ supervisor }: Subject): readonly string[] {
  return supervisor.instances().map(({ name, state }) => `${name} ${state}`);
}

function find({ supervisor }: Subject, name: string) {
  const found = supervisor.instances().find((one) => one.name === name);
  if (!found) throw new Error(`${name} is not known`);
  return found;
}

/** Names of all that were launched, but for those that were there at first. */
function launchedSince({ children }: Subject, count: number): readonly string[] {
  return children.all.slice(count).map(({ name }) => name);
}

/** What has just been launched gets its process, and becomes ready. */
function bringUp({ children, clock }: Subject, ...names: readonly string[]): void {
  for (const name of names) children.get(name).start();
  clock.advance(1_000);
}

function problemsOf(outcome: Outcome<unknown>): readonly string[] {
  return "diagnostics" in outcome ? outcome.diagnostics.map(formatDiagnostic) : [];
}

describe("scale", () => {
  it("up fills the lowest free numbers, and down takes the highest, gracefully", () => {
    const subject = createRunning(["a.1", "b.2"]);
    const { children } = subject;
    const up = scale(subject, "a=3 b=1");
    expect(up.is === "done" && formatFormation(up.value)).toBe("a=3 b=1");
    expect(launchedSince(subject, 3)).toEqual(["a.2", "a.3"]);
    expect(children.asked).toEqual(["b.2 stop SIGTERM"]);
    children.get("b.2").end(terminated);
    bringUp(subject, "a.2", "a.3");
    scale(subject, "a-2");
    expect(children.asked.slice(1)).toEqual(["a.3 stop SIGTERM", "a.2 stop SIGTERM"]);
  });

  it("forgets whom it has retired when it is gone, and knows the type at 0", () => {
    const subject = createRunning(["a.1", "b.1"]);
    scale(subject, "b=0");
    expect(statesOf(subject)).toEqual(["a.1 up", "b.1 stopping"]);
    subject.children.get("b.1").end(terminated);
    expect(statesOf(subject)).toEqual(["a.1 up"]);
    expect(subject.supervisor.types().map(({ name, quantity }) => [name, quantity])).toEqual([
      ["a", 1],
      ["b", 0],
    ]);
  });

  it("starts one anew that is scaled up again before it is gone, once", () => {
    const subject = createRunning(["a.2"]);
    const { children } = subject;
    scale(subject, "a=1");
    scale(subject, "a=2");
    scale(subject, "a=1");
    scale(subject, "a=2");
    expect(launchedSince(subject, 2)).toEqual([]);
    expect(children.asked).toEqual(["a.2 stop SIGTERM"]);
    children.get("a.2").end(terminated);
    expect(launchedSince(subject, 2)).toEqual(["a.2"]);
    expect(find(subject, "a.2")).toMatchObject({ port: 5107, restarts: 1 });
  });

  it("takes one away that waits to be started again", () => {
    const subject = createRunning(["a.2"]);
    subject.children.get("a.2").end(exitCode(1));
    scale(subject, "a=1");
    subject.clock.advance(60_000);
    expect([launchedSince(subject, 2), statesOf(subject)]).toEqual([[], ["a.1 up"]]);
  });

  it("leaves alone what somebody has stopped", () => {
    const subject = createRunning(["a.2"]);
    subject.supervisor.stop(["a.1"], by);
    subject.children.get("a.1").end(terminated);
    scale(subject, "a=3");
    expect(launchedSince(subject, 2)).toEqual(["a.3"]);
    expect(statesOf(subject)).toEqual(["a.1 down", "a.2 up", "a.3 starting"]);
  });

  it("to what is there already has a number, and touches nobody", () => {
    const subject = createRunning(["a.2"]);
    expect(scale(subject, "a=2")).toMatchObject({ is: "done", number: 1 });
    expect([launchedSince(subject, 2), subject.children.asked]).toEqual([[], []]);
  });

  it("says so once, as Heroku does", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.told.length = 0;
    scale(subject, "b=0");
    expect(subject.told).toEqual(["Scaled to a@1 b@0 by marc with procman"]);
  });

  it("changes nothing when anything is wrong", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.told.length = 0;
    const outcome = scale(subject, "a=2 bb=1");
    expect(problemsOf(outcome)).toEqual([
      'scale: error: no process type "bb" in the Procfile; did you mean "b"?',
    ]);
    expect([launchedSince(subject, 2), subject.children.asked, subject.told]).toEqual([[], [], []]);
    // The next command gets the number that this one did not.
    expect(scale(subject, "a=2")).toMatchObject({ number: 1 });
  });
});

describe("restart", () => {
  const same = freshOf("a", "b");

  it("stops who runs, and starts the next run when the last is gone", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.restart(["a.1"], same, by);
    expect(subject.children.asked).toEqual(["a.1 stop SIGTERM"]);
    expect(statesOf(subject)).toEqual(["a.1 stopping", "b.1 up"]);
    subject.children.get("a.1").exit();
    expect(launchedSince(subject, 2)).toEqual([]);
    subject.children.get("a.1").vanish(terminated);
    expect(launchedSince(subject, 2)).toEqual(["a.1"]);
  });

  it("twice is one restart", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.restart(["a.1"], same, by);
    subject.supervisor.restart(["a.1"], same, by);
    subject.children.get("a.1").end(terminated);
    expect(launchedSince(subject, 2)).toEqual(["a.1"]);
    expect(subject.children.asked).toEqual(["a.1 stop SIGTERM"]);
  });

  it.each<[name: string, prepare: (subject: Subject) => void]>([
    [
      "was stopped",
      ({ supervisor, children }) => {
        supervisor.stop(["a"], by);
        children.get("a.1").end(terminated);
      },
    ],
    ["has crashed", ({ children }) => children.get("a.1").end(exitCode(1))],
    ["has exited", ({ children }) => children.get("a.1").end(exitCode(0))],
    ["is parked", ({ children }) => children.get("a.1").end(exitCode(127))],
  ])("starts at once what %s", (_, prepare) => {
    const subject = createRunning(["a.1", "b.1"]);
    prepare(subject);
    expect(subject.supervisor.restart(["a"], same, by)).toMatchObject({ is: "done" });
    expect(launchedSince(subject, 2)).toEqual(["a.1"]);
    bringUp(subject, "a.1");
    expect(statesOf(subject)).toEqual(["a.1 up", "b.1 up"]);
    // Whoever waited to be started again is not started twice.
    subject.clock.advance(60_000);
    expect(launchedSince(subject, 2)).toEqual(["a.1"]);
  });

  it("starts what is still being stopped when that is gone", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.stop(["a.1"], by);
    subject.supervisor.restart(["a.1"], same, by);
    subject.children.get("a.1").end(killed);
    expect(launchedSince(subject, 2)).toEqual(["a.1"]);
  });

  it("forgets the failures", () => {
    const subject = createRunning(["a.1", "b.1"]);
    const { children, clock, supervisor } = subject;
    for (const pauseMs of [500, 1_000, 2_000]) {
      children.get("a.1").end(exitCode(1));
      clock.advance(pauseMs);
      children.get("a.1").start();
      clock.advance(1_000);
    }
    supervisor.restart(["a.1"], same, by);
    children.get("a.1").end(terminated);
    bringUp(subject, "a.1");
    children.get("a.1").end(exitCode(1));
    expect(find(subject, "a.1").restartInMs).toBe(500);
  });

  it("by name takes over the commands of these types alone", () => {
    const subject = createRunning(["a.2", "b.1"]);
    subject.supervisor.restart(["a.2"], freshOf("a: new a", "b: new b", "c"), by);
    subject.children.get("a.2").end(terminated);
    const commands = subject.supervisor
      .instances()
      .map(({ name, command }) => `${name} ${command}`);
    // The first goes on with what it was started with.
    expect(commands).toEqual(["a.1 run a", "a.2 new a", "b.1 run b"]);
    expect(subject.supervisor.types().map(({ command }) => command)).toEqual(["new a", "run b"]);
    expect(subject.supervisor.release().version).toBe(1);
    subject.children.get("a.1").end(exitCode(1));
    subject.clock.advance(500);
    expect(find(subject, "a.1").command).toBe("new a");
  });

  it("of all takes over the Procfile", () => {
    const subject = createRunning(["a.2", "b.1"]);
    const outcome = subject.supervisor.restart([], freshOf("c", "a: new a"), by);
    expect(outcome).toMatchObject({ is: "done", number: 1 });
    expect(subject.children.asked).toEqual([
      "b.1 stop SIGTERM",
      "a.1 stop SIGTERM",
      "a.2 stop SIGTERM",
    ]);
    for (const name of ["a.1", "a.2", "b.1"]) subject.children.get(name).end(terminated);
    expect(launchedSince(subject, 3)).toEqual(["c.1", "a.1", "a.2"]);
    expect(subject.supervisor.instances()).toMatchObject([
      { name: "c.1", command: "run c", port: 5306, version: 2 },
      { name: "a.1", command: "new a", port: 5106, version: 2 },
      { name: "a.2", command: "new a", port: 5107, version: 2 },
    ]);
    expect(subject.supervisor.release().version).toBe(2);
  });

  it("of all starts what was stopped, too", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.stop(["a"], by);
    subject.children.get("a.1").end(terminated);
    subject.supervisor.restart([], same, by);
    expect(launchedSince(subject, 2)).toEqual(["a.1"]);
  });

  it("is told of each that it touches", () => {
    const subject = createRunning(["a.2", "b.1"]);
    subject.told.length = 0;
    subject.supervisor.restart(["a"], same, by);
    expect(subject.told).toEqual([
      "a.1 is restarted by marc with procman",
      "a.2 is restarted by marc with procman",
    ]);
  });

  it.each<[name: string, names: string[], fresh: FreshTypes, problem: string]>([
    [
      "an unknown name",
      ["a", "c"],
      same,
      'names: error: no process type "c" in the Procfile; did you mean "a"?',
    ],
    [
      "a type that has left the Procfile",
      ["a"],
      freshOf("b"),
      'Procfile: error: "a" is not in it any more; procman reload takes that over, and stops it',
    ],
  ])("changes nothing for %s", (_, names, fresh, problem) => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.told.length = 0;
    expect(problemsOf(subject.supervisor.restart(names, fresh, by))).toEqual([problem]);
    expect([subject.children.asked, subject.told]).toEqual([[], []]);
  });
});

describe("reload", () => {
  const nothing = () => [];

  function reload(
    subject: Subject,
    fresh: FreshTypes,
    isDryRun = false,
    changed: readonly string[] = [],
  ) {
    const keysOf = (name: string) => (changed.includes(name) ? ["KEY"] : []);
    const outcome = subject.supervisor.reload(fresh, keysOf, isDryRun, by);
    if (outcome.is !== "done") throw new Error(problemsOf(outcome).join());
    return outcome.value.map(({ what, instances }) => `${what} ${instances}`);
  }

  it("adds, removes and replaces what has changed, and touches nobody else", () => {
    const subject = createRunning(["a.1", "b.2", "c.1"]);
    expect(reload(subject, freshOf("a", "b: new b", "d"))).toEqual([
      "remove c.1",
      "replace b.1,b.2",
      "add d.1",
    ]);
    expect(subject.children.asked).toEqual([
      "c.1 stop SIGTERM",
      "b.1 stop SIGTERM",
      "b.2 stop SIGTERM",
    ]);
    for (const name of ["b.1", "b.2", "c.1"]) subject.children.get(name).end(terminated);
    expect(launchedSince(subject, 4)).toEqual(["d.1", "b.1", "b.2"]);
    expect(subject.told).toContain(
      "Reloaded by marc with procman: remove c (it left the Procfile), replace b (its command changed), add d (it is new in the Procfile)",
    );
  });

  it("replaces who would get another environment", () => {
    const subject = createRunning(["a.2"]);
    expect(reload(subject, freshOf("a"), false, ["a.2"])).toEqual(["replace a.2"]);
    expect(subject.children.asked).toEqual(["a.2 stop SIGTERM"]);
  });

  it("changes nothing when it is only asked what it would do", () => {
    const subject = createRunning(["a.1", "b.1"]);
    const before = [
      subject.supervisor.instances(),
      subject.supervisor.types(),
      subject.told.length,
    ];
    expect(reload(subject, freshOf("a: new a", "c"), true)).toEqual([
      "remove b.1",
      "replace a.1",
      "add c.1",
    ]);
    expect([
      subject.supervisor.instances(),
      subject.supervisor.types(),
      subject.told.length,
    ]).toEqual(before);
    expect(subject.supervisor.release().version).toBe(1);
    expect(scale(subject, "b=1")).toMatchObject({ number: 1 });
  });

  it("changes nothing when nothing has changed", () => {
    const subject = createRunning(["a.1"]);
    subject.told.length = 0;
    expect(reload(subject, freshOf("a"))).toEqual([]);
    expect([subject.told, subject.supervisor.release().version]).toEqual([[], 1]);
  });

  it("leaves stopped what was stopped, and what waits to be started again waiting", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.stop(["a"], by);
    subject.children.get("a.1").end(terminated);
    subject.children.get("b.1").end(exitCode(1));
    reload(subject, freshOf("a: new a", "b", "c"));
    expect(launchedSince(subject, 2)).toEqual(["c.1"]);
    expect(statesOf(subject)).toEqual(["a.1 down", "b.1 crashed", "c.1 starting"]);
    expect(find(subject, "a.1").command).toBe("new a");
  });

  it("knows a type that has gone as long as one of it is there, and gives it its ports back", () => {
    const subject = createRunning(["a.1", "b.1"]);
    reload(subject, freshOf("a"));
    expect(subject.supervisor.types().map(({ name, quantity }) => `${name} ${quantity}`)).toEqual([
      "a 1",
      "b 0",
    ]);
    reload(subject, freshOf("c", "b", "a"));
    subject.children.get("b.1").end(terminated);
    expect(subject.supervisor.instances().map(({ name, port }) => `${name} ${port}`)).toEqual([
      "c.1 5306",
      "b.1 5206",
      "a.1 5106",
    ]);
  });

  it("refuses a Procfile for whose types there are no ports", () => {
    const subject = createRunning(["a.1"]);
    scale(subject, "a=101");
    const outcome = subject.supervisor.reload(freshOf("a", "b"), nothing, false, by);
    expect(problemsOf(outcome)[0]).toContain("a=101 would run into the ports of b");
    expect(subject.supervisor.types().map(({ name }) => name)).toEqual(["a"]);
  });
});

describe("stop", () => {
  it("stops who is named, and keeps them stopped", () => {
    const subject = createRunning(["a.2", "b.1"]);
    subject.supervisor.stop(["a.2", "b"], by);
    expect(subject.children.asked).toEqual(["a.2 stop SIGTERM", "b.1 stop SIGTERM"]);
    for (const name of ["a.2", "b.1"]) subject.children.get(name).end(terminated);
    subject.clock.advance(60_000);
    expect(statesOf(subject)).toEqual(["a.1 up", "a.2 down", "b.1 down"]);
  });

  it("ends what waits to be started again, and lets go of what has ended", () => {
    const subject = createRunning(["a.1", "b.1", "c.1"]);
    subject.children.get("a.1").end(exitCode(1));
    subject.children.get("b.1").end(exitCode(127));
    subject.supervisor.stop(["a", "b"], by);
    subject.clock.advance(60_000);
    expect(statesOf(subject)).toEqual(["a.1 down", "b.1 down", "c.1 up"]);
  });

  it("wins over a restart that is under way", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.restart(["a"], freshOf("a", "b"), by);
    subject.supervisor.stop(["a"], by);
    subject.children.get("a.1").end(terminated);
    expect([launchedSince(subject, 2), statesOf(subject)]).toEqual([[], ["a.1 down", "b.1 up"]]);
  });

  it("is no end of procman, though nothing runs any more", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.children.get("b.1").end(exitCode(0));
    subject.supervisor.stop(["a"], by);
    subject.children.get("a.1").end(terminated);
    expect(subject.ended).toEqual([]);
    subject.supervisor.restart(["a"], freshOf("a", "b"), by);
    expect(launchedSince(subject, 2)).toEqual(["a.1"]);
  });
});

describe("procman goes on", () => {
  it("when all is scaled to 0, and back", () => {
    const subject = createRunning(["a.2"]);
    scale(subject, "a=0");
    for (const name of ["a.1", "a.2"]) subject.children.get(name).end(terminated);
    expect([statesOf(subject), subject.ended]).toEqual([[], []]);
    scale(subject, "a=1");
    expect([launchedSince(subject, 2), subject.ended]).toEqual([["a.1"], []]);
  });

  it("when something is scaled up after all the rest has ended by itself", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.children.get("a.1").end(exitCode(0));
    scale(subject, "b=0");
    subject.children.get("b.1").end(terminated);
    expect(subject.ended).toEqual([]);
    scale(subject, "b=1");
    expect([launchedSince(subject, 2), subject.ended]).toEqual([["b.1"], []]);
  });

  it("when the last that could run is taken away for another", () => {
    const subject = createRunning(["a.2", "c.0"]);
    subject.children.get("a.1").end(exitCode(0));
    subject.children.get("a.2").end(exitCode(1));
    scale(subject, "a-1 c+1");
    expect([launchedSince(subject, 2), subject.ended]).toEqual([["c.1"], []]);
  });

  it("when a reload has left nothing that runs", () => {
    const subject = createRunning(["a.1"]);
    const fresh: FreshTypes = { ...freshOf("b"), quantityOf: () => 0 };
    subject.supervisor.reload(fresh, () => [], false, by);
    subject.children.get("a.1").end(terminated);
    expect([statesOf(subject), subject.ended]).toEqual([[], []]);
    scale(subject, "b=1");
    expect(launchedSince(subject, 1)).toEqual(["b.1"]);
  });

  it("until what is left has ended by itself", () => {
    const subject = createRunning(["a.2"]);
    subject.children.get("a.1").end(exitCode(0));
    scale(subject, "a=1");
    expect(subject.ended).toEqual([]);
    subject.children.get("a.2").end(terminated);
    expect(subject.ended).toEqual([0]);
  });
});

describe("a procman that is leaving", () => {
  const leaving = { is: "leaving" };

  function answers({ supervisor }: Subject): readonly unknown[] {
    return [
      supervisor.scale(changesOf("a=2"), by),
      supervisor.restart([], freshOf("a"), by),
      supervisor.restart(["a"], freshOf("a"), by),
      supervisor.stop(["a"], by),
      supervisor.reload(freshOf("a", "b"), () => [], false, by),
    ];
  }

  it("refuses all, and starts nothing", () => {
    const subject = createRunning(["a.1"]);
    expect(subject.supervisor.stopAll()).toBe(1);
    expect(answers(subject)).toEqual(Array(5).fill(leaving));
    subject.children.get("a.1").end(terminated);
    expect([launchedSince(subject, 1), subject.ended]).toEqual([[], [0]]);
  });

  it("does so, too, when all has ended by itself", () => {
    const subject = createRunning(["a.1"]);
    subject.children.get("a.1").end(exitCode(127));
    expect(subject.ended).toEqual([127]);
    expect(answers(subject)).toEqual(Array(5).fill(leaving));
    expect(launchedSince(subject, 1)).toEqual([]);
  });

  it("is one with --no-restart at the first end", () => {
    const never: Partial<SupervisorOptions> = { ends: { restart: "never", exitOn: "all" } };
    const subject = createRunning(["a.1", "b.1"], never);
    subject.children.get("a.1").end(exitCode(0));
    expect(answers(subject)).toEqual(Array(5).fill(leaving));
  });
});

describe("what is known of an instance", () => {
  it("from its start to its end", () => {
    const subject = createRunning(["a.1", "b.1"]);
    const { children, clock, supervisor } = subject;
    expect(find(subject, "a.1")).toEqual({
      name: "a.1",
      type: "a",
      ordinal: 1,
      command: "run a",
      port: 5106,
      state: "up",
      changedMs: 500,
      createdMs: 0,
      version: 1,
      pid: 1_001,
      restarts: 0,
      lastExit: undefined,
      restartInMs: undefined,
      isBlocked: false,
      reason: undefined,
    });
    children.get("a.1").end(exitCode(1));
    const crashed = { state: "crashed", changedMs: 1_000, createdMs: 0, pid: undefined };
    expect(find(subject, "a.1")).toMatchObject({
      ...crashed,
      restartInMs: 500,
      lastExit: exitCode(1),
    });
    clock.advance(200.5);
    expect(find(subject, "a.1").restartInMs).toBe(300);
    clock.advance(300);
    const again = { state: "starting", changedMs: 1_500, createdMs: 1_500, restartInMs: undefined };
    expect(find(subject, "a.1")).toMatchObject({ ...again, pid: undefined, restarts: 1 });
    children.get("a.1").start();
    expect(find(subject, "a.1")).toMatchObject({ pid: 1_003, lastExit: exitCode(1) });
    clock.advance(500);
    supervisor.stop(["a"], by);
    expect(find(subject, "a.1")).toMatchObject({ state: "stopping", pid: 1_003 });
    children.get("a.1").end(terminated);
    const down = { state: "down", changedMs: 2_000.5, pid: undefined, lastExit: terminated };
    expect(find(subject, "a.1")).toMatchObject({ ...down, restarts: 1, reason: undefined });
    supervisor.restart(["a"], freshOf("a", "b"), by);
    children.get("a.1").start();
    children.get("a.1").end(exitCode(127));
    const parked = { state: "parked", reason: "command not found", restarts: 2 };
    expect(find(subject, "a.1")).toMatchObject({ ...parked, lastExit: exitCode(127) });
  });

  it("has the version of the app that its run was started with", () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.clock.advance(4_000);
    subject.supervisor.reload(freshOf("a: new", "b"), () => [], false, by);
    expect(subject.supervisor.release()).toEqual({ version: 2, timeMs: 5_000 });
    expect(find(subject, "a.1")).toMatchObject({ version: 1, command: "run a" });
    subject.children.get("a.1").end(terminated);
    expect(find(subject, "a.1")).toMatchObject({ version: 2, command: "new" });
    expect(find(subject, "b.1").version).toBe(1);
  });

  it("is told of a type: when its quantity or its command was changed", () => {
    const subject = createRunning(["a.1", "b.1", "c.1"]);
    subject.clock.advance(1_000);
    scale(subject, "a=2 b=1");
    subject.clock.advance(1_000);
    subject.supervisor.reload(freshOf("a", "b: new", "c", "d"), () => [], false, by);
    expect(subject.supervisor.types().map(({ name, changedMs }) => `${name} ${changedMs}`)).toEqual(
      ["a 2000", "b 3000", "c 0", "d 3000"],
    );
  });
});

describe("changed files", () => {
  const change = { file: "src/a.ts", others: 2 };

  it("restart all processes of a type that are wanted, and nobody else", () => {
    const subject = createRunning(["a.3", "b.1"]);
    const { children, supervisor } = subject;
    supervisor.stop(["a.2"], by);
    children.get("a.2").end(terminated);
    children.get("a.3").end(exitCode(0));
    subject.told.length = 0;
    supervisor.changed("a", change);
    expect(subject.told.filter((line) => line.includes("changed"))).toEqual([
      "a.1 is restarted, because src/a.ts changed, +2 more",
      "a.3 is restarted, because src/a.ts changed, +2 more",
    ]);
    expect(children.asked.slice(2)).toEqual(["a.1 stop SIGTERM"]);
    expect(launchedSince(subject, 4)).toEqual(["a.3"]);
    supervisor.changed("a", change);
    children.get("a.1").end(terminated);
    expect(launchedSince(subject, 4)).toEqual(["a.3", "a.1"]);
  });

  it("start nothing when all are to end", () => {
    const subject = createRunning(["a.1"]);
    subject.supervisor.stopAll();
    subject.supervisor.changed("a", change);
    subject.children.get("a.1").end(terminated);
    expect(subject.ended).toEqual([0]);
  });
});
