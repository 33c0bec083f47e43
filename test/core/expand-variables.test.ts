import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";
import { type EnvEntry, expandVariables, type Lookup } from "../../src/core/expand-variables.ts";

const outer: Lookup = (name, earlier) => earlier ?? { OUTER: "o", EMPTY: "" }[name];

/** Each on a line of its own, from 1. */
function entriesOf(pairs: readonly (readonly [key: string, value: string])[]): readonly EnvEntry[] {
  return pairs.map(([key, value], index) => ({
    file: ".env",
    line: index + 1,
    key,
    value,
    isLiteral: false,
  }));
}

function expandEntries(entries: readonly EnvEntry[], lookup = outer) {
  const result = expandVariables(entries, lookup);
  return {
    values: result.ok ? Object.fromEntries(result.value) : undefined,
    said: result.diagnostics.map(({ hint: _, ...rest }) => formatDiagnostic(rest)),
  };
}

function expand(pairs: readonly (readonly [string, string])[], lookup = outer) {
  return expandEntries(entriesOf(pairs), lookup);
}

describe("a value with references", () => {
  const rows: readonly (readonly [
    name: string,
    pairs: readonly (readonly [string, string])[],
    values: Readonly<Record<string, string>>,
  ])[] = [
    [
      "an earlier key",
      [
        ["A", "1"],
        ["B", `x\${A}y\${A}`],
      ],
      { A: "1", B: "x1y1" },
    ],
    [
      "what an earlier key became",
      [
        ["A", `\${OUTER}1`],
        ["B", `\${A}2`],
      ],
      { A: "o1", B: "o12" },
    ],
    ["the outer environment", [["A", `\${OUTER}`]], { A: "o" }],
    [
      "a key that is set again from itself",
      [
        ["A", "1"],
        ["A", `\${A}2`],
      ],
      { A: "12" },
    ],
    ["a backslash before it", [["A", `\\\${OUTER} \\\${`]], { A: `\${OUTER} \${` }],
    ["a default that is not needed", [["A", `\${OUTER:-d}`]], { A: "o" }],
    ["a default for what is not set", [["A", `\${NONE:-a:-b c}`]], { A: "a:-b c" }],
    ["a default for what is empty", [["A", `\${EMPTY:-d}`]], { A: "d" }],
    ["an empty default", [["A", `\${NONE:-}`]], { A: "" }],
    ["an empty variable", [["A", `\${EMPTY}x`]], { A: "x" }],
    ["$NAME, which is none", [["A", `\${OUTER}$OUTER`]], { A: "o$OUTER" }],
    ["several lines", [["A", `x\n\${OUTER}\n\${NONE:-a\nb}`]], { A: "x\no\na\nb" }],
  ];

  test.each(rows)("%s", (_, pairs, values) => {
    expect(expand(pairs)).toEqual({ values, said: [] });
  });

  test("a literal value stays as it is, also where it is put in", () => {
    const [literal, ...rest] = entriesOf([
      ["A", `\${OUTER}`],
      ["B", `\${A}`],
    ]);
    const entries = literal ? [{ ...literal, isLiteral: true }, ...rest] : [];
    expect(expandEntries(entries)).toEqual({
      values: { A: `\${OUTER}`, B: `\${OUTER}` },
      said: [],
    });
  });

  test("what is not set is nothing, and that is said; a later key is not set yet", () => {
    const pairs = [
      ["A", `x\${B}`],
      ["B", "1"],
    ] as const;
    expect(expand(pairs)).toEqual({
      values: { A: "x", B: "1" },
      said: ['.env:1: warning: "B", which the value of "A" refers to, is not set'],
    });
  });

  test.each([
    ["one in another", `\${NONE:-\${OUTER}}`],
    ["another form of sh", `\${OUTER:+x}`],
    ["a key that no shell can use", `\${a.b}`],
    ["no closing brace", `\${OUTER`],
  ])("%s stays as it is, and that is said", (_, value) => {
    const message = `"\${" in the value of "A" stays as it is: it begins no reference`;
    expect(expand([["A", `\${OUTER}${value}`]])).toEqual({
      values: { A: `o${value}` },
      said: [`.env:1: warning: ${message}`],
    });
  });

  test("the caller says whether an earlier key or the outer environment goes first", () => {
    const pairs = [
      ["OUTER", "own"],
      ["A", `\${OUTER}`],
    ] as const;
    const shellFirst: Lookup = (name, earlier) => ({ OUTER: "o" })[name] ?? earlier;
    expect(expand(pairs, outer).values).toEqual({ OUTER: "own", A: "own" });
    expect(expand(pairs, shellFirst).values).toEqual({ OUTER: "own", A: "o" });
  });

  test("the entries of several files are one sequence", () => {
    const [first, ...rest] = entriesOf([
      ["A", "1"],
      ["B", `\${A}\${NONE}`],
    ]);
    const entries = first ? [{ ...first, file: "a.env" }, ...rest] : [];
    expect(expandEntries(entries)).toEqual({
      values: { A: "1", B: "1" },
      said: ['.env:2: warning: "NONE", which the value of "B" refers to, is not set'],
    });
  });

  test("of more than fifty warnings the rest is counted", () => {
    const { said } = expand([["A", `\${NONE}`.repeat(51)]]);
    expect(said).toHaveLength(51);
    expect(said.at(-1)).toBe(".env: warning: and 1 more warning");
  });

  test("values that double with each line are refused before they fill the memory", () => {
    const doubled = Array.from(
      { length: 40 },
      (_, n) => [`A${n + 1}`, `\${A${n}}\${A${n}}`] as const,
    );
    expect(expand([["A0", "0123456789"], ...doubled])).toEqual({
      values: undefined,
      said: ['.env:17: error: with "A16", more than 1 MiB of variables is put into values'],
    });
  });
});

describe("any values", () => {
  const secret = "p!ssw0rd";
  const fragments = [
    "A",
    "B",
    "$",
    "{",
    "}",
    `\${`,
    `\${A}`,
    `\${A:-`,
    ":-",
    "\\",
    "\n",
    "é",
    secret,
  ];
  const value = fc
    .array(fc.constantFrom(...fragments), { maxLength: 20 })
    .map((all) => all.join(""));
  const pairs = fc.array(fc.tuple(fc.constantFrom("A", "B", "__proto__"), value), { maxLength: 6 });

  test("no message has a piece of one", () => {
    const check = (all: readonly (readonly [string, string])[]) => {
      const { values, said } = expand(all, () => secret);
      expect(values).toBeDefined();
      expect(said.join("\n")).not.toMatch(/p!ss|w0rd/);
    };
    fc.assert(fc.property(pairs, check), { numRuns: 500 });
  });

  // What takes quadratic time takes minutes, past the deadline.
  test.each([
    ["references", `\${A}`],
    ["references that are not closed", `\${A:-`],
    ["braces", "}"],
    ["backslashes", "\\"],
  ])("1 MB of %s", (_, filling) => {
    const count = Math.floor((1024 * 1024) / filling.length);
    expect(expand([["B", filling.repeat(count)]]).said.length).toBeLessThanOrEqual(51);
  });

  test("100000 values that refer to themselves", () => {
    const all = Array.from({ length: 100_000 }, () => ["A", `x\${A}`] as const);
    expect(expand(all).said).toHaveLength(2);
  });
});
