import { describe, expect, it } from "vitest";
import { findGlobProblem } from "../../src/core/watch-rule.ts";

describe("a glob", () => {
  it.each([
    ["src"],
    ["src/**/*.{ts,tsx}"],
    ["app/[a-z]*/x.js"],
    ["lib/@(a|b)/**"],
    ["!(x).js"],
    ["pages/\\[id\\]/x.ts"],
    ["[{]x"],
    ["a}b)c]"],
    [""],
  ])("is one: %s", (glob) => {
    expect(findGlobProblem(glob)).toBeUndefined();
  });

  it.each([
    ["!src/x.js", "begins with !", "list what is left out in ignore, without the !"],
    ["src/{a,b", "has a { without its }", "close it, or write \\{ for the letter"],
    ["src/[ab", "has a [ without its ]", "close it, or write \\[ for the letter"],
    ["src/@(a|{b})*.js(", "has a ( without its )", "close it, or write \\( for the letter"],
    ["src/{a,[}", "has a { without its }", "close it, or write \\{ for the letter"],
  ])("is none: %s", (glob, message, hint) => {
    expect(findGlobProblem(glob)).toEqual({ message, hint });
  });
});
