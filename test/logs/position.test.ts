import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePosition, printPosition } from "../../src/logs/position.ts";

describe("a position", () => {
  it("reads as it was printed", () => {
    const count = fc.integer({ min: 0, max: 999_999_999_999_999 });
    const ino = fc.oneof(count, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(Number));
    fc.assert(
      fc.property(count, ino, count, (number, ino, offsetBytes) => {
        const position = { number, ino, offsetBytes };
        expect(parsePosition(printPosition(position))).toEqual(position);
      }),
    );
  });

  it.each(["", "1", "1-2", "1-2-3-4", "01-2-3", "-1-2-3", "1-2-3 ", "1-2-0x3", "1-2-1e3", "a-b-c"])(
    "is not taken from %j",
    (text) => {
      expect(parsePosition(text)).toBeUndefined();
    },
  );

  it("is taken from nothing else", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9-]{0,30}$/));
    fc.assert(
      fc.property(text, (given) => {
        const position = parsePosition(given);
        if (position !== undefined) expect(printPosition(position)).toBe(given);
      }),
    );
  });
});
