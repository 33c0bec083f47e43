import { describe, expect, it } from "vitest";
import type { MemoryRule } from "../../src/core/memory.ts";
import { terminated } from "../support/fake-child.ts";
import { createRunning, turn, typesOf } from "../support/fake-supervised.ts";

const by = "marc with procman";

/** `a.1` and `b.1` run, and `a` has this rule, adopted as by a reload. */
function createWatched(rule: MemoryRule | undefined) {
  const subject = createRunning(["a.1", "b.1"]);
  const { supervisor, told, memory, clock } = subject;
  const adopt = (memoryRule: MemoryRule | undefined) => {
    const [a, b] = typesOf("a", "b");
    const types = [{ ...a, ...(memoryRule && { memory: memoryRule }) }, b] as ReturnType<
      typeof typesOf
    >;
    return supervisor.restart([], { types, quantityOf: () => 1 }, by);
  };
  const look = async (usedBytes: number, afterMs = 5_000) => {
    told.length = 0;
    memory.set("a.1", usedBytes);
    clock.advance(afterMs);
    await turn();
    return told.filter((line) => line.includes("memory"));
  };
  const restarted = () => {
    for (const name of ["a.1", "b.1"]) {
      subject.children.get(name).end(terminated);
      subject.children.get(name).start();
    }
    clock.advance(1_000);
  };
  adopt(rule);
  restarted();
  return { ...subject, adopt, look, restarted };
}

describe("memory", () => {
  it("is not looked at while nobody is limited", () => {
    expect(createWatched(undefined).clock.armed()).toBe(0);
  });

  it("is looked at every 5 s while one runs that is, and told once", async () => {
    const { look, clock } = createWatched({ warnBytes: 100 });
    expect(await look(50, 4_000)).toEqual([]);
    expect(await look(150, 5_000)).toEqual(["a.1 takes 0.1K of memory, over its warn of 0.1K"]);
    expect(await look(160)).toEqual([]);
    expect(await look(80)).toEqual([]);
    expect(await look(150)).toHaveLength(1);
    expect(clock.armed()).toBe(1);
  });

  it("is not looked at any more when that one is stopped", async () => {
    const { supervisor, children, clock } = createWatched({ warnBytes: 100 });
    supervisor.stop(["a"], by);
    children.get("a.1").end(terminated);
    expect(clock.armed()).toBe(0);
  });

  it("over its limit it is stopped as always, and started at once when it had been stable", async () => {
    const { look, clock, children, told } = createWatched({ limitBytes: 100 });
    for (let time = 0; time < 30_000; time += 5_000) expect(await look(100)).toEqual([]);
    expect(await look(150)).toEqual([
      "a.1 takes 0.1K of memory, over its limit of 0.1K; stopping it",
    ]);
    expect(children.asked.slice(-1)).toEqual(["a.1 stop SIGTERM"]);
    const before = children.all.length;
    children.get("a.1").end(terminated);
    expect(children.all.slice(before).map(({ name }) => name)).toEqual(["a.1"]);
    expect(told.at(-1)).toBe("a.1 stopped after 0 ms (was ended by SIGTERM)");
    clock.advance(0);
  });

  it("over its limit soon after its start, the pause until the next start grows", async () => {
    const { look, clock, children, told } = createWatched({ limitBytes: 100 });
    await look(150);
    for (const pause of ["500 ms", "1 s (failure 2 in a row)"]) {
      children.get("a.1").end(terminated);
      expect(told.at(-1)).toMatch(/^a\.1 was unhealthy \(took 0\.1K of memory, over its limit of/);
      expect(told.at(-1)).toContain(`starting it again in ${pause}`);
      clock.advance(1_000);
      children.get("a.1").start();
      await look(150);
      await look(150);
    }
  });

  it("what was measured of a run that has ended meanwhile says nothing", async () => {
    const { supervisor, children, clock, memory, told } = createWatched({ limitBytes: 100 });
    memory.set("a.1", 150);
    clock.advance(4_000);
    supervisor.restart(["a"], { types: typesOf("a", "b"), quantityOf: () => 1 }, by);
    children.get("a.1").end(terminated);
    await turn();
    expect(told.filter((line) => line.includes("memory"))).toEqual([]);
  });
});
