import { describe, expect, it } from "vitest";
import { describeUse, formatBytes, judgeMemory, type MemoryRule } from "../../src/core/memory.ts";

const mebibyte = 2 ** 20;
const warn: MemoryRule = { warnBytes: 100 };
const limit: MemoryRule = { limitBytes: 200 };
const both: MemoryRule = { ...warn, ...limit };

describe("what is found of a process's memory", () => {
  it.each<[name: string, rule: MemoryRule, before: "over" | "within", used: number, is: string]>([
    ["little", both, "within", 10, "within"],
    ["just its warn", both, "within", 100, "within"],
    ["more", both, "within", 101, "over-warn"],
    ["more, as before", both, "over", 101, "still-over"],
    ["a little less than that", both, "over", 90, "still-over"],
    ["clearly less", both, "over", 89, "within"],
    ["just its limit", both, "over", 200, "still-over"],
    ["more than its limit", both, "over", 201, "over-limit"],
    ["more than its limit at once", both, "within", 201, "over-limit"],
    ["more than the limit alone", limit, "within", 201, "over-limit"],
    ["less than the limit alone", limit, "within", 200, "within"],
    ["much, without a limit", warn, "over", 10_000, "still-over"],
  ])("%s", (_, rule, before, used, is) => {
    expect(judgeMemory(rule, before === "over", used)).toMatchObject({ is });
  });

  it("is told once for each excursion", () => {
    let wasOver = false;
    const found = [90, 110, 120, 95, 105, 80, 101, 150].map((used) => {
      const finding = judgeMemory(warn, wasOver, used);
      wasOver = finding.is === "over-warn" || finding.is === "still-over";
      return finding.is === "over-warn";
    });
    expect(found).toEqual([false, true, false, false, false, false, true, false]);
  });
});

describe("an amount of memory", () => {
  it.each<[bytes: number, text: string]>([
    [0, "0K"],
    [65_536, "64K"],
    [1.5 * mebibyte, "1.5M"],
    [512 * mebibyte, "512M"],
    [531.4 * mebibyte, "531M"],
    [4_096 * mebibyte, "4096M"],
  ])("%d bytes: %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it("is told with what it is measured by", () => {
    const use = { usedBytes: 531 * mebibyte, allowedBytes: 512 * mebibyte };
    expect(describeUse(use, "limit")).toBe("531M of memory, over its limit of 512M");
  });
});
