import { describe, expect, it } from "vitest";
import type { FreshTypes } from "../../src/core/desired.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";
import { readScaleWords } from "../../src/core/scale.ts";
import { exitCode, terminated } from "../support/fake-child.ts";
import { createRunning, turn, typesOf } from "../support/fake-supervised.ts";

const by = "marc with procman";
type Subject = ReturnType<typeof createRunning>;

function freshOf(...lines: readonly string[]): FreshTypes {
  return { types: typesOf(...lines), quantityOf: () => 1 };
}

async function roll({ supervisor }: Subject, ...names: readonly string[]) {
  const outcome = supervisor.restart(names, freshOf("a", "b"), by, "rolling");
  await turn();
  return outcome;
}

/** `a.1 2 up`, with the number of its child. */
function rowsOf({ supervisor }: Subject): readonly string[] {
  return supervisor
    .instances()
    .map(({ name, pid, state }) => `${name} ${pid === undefined ? "-" : pid - 1_000} ${state}`);
}

function launched({ children }: Subject): readonly string[] {
  return children.all.map(({ name }) => name);
}

/** The one that was launched last comes up. */
function bringUp({ children, clock }: Subject): void {
  children.all.at(-1)?.start();
  clock.advance(1_000);
}

async function endOld({ children }: Subject, number: number): Promise<void> {
  children.all[number - 1]?.end(terminated);
  await turn();
}

function outcomeOf({ supervisor }: Subject, names: readonly string[] = []) {
  return supervisor.until("settled", names, AbortSignal.timeout(10_000));
}

describe("a rolling restart", () => {
  it("stops each when the one in its place is up, one after the other", async () => {
    const subject = createRunning(["a.2", "b.1"]);
    await roll(subject, "a");
    expect(launched(subject).slice(3)).toEqual(["a.1"]);
    expect(subject.children.asked).toEqual([]);
    expect(rowsOf(subject)).toEqual(["a.1 1 up", "a.2 2 up", "b.1 3 up"]);
    bringUp(subject);
    expect(subject.children.asked).toEqual(["a.1 stop SIGTERM"]);
    expect(rowsOf(subject)).toEqual(["a.1 4 up", "a.2 2 up", "b.1 3 up"]);
    expect(launched(subject).slice(4)).toEqual([]);
    await endOld(subject, 1);
    expect(launched(subject).slice(4)).toEqual(["a.2"]);
    bringUp(subject);
    await endOld(subject, 2);
    expect(rowsOf(subject)).toEqual(["a.1 4 up", "a.2 5 up", "b.1 3 up"]);
    expect(await outcomeOf(subject)).toEqual({ is: "done" });
    expect(subject.supervisor.instances().map(({ restarts }) => restarts)).toEqual([1, 1, 0]);
  });

  it("gives the new one a port that is spare, and the next one the usual one again", async () => {
    const subject = createRunning(["a.1"]);
    const portOf = () => subject.supervisor.instances()[0]?.port;
    expect(portOf()).toBe(5106);
    await roll(subject, "a");
    bringUp(subject);
    expect(portOf()).toBe(5205);
    await endOld(subject, 1);
    await roll(subject, "a");
    bringUp(subject);
    expect(portOf()).toBe(5106);
    await endOld(subject, 2);
  });

  it("leaves the old one and all behind it when the new one ends, and says why", async () => {
    const subject = createRunning(["a.2"]);
    await roll(subject, "a");
    const outcome = outcomeOf(subject, ["a"]);
    bringUpNot(subject);
    await turn();
    expect(rowsOf(subject)).toEqual(["a.1 1 up", "a.2 2 up"]);
    expect(launched(subject)).toEqual(["a.1", "a.2", "a.1"]);
    expect(subject.children.all[0]?.asked).toEqual([]);
    expect(subject.told).toContain("a.1 stays as it was: the new one exited with code 1");
    expect(await outcome).toMatchObject({
      is: "failed",
      failed: [{ name: "a.1", roll: { is: "failed", reason: "the new one exited with code 1" } }],
    });
    subject.clock.advance(60_000);
    expect(launched(subject)).toHaveLength(3);
    expect(await subject.supervisor.until("ready", [], AbortSignal.timeout(10_000))).toEqual({
      is: "done",
    });
  });

  it("is no failure any more when it has been tried again", async () => {
    const subject = createRunning(["a.1"]);
    await roll(subject, "a");
    bringUpNot(subject);
    await roll(subject, "a");
    bringUp(subject);
    await endOld(subject, 1);
    expect(await outcomeOf(subject)).toEqual({ is: "done" });
  });

  it("restarts who does not run as always", async () => {
    const subject = createRunning(["a.2"]);
    subject.children.get("a.2").end(exitCode(1));
    await roll(subject, "a");
    expect(launched(subject)).toEqual(["a.1", "a.2", "a.2", "a.1"]);
  });

  it("begins once more with whom it is at when it is asked for again", async () => {
    const subject = createRunning(["a.1"]);
    await roll(subject, "a");
    await roll(subject, "a");
    bringUp(subject);
    await endOld(subject, 1);
    expect(launched(subject)).toEqual(["a.1", "a.1", "a.1"]);
    bringUp(subject);
    await endOld(subject, 2);
    expect(rowsOf(subject)).toEqual(["a.1 3 up"]);
  });

  it("of web needs a router", async () => {
    const subject = createRunning(["web.1", "a.1"]);
    const outcome = subject.supervisor.restart(["web"], freshOf("web", "a"), by, "rolling");
    expect("diagnostics" in outcome && outcome.diagnostics.map(formatDiagnostic)).toEqual([
      "restart: error: web cannot be replaced without a gap, as there is no router; start procman with --router",
    ]);
    expect(launched(subject)).toHaveLength(2);
  });
});

function bringUpNot({ children }: Subject): void {
  const last = children.all.at(-1);
  last?.start();
  last?.end(exitCode(1));
}

describe("in the middle of a rolling restart", () => {
  it("a stop of its instance stops both", async () => {
    const subject = createRunning(["a.2"]);
    await roll(subject, "a.1");
    subject.children.get("a.1").start();
    subject.supervisor.stop(["a.1"], by);
    expect(subject.children.asked).toEqual(["a.1 stop SIGTERM", "a.1 stop SIGTERM"]);
    await endOld(subject, 1);
    await endOld(subject, 3);
    expect(rowsOf(subject)).toEqual(["a.1 - down", "a.2 2 up"]);
    expect(launched(subject)).toHaveLength(3);
  });

  it("scaling it away stops both, and the rest goes on", async () => {
    const subject = createRunning(["a.3"]);
    await roll(subject, "a.3", "a.1");
    bringUp(subject);
    await endOld(subject, 1);
    expect(launched(subject).slice(3)).toEqual(["a.1", "a.3"]);
    const changes = readScaleWords(["a=2"], "scale");
    if (changes.ok) subject.supervisor.scale(changes.value, by);
    expect(subject.children.asked.slice(1)).toEqual(["a.3 stop SIGTERM", "a.3 stop SIGTERM"]);
    await endOld(subject, 3);
    await endOld(subject, 5);
    expect(rowsOf(subject)).toEqual(["a.1 4 up", "a.2 2 up"]);
  });

  it("the end of all waits for both", async () => {
    const subject = createRunning(["a.1"]);
    await roll(subject, "a");
    subject.children.get("a.1").start();
    subject.supervisor.stopAll();
    expect(subject.supervisor.running()).toEqual(["a.1"]);
    await endOld(subject, 1);
    expect(subject.ended).toEqual([]);
    await endOld(subject, 2);
    expect(subject.ended).toEqual([0]);
  });

  it("the end of all waits for who is leaving, too", async () => {
    const subject = createRunning(["a.1"]);
    await roll(subject, "a");
    bringUp(subject);
    subject.supervisor.stopAll();
    await endOld(subject, 2);
    expect(subject.ended).toEqual([]);
    await endOld(subject, 1);
    expect(subject.ended).toEqual([0]);
  });

  it("a kill reaches both", async () => {
    const subject = createRunning(["a.1"]);
    await roll(subject, "a");
    subject.children.get("a.1").start();
    subject.supervisor.kill();
    const [old, successor] = subject.children.all;
    expect([old?.asked.includes("kill"), successor?.asked.includes("kill")]).toEqual([true, true]);
  });

  it("the old one may end by itself, and is started again until the new one is up", async () => {
    const subject = createRunning(["a.1"]);
    await roll(subject, "a");
    subject.children.all[0]?.end(exitCode(1));
    expect(rowsOf(subject)).toEqual(["a.1 - crashed"]);
    subject.children.all[1]?.start();
    subject.clock.advance(500);
    await turn();
    expect(rowsOf(subject)).toEqual(["a.1 2 up"]);
    const again = subject.children.all[2];
    expect(again?.asked).toEqual(["stop SIGTERM"]);
    await endOld(subject, 3);
    subject.clock.advance(60_000);
    expect(launched(subject)).toHaveLength(3);
  });
});

describe("requests in flight", () => {
  const routed = { drainMs: 5_000 };

  function createDrained(names: readonly string[]) {
    const drains: { readonly instance: string; readonly done: () => void }[] = [];
    const subject = createRunning(names, routed, {
      drain: ({ instance }) => new Promise((done) => drains.push({ instance, done })),
    });
    return { ...subject, drains };
  }

  async function up(subject: Subject): Promise<void> {
    for (const probe of subject.probes) await probe.answer(true);
  }

  it("are waited for before web is stopped", async () => {
    const subject = createDrained(["web.2", "a.1"]);
    await up(subject);
    subject.supervisor.stop(["web.1", "a.1"], by);
    expect(subject.children.asked).toEqual(["a.1 stop SIGTERM"]);
    subject.drains[0]?.done();
    await turn();
    expect(subject.children.asked).toEqual(["a.1 stop SIGTERM", "web.1 stop SIGTERM"]);
  });

  it("are not waited for at the end of all", async () => {
    const subject = createDrained(["web.1"]);
    await up(subject);
    subject.supervisor.stop(["web.1"], by);
    expect(subject.children.asked).toEqual([]);
    subject.supervisor.stopAll();
    await turn();
    expect(subject.children.asked).toEqual(["web.1 stop SIGTERM"]);
  });

  it("make several of web roll without being asked to, and one alone not", async () => {
    const several = createDrained(["web.2"]);
    await up(several);
    several.supervisor.restart(["web"], freshOf("web"), by);
    await turn();
    expect([launched(several), several.children.asked]).toEqual([["web.1", "web.2", "web.1"], []]);
    const one = createDrained(["web.1"]);
    await up(one);
    one.supervisor.restart(["web"], freshOf("web"), by);
    one.drains[0]?.done();
    await turn();
    expect([launched(one), one.children.asked]).toEqual([["web.1"], ["web.1 stop SIGTERM"]]);
  });

  it("go to who is up, and wait for who will be", async () => {
    const subject = createDrained(["web.2"]);
    expect(subject.supervisor.routes()).toEqual({
      routes: [],
      absence: { is: "starting", reason: "web.1 is starting" },
    });
    await up(subject);
    expect(subject.supervisor.routes().routes).toEqual([
      { instance: "web.1", pid: 1_001, port: 5006 },
      { instance: "web.2", pid: 1_002, port: 5007 },
    ]);
    subject.supervisor.stop(["web.1", "web.2"], by);
    expect(subject.supervisor.routes()).toEqual({ routes: [], absence: { is: "none" } });
  });
});
