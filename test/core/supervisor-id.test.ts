import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashText } from "../../src/core/hash-text.ts";
import { newSupervisorId, readSupervisorId } from "../../src/core/supervisor-id.ts";

describe("a supervisor's id", () => {
  it("says whose it is, whatever it was made of", () => {
    const made = fc.record({
      pid: fc.integer({ min: 1, max: 2 ** 22 }),
      root: fc.string({ unit: "binary" }),
      timeMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(made, (parts) => {
        const id = newSupervisorId(parts);
        expect(id).toMatch(/^[A-Za-z0-9-]+$/);
        expect(readSupervisorId(id)).toEqual({ pid: parts.pid, rootHash: hashText(parts.root) });
      }),
    );
  });

  it("differs for another folder of the same name", () => {
    expect(hashText("/one/backend")).not.toBe(hashText("/two/backend"));
  });

  it.each(["", "12", "12-x-y", "0-00000000-a-b", "-1-00000000-a-b", "12-00000000-a-b.3", "x"])(
    "is not %j",
    (text) => {
      expect(readSupervisorId(text)).toBeUndefined();
    },
  );
});
