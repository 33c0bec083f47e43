import { describe, expect, it } from "vitest";
import { sharedBeginning } from "../../src/process/trace.ts";

describe("what marks begin with", () => {
  it.each([
    [[], ""],
    [["12-ab.1"], "12-ab.1"],
    [["12-ab.1", "12-ab.13", "12-ab.2"], "12-ab."],
    [["12-ab.1", "13-ab.1"], "1"],
    [["12", "x"], ""],
  ])("of %j it is %j", (values, shared) => {
    expect(sharedBeginning(values)).toBe(shared);
  });
});
