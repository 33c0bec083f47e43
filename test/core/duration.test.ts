import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDurationMs } from "../../src/core/duration.ts";

describe("a duration", () => {
  it.each<[text: string, ms: number]>([
    ["0", 0],
    ["30", 30_000],
    ["30s", 30_000],
    ["500ms", 500],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0.001s", 1],
    ["0.4ms", 0],
    ["007", 7_000],
    // Found by the property below: more than can be counted exactly, and no less long for that.
    ["999999999d", 86_399_999_913_600_000],
  ])("%s", (text, ms) => {
    expect(readDurationMs(text)).toBe(ms);
  });

  it.each([
    "",
    " ",
    "s",
    "1w",
    "-1s",
    "+1s",
    "1e3",
    ".5s",
    "1.s",
    "1.2345s",
    "1 s",
    " 1s",
    "1s\n",
    "1s2",
    "1m30s",
    "1234567890",
    "٣s",
    "Infinity",
    "0x10",
  ])("%j is none", (text) => {
    expect(readDurationMs(text)).toBeUndefined();
  });

  it("is whole milliseconds or none, and never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^\d{0,10}\.?\d{0,4}(ms|s|m|h|d)?$/)),
        (text) => {
          const ms = readDurationMs(text);
          expect(ms === undefined || (Number.isInteger(ms) && ms >= 0)).toBe(true);
        },
      ),
    );
  });
});
