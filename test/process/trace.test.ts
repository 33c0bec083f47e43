import { describe, expect, it } from "vitest";
import { marksIn, sharedBeginning } from "../../src/process/trace.ts";

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

describe("the marks in an environment", () => {
  const environ = "A=1\0RUN=12-ab.3\0OUTER= 12-ab.1 7-x.2 \0B=12-ab.4 12-ab.5\0";

  it("are whole variables, and words with blanks around them", () => {
    const marks = marksIn(environ, "12-ab.");
    for (const mark of ["RUN=12-ab.3", "12-ab.1"]) expect(marks.has(mark)).toBe(true);
    for (const mark of ["12-ab.3", "RUN=12-ab", "12-ab.4", "12-ab.5", "A=1"]) {
      expect(marks.has(mark)).toBe(false);
    }
  });

  it("are none when nothing in it begins like them", () => {
    expect(marksIn(environ, "13-").size).toBe(0);
  });
});
