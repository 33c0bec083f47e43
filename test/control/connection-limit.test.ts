import { expect, it } from "vitest";
import { connectionLimit, limitFor } from "../../src/control/connection-limit.ts";

it.each([
  [256, 32],
  [1_024, 128],
  [1_000_000, 256],
  [Number.POSITIVE_INFINITY, 256],
  [4, 1],
])("of %d descriptors, connections take at most %d", (openFiles, connections) => {
  expect(limitFor(openFiles)).toBe(connections);
});

it("is known here", () => {
  expect(connectionLimit()).toBeGreaterThan(1);
});
