import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Absence } from "../../src/core/routes.ts";
import { codeOf, createHeld, mayCome } from "../../src/router/held.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const starting: Absence = { is: "starting", reason: "" };
const crashed: Absence = { is: "crashed", reason: "" };

function create() {
  const held = createHeld();
  const told: string[] = [];
  const add = (name: string, withinMs = 1_000) =>
    held.add(
      {
        retry: () => void told.push(`${name} retry`),
        fail: (code) => void told.push(`${name} ${code}`),
      },
      withinMs,
    );
  return { held, told, add };
}

describe("a request that waits", () => {
  it("is tried again when its time is over, and once", () => {
    const { held, told, add } = create();
    add("a");
    vi.advanceTimersByTime(999);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(["a retry"]);
    held.recheck(true, starting);
    expect(told).toEqual(["a retry"]);
  });

  it("is tried again when somebody is there, in turn", () => {
    const { held, told, add } = create();
    add("a");
    add("b");
    held.recheck(true, crashed);
    expect(told).toEqual(["a retry", "b retry"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits on while somebody may come", () => {
    const { held, told, add } = create();
    add("a");
    held.recheck(false, starting);
    expect(told).toEqual([]);
    held.recheck(false, { is: "none" });
    expect(told).toEqual(["a H14"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is told nothing when it is taken back", () => {
    const { held, told, add } = create();
    const takeBack = add("a");
    add("b");
    takeBack();
    takeBack();
    held.recheck(false, crashed);
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual(["b H10"]);
  });

  it("may come to wait again", () => {
    const { held } = create();
    let times = 0;
    const request = {
      retry() {
        times += 1;
        if (times < 3) held.add(request, 1_000);
      },
      fail() {},
    };
    held.add(request, 1_000);
    held.recheck(true, starting);
    expect(times).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(times).toBe(3);
  });
});

describe("why nobody is there", () => {
  it.each<[is: Absence["is"], code: string, may: boolean]>([
    ["none", "H14", false],
    ["starting", "H20", true],
    ["restarting", "H10", true],
    ["crashed", "H10", false],
  ])("%s: %s", (is, code, may) => {
    expect(codeOf({ is, reason: "" })).toBe(code);
    expect(mayCome({ is, reason: "" })).toBe(may);
  });
});
