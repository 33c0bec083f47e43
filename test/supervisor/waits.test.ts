import { describe, expect, it } from "vitest";
import type { FreshTypes } from "../../src/core/desired.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";
import type { WaitOutcome } from "../../src/supervisor/outcome.ts";
import type { WaitGoal } from "../../src/supervisor/waits.ts";
import { exitCode, killed, terminated } from "../support/fake-child.ts";
import { createRunning, createSubject, turn, typesOf } from "../support/fake-supervised.ts";

const by = "marc with procman";
const same: FreshTypes = { types: typesOf("a", "b"), quantityOf: () => 1 };
type Subject = ReturnType<typeof createRunning>;

/** `done`, `failed a.1 parked`, `given-up a.1 starting`; undefined as long as it lasts. */
function wait(subject: Subject, goal: WaitGoal, ...names: readonly string[]) {
  const given = new AbortController();
  let outcome: WaitOutcome | undefined;
  void subject.supervisor.until(goal, names, given.signal).then((value) => {
    outcome = value;
  });
  return {
    giveUp: () => given.abort(),
    async outcome(): Promise<string | undefined> {
      await turn();
      return outcome && describeOutcome(outcome);
    },
  };
}

function describeOutcome(outcome: WaitOutcome): string {
  switch (outcome.is) {
    case "done":
      return "done";
    case "given-up":
      return ["given-up", ...outcome.waiting.map(({ name, state }) => `${name} ${state}`)].join(
        " ",
      );
    case "failed":
      return ["failed", ...outcome.failed.map(({ name, state }) => `${name} ${state}`)].join(" ");
    case "unknown-names":
      return outcome.diagnostics.map(formatDiagnostic).join(", ");
  }
}

describe("until all is settled", () => {
  it("each that shall run has its process", async () => {
    const subject = createSubject(["a.1", "b.1"]);
    subject.supervisor.start();
    const waiting = wait(subject, "settled");
    subject.children.get("a.1").start();
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("b.1").start();
    expect(await waiting.outcome()).toBe("done");
  });

  it("also one whose start takes longer than it takes to be up", async () => {
    const subject = createSubject(["a.1", "b.1"]);
    subject.supervisor.start();
    const waiting = wait(subject, "settled");
    subject.children.get("b.1").start();
    subject.clock.advance(60_000);
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("a.1").start();
    expect(await waiting.outcome()).toBe("done");
  });

  it("none is being stopped", async () => {
    const subject = createRunning(["a.2", "b.1"]);
    subject.supervisor.scale([{ type: "a", how: "set", amount: 1 }], by);
    const waiting = wait(subject, "settled", "a");
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("a.2").exit();
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("a.2").vanish(terminated);
    expect(await waiting.outcome()).toBe("done");
  });

  it("a restarted one has its new process", async () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.restart(["a.1"], same, by);
    const waiting = wait(subject, "settled", "a.1");
    subject.children.get("a.1").end(terminated);
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("a.1").start();
    expect(await waiting.outcome()).toBe("done");
  });

  it.each<[name: string, code: number]>([
    ["crashed", 1],
    ["exited", 0],
    ["parked", 127],
  ])("%s is settled", async (_, code) => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.children.get("a.1").end(exitCode(code));
    expect(await wait(subject, "settled").outcome()).toBe("done");
  });

  it("stopped is settled", async () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.supervisor.stop(["a"], by);
    const waiting = wait(subject, "settled", "a");
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("a.1").end(killed);
    expect(await waiting.outcome()).toBe("done");
  });
});

describe("until all are ready", () => {
  it("they are up", async () => {
    const subject = createSubject(["a.1", "web.1"]);
    subject.supervisor.start();
    for (const child of subject.children.all) child.start();
    const waiting = { all: wait(subject, "ready"), a: wait(subject, "ready", "a") };
    subject.clock.advance(500);
    expect([await waiting.a.outcome(), await waiting.all.outcome()]).toEqual(["done", undefined]);
    await subject.probes[0]?.answer(true);
    expect(await waiting.all.outcome()).toBe("done");
  });

  it("or have ended well", async () => {
    const subject = createRunning(["a.1", "b.1"]);
    const waiting = wait(subject, "ready");
    subject.children.get("a.1").end(exitCode(0));
    expect(await waiting.outcome()).toBe("done");
  });

  it("a crash is waited for: it may heal", async () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.children.get("a.1").end(exitCode(1));
    const waiting = wait(subject, "ready");
    expect(await waiting.outcome()).toBeUndefined();
    subject.clock.advance(500);
    subject.children.get("a.1").start();
    expect(await waiting.outcome()).toBeUndefined();
    subject.clock.advance(500);
    expect(await waiting.outcome()).toBe("done");
  });

  it("is in vain when one is parked", async () => {
    const subject = createSubject(["a.1", "b.1"]);
    subject.supervisor.start();
    const waiting = wait(subject, "ready");
    subject.children.get("a.1").end(exitCode(127));
    expect(await waiting.outcome()).toBe("failed a.1 parked");
    expect(await wait(subject, "ready", "b").outcome()).toBeUndefined();
  });

  it("is in vain when one is stopped", async () => {
    const subject = createRunning(["a.2"]);
    subject.supervisor.stop(["a.2"], by);
    const waiting = wait(subject, "ready", "a");
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("a.2").end(terminated);
    expect(await waiting.outcome()).toBe("failed a.2 down");
  });

  it("is in vain when one has failed and is not started again", async () => {
    const subject = createRunning(["a.1", "b.1"], { ends: { restart: "never", exitOn: "all" } });
    subject.supervisor.restart(["a"], same, by);
    const waiting = wait(subject, "ready");
    subject.children.get("b.1").end(exitCode(2));
    expect(await waiting.outcome()).toBe("failed b.1 down");
  });

  it("is not of those that are taken away", async () => {
    const subject = createRunning(["a.2", "b.1"]);
    subject.children.get("a.2").end(exitCode(1));
    const waiting = wait(subject, "ready", "a");
    subject.supervisor.scale([{ type: "a", how: "set", amount: 1 }], by);
    expect(await waiting.outcome()).toBe("done");
  });

  it("is of what a command adds, too, however far it has come", async () => {
    const subject = createRunning(["a.1", "b.1", "c.0"]);
    subject.children.get("a.1").end(exitCode(1));
    const waiting = wait(subject, "ready");
    subject.supervisor.scale(
      [
        { type: "a", how: "set", amount: 0 },
        { type: "c", how: "set", amount: 1 },
      ],
      by,
    );
    // Between the one and the other all that was there was ready.
    expect(await waiting.outcome()).toBeUndefined();
    subject.children.get("c.1").start();
    subject.clock.advance(500);
    expect(await waiting.outcome()).toBe("done");
  });

  it("of none is done", async () => {
    const subject = createRunning(["a.1", "b.0"]);
    expect(await wait(subject, "ready", "b").outcome()).toBe("done");
  });
});

describe("a wait", () => {
  it("can be given up, and says for whom it was", async () => {
    const subject = createSubject(["a.2", "b.1"]);
    subject.supervisor.start();
    const waiting = wait(subject, "ready", "a");
    subject.children.get("a.1").end(exitCode(1));
    waiting.giveUp();
    expect(await waiting.outcome()).toBe("given-up a.1 crashed a.2 starting");
  });

  it("refuses names that nobody has", async () => {
    const subject = createRunning(["a.1"]);
    expect(await wait(subject, "ready", "a.1", "nobody").outcome()).toBe(
      'names: error: no process type "nobody" in the Procfile; it has a',
    );
  });

  it("ends once, whatever comes after", async () => {
    const subject = createRunning(["a.1", "b.1"]);
    subject.children.get("a.1").end(exitCode(1));
    const waiting = wait(subject, "ready");
    waiting.giveUp();
    subject.clock.advance(1_500);
    expect(await waiting.outcome()).toBe("given-up a.1 crashed");
  });
});
