import { expect, it } from "vitest";
import { describeAsker } from "../../src/control/asker.ts";

it.each<[userAgent: string | undefined, expected: string]>([
  ["procman scale", "marc with procman scale"],
  ["heroku-cli/11.10.0 linux-x64", "marc with heroku-cli"],
  ["curl/8.5.0", "marc with curl"],
  [undefined, "marc with an unnamed client"],
  ["/", "marc with an unnamed client"],
  ["\u001b[31mred\r\n\u0000", "marc with [31mred"],
  ["x".repeat(1_000), `marc with ${"x".repeat(40)}`],
])("%j is %s", (userAgent, expected) => {
  expect(describeAsker("marc", userAgent)).toBe(expected);
});
