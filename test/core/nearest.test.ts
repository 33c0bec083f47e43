import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findNearest } from "../../src/core/nearest.ts";

describe("findNearest", () => {
  it.each<[name: string, word: string, candidates: string[], nearest: string | undefined]>([
    ["two letters swapped", "wbe", ["worker", "web"], "web"],
    ["a letter too few", "worke", ["web", "worker"], "worker"],
    ["a letter too many", "webb", ["web"], "web"],
    ["a wrong letter", "clack", ["web", "clock"], "clock"],
    ["one in two letters", "wb", ["web"], "web"],
    ["two in six letters", "wroekr", ["worker"], "worker"],
    ["two in five letters", "wrkre", ["worker"], undefined],
    ["another word", "release", ["web", "worker"], undefined],
    ["the nearer of two", "worker1", ["workers2", "worker"], "worker"],
    ["the first of two as near", "wab", ["web", "wob"], "web"],
    ["the word itself", "web", ["wob", "web"], "web"],
    ["a key of every object", "__prot__", ["__proto__"], "__proto__"],
    ["nothing to choose from", "web", [], undefined],
    ["no word", "", ["web"], undefined],
    ["a word too long for a slip", "w".repeat(1_000_000), ["w".repeat(999_999)], undefined],
    ["a candidate too long for a slip", "web", ["w".repeat(1_000_000)], undefined],
  ])("%s", (_, word, candidates, nearest) => {
    expect(findNearest(word, candidates)).toBe(nearest);
  });

  it("finds a name again after one slip", () => {
    const slip = fc.tuple(
      fc.stringMatching(/^[a-z]{2,20}$/),
      fc.nat(),
      fc.constantFrom(0, 1, 2, 3),
    );
    fc.assert(
      fc.property(slip, ([name, where, kind]) => {
        const at = where % (name.length - 1);
        const [first, second] = name.slice(at, at + 2);
        const changed = [`${second}${first}`, `${first}`, `${first}-${second}`, `-${second}`][kind];
        const word = `${name.slice(0, at)}${changed}${name.slice(at + 2)}`;
        expect(findNearest(word, [name])).toBe(name);
      }),
    );
  });

  it("takes any iterable", () => {
    expect(findNearest("wbe", new Map([["web", 1]]).keys())).toBe("web");
  });
});
