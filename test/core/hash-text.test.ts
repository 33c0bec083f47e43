import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashText } from "../../src/core/hash-text.ts";

describe("the hash of a text", () => {
  // What has been written with one must be found by it later.
  it.each([
    ["/srv/app", "3fcea44f991ba021"],
    ["/srv/ünïcode 🚀", "b2d90d1f8665fd05"],
  ])("%j stays what it is", (text, hash) => {
    expect(hashText(text)).toBe(hash);
  });

  it.each([
    ["", "811c9dc5"],
    ["a", "e40c292c"],
    ["foobar", "bf9cf968"],
  ])("%j begins with what FNV-1a is published to give", (text, hash) => {
    expect(hashText(text).slice(0, 8)).toBe(hash);
  });

  it("is 16 hex digits, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(hashText(text)).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
  });

  it("tells texts apart", () => {
    const paths = Array.from({ length: 50_000 }, (_, index) => `/home/marc/projects/app-${index}`);
    expect(new Set(paths.map(hashText)).size).toBe(paths.length);
  });
});
