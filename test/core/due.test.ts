import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DuePlan, lookAt, type NextRun, planDue } from "../../src/core/due.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const startMs = Date.UTC(2026, 10, 26, 2, 59, 30);

/** Every hour, on the hour. */
const hourly = (afterMs: number) => (Math.floor(afterMs / hourMs) + 1) * hourMs;

/** Looks at these moments, seen from the first; gives when it was due. */
function dueAt(moments: readonly number[], nextRun: NextRun = hourly): readonly number[] {
  let plan: DuePlan = planDue(startMs, nextRun);
  return moments.filter((moment) => {
    const look = lookAt(plan, startMs + moment, nextRun);
    plan = look.plan;
    return look.isDue;
  });
}

describe("a schedule", () => {
  it.each<[what: string, moments: readonly number[], due: readonly number[]]>([
    ["is due when its time has come", [29_999, 30_000, 30_001, minuteMs], [30_000]],
    ["is due late when nobody could look", [10_000, 50_000, 60_000], [50_000]],
    ["is due once after a sleep over many times", [0, 5 * hourMs, 5 * hourMs + 1], [5 * hourMs]],
    [
      "goes on from there",
      [5 * hourMs, 5 * hourMs + 20_000, 5 * hourMs + 30_000],
      [5 * hourMs, 5 * hourMs + 30_000],
    ],
    ["is not due again when the clock is set back", [30_000, 20_000, 30_000, 31_000], [30_000]],
    ["nor when that is two hours", [30_000, 30_000 - 2 * hourMs, 30_000 - hourMs], [30_000]],
    [
      "begins anew when a wrong clock is set right",
      [30_000, 30_000 - 50 * hourMs, 30_000 - 49 * hourMs],
      [30_000, 30_000 - 49 * hourMs],
    ],
  ])("%s", (_, moments, due) => {
    expect(dueAt(moments)).toEqual(due);
  });

  it("that never comes is never due", () => {
    expect(dueAt([0, 10 * hourMs], () => undefined)).toEqual([]);
  });

  it("is due no time twice, and loses none while somebody looks and the clock only goes on", () => {
    const steps = fc.array(fc.integer({ min: 1, max: 2 * hourMs }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (lengths) => {
        let moment = 0;
        const moments = lengths.map((length) => {
          moment += length;
          return moment;
        });
        const due = dueAt(moments);
        // Between two looks there was a full hour, or not.
        const expected = moments.filter((at, index) => {
          const before = moments[index - 1] ?? 0;
          return hourly(startMs + before) <= startMs + at;
        });
        expect(due).toEqual(expected);
      }),
    );
  });

  it("is due at most once for each of its times, however the clock is set", () => {
    const steps = fc.array(fc.integer({ min: -3 * hourMs, max: 3 * hourMs }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (lengths) => {
        let moment = 0;
        let furthest = 0;
        const moments = lengths.map((length) => {
          // Set back for less than counts as the correction of a wrong clock.
          moment = Math.max(moment + length, furthest - 3 * hourMs);
          furthest = Math.max(furthest, moment);
          return moment;
        });
        const times = dueAt(moments).map((at) => hourly(startMs + at));
        expect(new Set(times).size).toBe(times.length);
      }),
    );
  });
});
