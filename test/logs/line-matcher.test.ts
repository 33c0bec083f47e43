import { expect, it } from "vitest";
import { createLineMatcher } from "../../src/logs/line-matcher.ts";

it.each<[pattern: RegExp, chunks: readonly string[], expected: boolean]>([
  [/^ready$/, ["ready\n"], true],
  [/^ready$/, ["rea", "dy", "\n"], true],
  [/^ready$/, ["ready"], false],
  [/^ready$/, ["not ready\nready\r\n"], true],
  [/^ready$/, ["\u001b[32mready\u001b[0m\n"], true],
  [/größe/, ["gr", "öße\n"], true],
  [/a.b/s, ["a\nb\n"], false],
  [/^x+$/, [`${"x".repeat(5_000)}`, "\n"], true],
  [/y/, [`${"x".repeat(5_000)}y\n`], false],
])("%s in %j: %s", (pattern, chunks, expected) => {
  const matcher = createLineMatcher(pattern);
  for (const chunk of chunks) matcher.push(Buffer.from(chunk));
  expect(matcher.take()).toBe(expected);
  expect(matcher.take()).toBe(false);
});

it("decodes characters that come in pieces", () => {
  const matcher = createLineMatcher(/ö/);
  for (const byte of Buffer.from("ö\n")) matcher.push(Buffer.from([byte]));
  expect(matcher.take()).toBe(true);
});

it("says so at once", async () => {
  const matcher = createLineMatcher(/ready/);
  matcher.push(Buffer.from("ready\n"));
  await matcher.matched;
});
