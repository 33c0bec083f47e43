import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AutoscaleMemory,
  type AutoscaleRule,
  afterGap,
  afterScaling,
  atFirst,
  boundQuantity,
  calmLooks,
  decideQuantity,
  readMetricText,
  restLooks,
} from "../../src/core/autoscale.ts";

const rule: AutoscaleRule = { min: 1, max: 4, everyMs: 10_000, metric: "cat queue", per: 10 };

interface Look {
  readonly quantity: number;
  readonly memory: AutoscaleMemory;
  readonly reason: string | undefined;
}

/** What becomes of so many processes by what is seen, look by look. */
function follow(
  ofRule: AutoscaleRule,
  start: number,
  seen: readonly number[],
  memory: AutoscaleMemory = atFirst,
): readonly Look[] {
  let last: Look = { quantity: start, memory, reason: undefined };
  return seen.map((metric) => {
    const decision = decideQuantity(ofRule, last.memory, metric, last.quantity);
    last =
      decision.is === "stay"
        ? { quantity: last.quantity, memory: decision.memory, reason: undefined }
        : decision;
    return last;
  });
}

function quantities(...following: Parameters<typeof follow>): readonly number[] {
  return follow(...following).map(({ quantity }) => quantity);
}

describe("the quantity", () => {
  it.each<[name: string, start: number, seen: readonly number[], then: readonly number[]]>([
    ["of nothing to do", 1, [0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1]],
    ["of what one takes", 1, [1, 10, 10], [1, 1, 1]],
    ["of a little more", 1, [10.5], [2]],
    ["of much more, at once", 1, [31], [4]],
    ["of too much for all", 1, [1_000_000], [4]],
    ["of more and more, rests after each step", 1, [11, 40, 40, 40], [2, 2, 2, 4]],
    ["of less, once it has been calm", 4, [0, 0, 0, 0, 0, 0], [4, 4, 4, 4, 4, 1]],
    ["of less, by the most that was seen", 4, [0, 15, 5, 0, 0, 0], [4, 4, 4, 4, 4, 2]],
    ["of less but for once", 4, [0, 0, 0, 0, 0, 40, 0], [4, 4, 4, 4, 4, 4, 4]],
    ["of more right after less", 4, [0, 0, 0, 0, 0, 0, 40], [4, 4, 4, 4, 4, 1, 4]],
    ["of less right after more", 1, [40, 0, 0, 0, 0, 0, 0], [4, 4, 4, 4, 4, 4, 1]],
    ["above the most, as after a reload", 6, [100], [4]],
    ["below the least", 0, [0], [1]],
  ])("%s", (_, start, seen, then) => {
    expect(quantities(rule, start, seen)).toEqual(then);
  });

  it("comes to 0 where that is allowed, and back", () => {
    const seen = [0, 0, 0, 0, 0, 0, 0, 1];
    expect(quantities({ ...rule, min: 0 }, 1, seen)).toEqual([1, 1, 1, 1, 1, 0, 0, 1]);
  });

  it("is no more than it has to be where numbers are not exact", () => {
    expect(quantities({ ...rule, max: 20, per: 0.1 }, 1, [1.1])).toEqual([11]);
  });

  it("does not go down by what was seen before a gap", () => {
    const [, , , , before] = follow(rule, 4, [0, 0, 0, 0, 0]);
    expect(quantities(rule, 4, [0], before?.memory)).toEqual([1]);
    expect(quantities(rule, 4, [0], before && afterGap(before.memory))).toEqual([4]);
  });

  it.each<[name: string, start: number, seen: readonly number[], reason: string]>([
    ["more", 1, [27], "27, 10 for each process"],
    ["all", 1, [37], "37, 10 for each process, 4 at most"],
    ["fewer", 4, [3, 12.5, 3, 3, 3, 3], "12.5 was the most in 6 looks, 10 for each process"],
    [
      "the least",
      4,
      [3, 0, 0, 0, 0, 0],
      "3 was the most in 6 looks, 10 for each process, 1 at least",
    ],
  ])("has a reason for %s", (_, start, seen, reason) => {
    expect(follow(rule, start, seen).at(-1)?.reason).toBe(reason);
  });
});

const rules = fc
  .record({
    min: fc.nat(20),
    more: fc.nat(30),
    per: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.01, max: 50, noNaN: true })),
  })
  .map(({ min, more, per }) => ({ ...rule, min, max: Math.max(1, min + more), per }));
const metrics = fc.oneof(fc.nat(2_000), fc.double({ min: 0, max: 2_000, noNaN: true }));
const seen = fc.array(metrics, { maxLength: 60 });

/** A rule, and a quantity that it allows. */
const started = fc
  .tuple(rules, fc.nat(50))
  .map(([ofRule, start]) => ({ ofRule, start: Math.min(ofRule.max, Math.max(ofRule.min, start)) }));

function at(numbers: readonly number[], index: number): number {
  return numbers[index] ?? Number.NaN;
}

describe("whatever is seen", () => {
  it("there are never fewer than min nor more than max", () => {
    fc.assert(
      fc.property(started, seen, ({ ofRule, start }, numbers) => {
        for (const quantity of quantities(ofRule, start, numbers)) {
          expect(quantity).toBeGreaterThanOrEqual(ofRule.min);
          expect(quantity).toBeLessThanOrEqual(ofRule.max);
        }
      }),
    );
  });

  it("a number that stays the same comes to rest", () => {
    fc.assert(
      fc.property(started, seen, metrics, ({ ofRule, start }, before, metric) => {
        const last = follow(ofRule, start, before).at(-1);
        const now = last?.quantity ?? start;
        const same = Array.from({ length: 40 }, () => metric);
        const looks = follow(ofRule, now, same, last?.memory);
        // What was seen before may still count in the first of two steps down.
        expect(looks.filter(({ reason }) => reason !== undefined).length).toBeLessThanOrEqual(2);
        const settled = quantities(ofRule, ofRule.min, [metric]);
        expect(looks.at(-1)?.quantity).toBe(settled[0]);
      }),
    );
  });

  it("a number that goes to and fro around a boundary changes nothing after its first high", () => {
    const turns = fc.array(fc.integer({ min: 1, max: calmLooks - 1 }), { maxLength: 12 });
    fc.assert(
      fc.property(rules, fc.nat(40), turns, (ofRule, step, lows) => {
        const boundary = step * ofRule.per;
        const high = boundary + ofRule.per / 2;
        const low = Math.max(0, boundary - ofRule.per / 2);
        const wave = [high, ...lows.flatMap((count) => [...Array(count).fill(low), high])];
        const [first, ...others] = quantities(ofRule, ofRule.min, wave);
        for (const quantity of others) expect(quantity).toBe(first);
      }),
    );
  });

  it("more are followed by no change for a while, and by no fewer for longer", () => {
    fc.assert(
      fc.property(started, seen, ({ ofRule, start }, numbers) => {
        const all = [start, ...quantities(ofRule, start, numbers)];
        const rises = [...all.keys()].filter(
          (index) => index > 0 && at(all, index) > at(all, index - 1),
        );
        for (const index of rises) {
          const quantity = at(all, index);
          const after = all.slice(index + 1);
          expect(new Set([quantity, ...after.slice(0, restLooks)]).size).toBe(1);
          expect(Math.min(quantity, ...after.slice(0, calmLooks - 1))).toBe(quantity);
        }
      }),
    );
  });

  it("what a person has chosen is left for a while", () => {
    fc.assert(
      fc.property(started, seen, ({ ofRule, start }, numbers) => {
        const looks = quantities(ofRule, start, numbers.slice(0, restLooks), afterScaling);
        for (const quantity of looks) expect(quantity).toBe(start);
      }),
    );
  });
});

it.each<[asked: number, then: number]>([
  [0, 0],
  [1, 2],
  [3, 3],
  [9, 4],
])("%d at the start are %d", (asked, then) => {
  expect(boundQuantity({ ...rule, min: 2 }, asked)).toBe(then);
  expect(boundQuantity(undefined, asked)).toBe(asked);
});

describe("the number that a command prints", () => {
  it.each<[text: string, metric: number | undefined]>([
    ["42\n", 42],
    [" 42.5 \r\n", 42.5],
    ["0", 0],
    ["007", 7],
    ["", undefined],
    [" \n", undefined],
    ["-1", undefined],
    ["+1", undefined],
    ["1e3", undefined],
    ["NaN", undefined],
    ["Infinity", undefined],
    [".5", undefined],
    ["5.", undefined],
    ["1,000", undefined],
    ["0x10", undefined],
    ["1 2", undefined],
    ["1\n2", undefined],
    ["(integer) 5", undefined],
    ["9".repeat(400), undefined],
  ])("%j: %s", (text, metric) => {
    expect(readMetricText(text)).toBe(metric);
  });

  it("is any that is written without an exponent", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 999 }), (whole, part) => {
        expect(readMetricText(`${whole}.${part}\n`)).toBe(Number(`${whole}.${part}`));
      }),
    );
  });
});
