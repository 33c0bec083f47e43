import { describe, expect, it } from "vitest";
import { exitCode, terminated } from "../support/fake-child.ts";
import { createRunning, typesOf } from "../support/fake-supervised.ts";

const by = "marc with procman";

function historyOf({ supervisor }: ReturnType<typeof createRunning>, name = "a.1") {
  const known = supervisor.histories([name]);
  const [history] = known.is === "known" ? known.value : [];
  if (!history) throw new Error(`${name} has no history`);
  return history;
}

/** `a.1`, up for this long, and then crashed. */
function createCrashed(upMs: number) {
  const subject = createRunning(["a.1"]);
  // It began to be up 500 ms ago.
  subject.clock.advance(upMs - 500);
  subject.children.get("a.1").end(exitCode(1));
  return subject;
}

describe("the last end of an instance", () => {
  it("is not known as long as it has its first run", () => {
    expect(historyOf(createRunning(["a.1"]))).toMatchObject({ failures: 0, lastEnd: undefined });
  });

  it("is kept while it runs again", () => {
    const subject = createCrashed(5_000);
    const lastEnd = {
      notice: { kind: "ended", status: exitCode(1), ranMs: 5_500 },
      startedMs: 0,
      endedMs: 5_500,
    };
    expect(historyOf(subject)).toMatchObject({ failures: 1, lastEnd });
    subject.clock.advance(500);
    subject.children.get("a.1").start();
    subject.clock.advance(500);
    expect(historyOf(subject)).toMatchObject({ failures: 1, lastEnd, instance: { state: "up" } });
  });

  it("is told apart when somebody has asked for it", () => {
    const subject = createRunning(["a.1"]);
    subject.supervisor.stop(["a"], by);
    subject.children.get("a.1").end(terminated);
    expect(historyOf(subject).lastEnd?.notice).toMatchObject({
      kind: "stopped",
      status: terminated,
    });
  });

  it("may be that nothing was started", () => {
    const subject = createCrashed(0);
    subject.clock.advance(500);
    const status = { kind: "unstarted", reason: "no folder", isLasting: true } as const;
    subject.children.get("a.1").vanish(status);
    expect(historyOf(subject).lastEnd?.notice).toMatchObject({ kind: "ended", status });
  });
});

describe("the last good run of an instance", () => {
  it("is none before it has been up for 30 s", () => {
    const subject = createCrashed(29_999);
    expect([historyOf(subject).ranWell, subject.ranWell]).toEqual([undefined, []]);
  });

  it("is the one that runs", () => {
    const subject = createRunning(["a.1"]);
    subject.clock.advance(29_500);
    expect(historyOf(subject).ranWell).toEqual({ command: "run a", untilMs: undefined });
    expect(subject.ranWell).toEqual([]);
  });

  it("lasts until it ended", () => {
    const subject = createCrashed(30_000);
    expect(historyOf(subject).ranWell).toEqual({ command: "run a", untilMs: 30_500 });
    expect(subject.ranWell).toEqual(["a.1"]);
  });

  it("lasts until it was asked to end, and has the command that it had", () => {
    const subject = createRunning(["a.1"]);
    subject.clock.advance(60_000);
    const fresh = { types: typesOf("a: worse"), quantityOf: () => 1 };
    subject.supervisor.restart([], fresh, by);
    subject.clock.advance(700);
    subject.children.get("a.1").end(terminated);
    subject.children.get("a.1").start();
    subject.children.get("a.1").end(exitCode(1));
    expect(historyOf(subject)).toMatchObject({
      ranWell: { command: "run a", untilMs: 61_000 },
      instance: { command: "worse" },
    });
    expect(subject.ranWell).toEqual(["a.1"]);
  });
});

describe("histories", () => {
  it.each<[names: string[], found: string[]]>([
    [[], ["a.1", "a.2", "b.1"]],
    [["a"], ["a.1", "a.2"]],
    [
      ["b", "a.2"],
      ["a.2", "b.1"],
    ],
    [["c"], []],
  ])("of %j are %j", (names, found) => {
    const known = createRunning(["a.2", "b.1", "c.0"]).supervisor.histories(names);
    expect(known).toMatchObject({
      is: "known",
      value: found.map((name) => ({ instance: { name } })),
    });
  });

  it("of who is not there are none", () => {
    const known = createRunning(["worker.1"]).supervisor.histories(["wroker"]);
    expect(known).toMatchObject({
      is: "unknown-names",
      diagnostics: [{ hint: 'did you mean "worker"?' }],
    });
  });
});
