import { openSync } from "node:fs";
import { constants } from "node:os";
import { expect, it } from "vitest";
import { errnoOf } from "../../src/logs/errno.ts";

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

it("is that of a system error, also of one that Node has no name for", () => {
  const { ENOENT, EDQUOT } = constants.errno;
  expect(errnoOf(thrownBy(() => openSync("/none/such", "r")))).toBe(ENOENT);
  expect(errnoOf(Object.assign(new Error("Unknown system error"), { errno: -EDQUOT }))).toBe(
    EDQUOT,
  );
});

it.each([[new Error("a bug")], ["text"], [undefined]])("is none of anything else: %s", (other) => {
  expect(errnoOf(other)).toBe(0);
});
