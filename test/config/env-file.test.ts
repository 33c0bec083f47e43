import { parse } from "dotenv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEnvFile } from "../../src/config/env-file.ts";
import { formatDiagnostic, type Result } from "../../src/core/diagnostic.ts";
import { type EnvEntry, expandVariables } from "../../src/core/expand-variables.ts";

const maxBytes = 4 * 1024 * 1024;

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function read(text: string, willExpand = false): Promise<Result<readonly EnvEntry[]>> {
  return parseEnvFile(bytesOf(text), ".env", { willExpand });
}

async function readEntries(text: string): Promise<readonly EnvEntry[]> {
  const result = await read(text);
  if (!result.ok) throw new Error(said(result).join("\n"));
  return result.value;
}

function valuesOf(entries: readonly EnvEntry[]): ReadonlyMap<string, string> {
  return new Map(entries.map(({ key, value }) => [key, value]));
}

/** What is said and where, without the name of the file and the hints. */
function said({ diagnostics }: Result<unknown>): readonly string[] {
  return diagnostics.map(({ hint: _, ...rest }) => formatDiagnostic(rest).replace(/^\.env: ?/, ""));
}

describe("the dialect, without a word about it", () => {
  const rows: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
    ["nothing", "", {}],
    ["blank lines and comments", "\n  \n# A=1\n  # B=2\n", {}],
    ["plain values", "A=1\nB=2", { A: "1", B: "2" }],
    ["blanks around all parts", "  A  =  x y  \n", { A: "x y" }],
    ["empty values", "A=\nB= \nC=''\n\n\n", { A: "", B: "", C: "" }],
    ["export", "export A=1\n  export\tB=2", { A: "1", B: "2" }],
    ["export on a line of its own", "export\nA=1", { A: "1" }],
    ["a key that is called export", "export=1", { export: "1" }],
    ["a colon and a blank", "A: 1\nB:\t2", { A: "1", B: "2" }],
    ["= in a value", "A=b=c==", { A: "b=c==" }],
    ["a comment after a value", "A=1 # x\nB='2'#x\nC= # x", { A: "1", B: "2", C: "" }],
    ["# in quotes", "A=\"a#b\"\nB='a #b'\nC=`#`", { A: "a#b", B: "a #b", C: "#" }],
    ["quotes in other quotes", "A='\"`'\nB=\"'`\"\nC=`'\"`", { A: '"`', B: "'`", C: "'\"" }],
    ["quotes inside a plain value", 'A=it\'s\nB={"c":1}', { A: "it's", B: '{"c":1}' }],
    ["blanks in quotes", "A=' x '", { A: " x " }],
    ["\\n and \\r in double quotes", 'A="a\\nb\\rc"', { A: "a\nb\rc" }],
    ["\\n elsewhere", "A='a\\nb'\nB=a\\nb", { A: "a\\nb", B: "a\\nb" }],
    [
      "values of several lines",
      "A=\"a\n b\n\"\nB='c\n#d'\nE=f",
      { A: "a\n b\n", B: "c\n#d", E: "f" },
    ],
    ["a backslash before a quote, which stays", 'A="{\\"b\\":1}"', { A: '{\\"b\\":1}' }],
    ["a path that ends in a backslash", 'A="C:\\d\\"\nB="x"', { A: "C:\\d\\", B: "x" }],
    ["CRLF", 'A=1\r\nB="a\r\nb"\r\n', { A: "1", B: "a\nb" }],
    ["CR alone", "A=1\rB=2\r", { A: "1", B: "2" }],
    ["a byte order mark", "\ufeffA=1", { A: "1" }],
    ["keys that no shell can use", "a.b=1\nc-d=2\n-=3", { "a.b": "1", "c-d": "2", "-": "3" }],
    ["$ where no name follows", `A=$5 $$ 5$ \${1} $`, { A: `$5 $$ 5$ \${1} $` }],
    ["references in single quotes", `A='$B \${C}'`, { A: `$B \${C}` }],
    ["all of Unicode", 'A="ä😀"\nB=日本', { A: "ä😀", B: "日本" }],
  ];

  test.each(rows)("%s", async (_, text, expected) => {
    const result = await read(text);
    expect(said(result)).toEqual([]);
    expect(result.ok && Object.fromEntries(valuesOf(result.value))).toEqual(expected);
  });

  test("keys that an object would lose or move are kept, in the order of the file", async () => {
    const entries = await readEntries("b=1\n2=2\n__proto__=3\n1=4\nconstructor=5");
    const pairs = entries.map(({ key, value }) => `${key}=${value}`);
    expect(pairs).toEqual(["b=1", "2=2", "__proto__=3", "1=4", "constructor=5"]);
  });

  test("an entry says where it is, and whether it is in single quotes", async () => {
    const entries = await readEntries("A='\n'\n\nexport B=\"x\"\nC='x' y");
    expect(entries).toEqual([
      { file: ".env", line: 1, key: "A", value: "\n", isLiteral: true },
      { file: ".env", line: 4, key: "B", value: "x", isLiteral: false },
      { file: ".env", line: 5, key: "C", value: "'x' y", isLiteral: false },
    ]);
  });
});

describe("what is a surprise is said", () => {
  const ignored = "warning: the line is not NAME=value and is ignored";
  const unused = "stays as it is: no variable is put in";
  const unquoted = "and counts as unquoted";
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ["a line that sets nothing", "A=1\nexport A\n  x y", [`2:1: ${ignored}`, `3:3: ${ignored}`]],
    ["a colon without a blank", "A:1\nB :2", [`1:1: ${ignored}`, `2:1: ${ignored}`]],
    ["a colon at the end of the file", "A:", [`1:1: ${ignored}`]],
    ["a name with a letter outside ASCII", "NAÏVE=1", [`1:1: ${ignored}`]],
    ["a line after one with a value of several", "A='x\ny'\nz", [`3:1: ${ignored}`]],
    ["lines after CRLF and CR", "A=1\r\nx\ry", [`2:1: ${ignored}`, `3:1: ${ignored}`]],
    [
      "# that cuts a value",
      "PASSWORD=a#b\nCOLOR=#fff\nC=😀 d#",
      [
        '1:11: warning: the value of "PASSWORD" ends here: "#" begins a comment',
        '2:7: warning: the value of "COLOR" ends here: "#" begins a comment',
        '3:7: warning: the value of "C" ends here: "#" begins a comment',
      ],
    ],
    [
      "references, once for each value",
      `A=$B$C\nD="x\n\${E}"\nF=\`\\$G\``,
      [
        `1:3: warning: "$" in the value of "A" ${unused}`,
        `3:1: warning: "$" in the value of "D" ${unused}`,
        `4:5: warning: "$" in the value of "F" ${unused}`,
      ],
    ],
    [
      "a key that is given again",
      "A=1\nB=2\nA=3\nexport A=4",
      [
        '3:1: warning: "A" is on line 1 and again on line 3, which counts',
        '4:8: warning: "A" is on line 3 and again on line 4, which counts',
      ],
    ],
    [
      "a long key",
      `${"k".repeat(99)}=a#`,
      [`1:102: warning: the value of "${"k".repeat(60)}…" ends here: "#" begins a comment`],
    ],
    [
      "more behind a quote",
      "A=\"x\" y\nB='x' 'y' # z\nC=``x",
      [
        `1:3: warning: the value of "A" goes on behind its closing ", ${unquoted}`,
        `2:3: warning: the value of "B" goes on behind its closing ', ${unquoted}`,
        `3:3: warning: the value of "C" goes on behind its closing \`, ${unquoted}`,
      ],
    ],
    [
      "a # in what counts as unquoted",
      'A="x#y" z',
      [
        `1:3: warning: the value of "A" goes on behind its closing ", ${unquoted}`,
        '1:5: warning: the value of "A" ends here: "#" begins a comment',
      ],
    ],
    [
      "a value on a later line",
      'A=\n"x"\nB:\nC=1\nD\n=2',
      [
        '2:1: warning: this is taken for the value of "A" on line 1',
        '4:1: warning: this is taken for the value of "B" on line 3',
        '6:2: warning: this is taken for the value of "D" on line 5',
      ],
    ],
    ["an open quote that no value takes", 'A=\n"x', [`2:1: ${ignored}`]],
  ];

  test.each(rows)("%s", async (_, text, expected) => {
    const result = await read(text);
    expect(said(result)).toEqual(expected);
    expect(result.ok && valuesOf(result.value)).toEqual(new Map(Object.entries(parse(text))));
  });

  test("of more than fifty warnings the rest is counted", async () => {
    const result = await read("x\n".repeat(53));
    expect(said(result).length).toBe(51);
    expect(said(result).at(-1)).toBe("warning: and 3 more warnings");
  });

  test("with --env-expand, a reference that is expanded is none", async () => {
    const message = '"$" in the value of "A" stays as it is: no variable is put in';
    expect(said(await read(`A=\${B}$C`, true))).toEqual([`1:7: warning: ${message}`]);
  });
});

describe("what cannot be right is refused", () => {
  const openA = (quote: string) => `error: the value of "A" opens with ${quote} and is not closed`;
  const rows: readonly (readonly [string, string | readonly number[], readonly string[]])[] = [
    ["an open double quote", 'B=1\nA="x', [`2:3: ${openA('"')}`]],
    [
      "an open single quote, and no word about what is behind",
      "A= 'x\nB\nC",
      [`1:4: ${openA("'")}`],
    ],
    ["an open back quote", "A=`", [`1:3: ${openA("`")}`]],
    ["a quote closed by the one that opens the next value", 'A="x\nB="y"', [`1:3: ${openA('"')}`]],
    ["a quote closed by an escaped one with more behind", 'A="x\\" y', [`1:3: ${openA('"')}`]],
    [
      "an open quote on the line below a colon",
      'A:\n"x',
      ['2:1: warning: this is taken for the value of "A" on line 1', `2:1: ${openA('"')}`],
    ],
    ["NUL", "A=1\nB=x\0", ["2:4: error: a NUL byte"]],
    ["U+2028", "A=x\u2028B=1", ["1:4: error: an invisible line separator (U+2028 or U+2029)"]],
    ["U+2029", 'A="\u2029"', ["1:4: error: an invisible line separator (U+2028 or U+2029)"]],
    ["a replacement character", "A=\ufffd", ["1:3: error: a byte that is not UTF-8"]],
    ["Latin-1", [65, 61, 49, 13, 10, 195, 164, 233, 61], ["2:2: error: a byte that is not UTF-8"]],
    ["half a character at the end", [65, 61, 240, 159], ["1:3: error: a byte that is not UTF-8"]],
    ["UTF-16, little end first", [255, 254, 65, 0], ["error: the file is UTF-16"]],
    ["UTF-16, big end first", [254, 255, 0, 65], ["error: the file is UTF-16"]],
    ["UTF-16 without a mark", [65, 0, 61, 0], ["error: the file is UTF-16"]],
    ["more than 4 MiB", `A=${"x".repeat(maxBytes)}`, ["error: the file is larger than 4 MiB"]],
  ];

  test.each(rows)("%s", async (_, content, expected) => {
    const bytes = typeof content === "string" ? bytesOf(content) : Uint8Array.from(content);
    const result = await parseEnvFile(bytes, ".env");
    expect(result.ok).toBe(false);
    expect(said(result)).toEqual(expected);
  });
});

describe("for every text", () => {
  const words = "A B k.e-y 1 __proto__ export = = : x é // # $A } ' ' \" \" ` ` \\ \\' \\\" \\n";
  const blanks = [" ", "\t", "\v", "\u00a0", "\ufeff", "\n", "\n", "\r\n", "\r"];
  const fragments = [...words.split(" "), ...blanks, "export ", ": ", " #", `\${A}`, `\${A:-`];
  const soup = fc.array(fc.constantFrom(...fragments), { maxLength: 40 }).map(join);
  const assignment = fc.tuple(
    fc.constantFrom("A", "B", "C", "__proto__", "export A", "export\nB", " A", "é"),
    fc.constantFrom("=", "=", "= ", " = ", ": ", ":", ":\n", "\n=", "=\n"),
    fc.constantFrom("", "'", '"', "`"),
    soup,
    fc.constantFrom("", "'", '"', "`"),
    fc.constantFrom("\n", "\r\n", "\r", " # x\n", ""),
  );
  const text = fc.oneof(soup, fc.array(assignment.map(join), { maxLength: 6 }).map(join));

  function join(parts: readonly string[]): string {
    return parts.join("");
  }

  test("keys and values are the package's, unless there is an error", async () => {
    const check = async (content: string) => {
      const result = await read(content);
      if (!result.ok) return;
      const values = new Map(valuesOf(result.value));
      values.delete("__proto__");
      expect(values).toEqual(new Map(Object.entries(parse(content))));
    };
    await fc.assert(fc.asyncProperty(text, check), { numRuns: 3_000 });
  });

  test("only blank lines and comments give nothing without a word", async () => {
    const check = async (content: string) => {
      const result = await read(content);
      const isSilent = result.ok && result.value.length === 0 && result.diagnostics.length === 0;
      expect(isSilent).toBe(content.split(/[\r\n]/).every((line) => /^\s*(?:#.*)?$/.test(line)));
    };
    await fc.assert(fc.asyncProperty(text, check), { numRuns: 2_000 });
  });

  test("nothing throws, whatever the bytes are", async () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), text.map(bytesOf));
    const check = async (content: Uint8Array, willExpand: boolean) => {
      const result = await parseEnvFile(content, ".env", { willExpand });
      if (result.ok) expandVariables(result.value, (_, earlier) => earlier);
      expect(result.diagnostics.some(({ severity }) => severity === "error")).toBe(!result.ok);
    };
    await fc.assert(fc.asyncProperty(bytes, fc.boolean(), check), { numRuns: 2_000 });
  });

  test("no message has a piece of a value", async () => {
    const secret = "p!ssw0rd";
    const pieces = fc.constantFrom(...fragments.filter((each) => !/[=:]/.test(each)), secret);
    const value = fc
      .array(pieces, { maxLength: 12 })
      .map((all) => `${secret}${join(all)}${secret}`);
    const lines = value.map((each) => `KEY=${each}\n`);
    const check = async (all: readonly string[], willExpand: boolean) => {
      const result = await read(join(all), willExpand);
      const expanded = result.ok ? expandVariables(result.value, () => secret).diagnostics : [];
      const messages = [...result.diagnostics, ...expanded].map(formatDiagnostic);
      expect(messages.join("\n")).not.toMatch(/p!ss|w0rd/);
    };
    const property = fc.asyncProperty(fc.array(lines, { maxLength: 4 }), fc.boolean(), check);
    await fc.assert(property, { numRuns: 2_000 });
  });

  // Each of 512 KB. What takes quadratic time takes minutes, past the deadline.
  test.each([
    ["empty lines", "", "\n", ""],
    ["blanks", "A", " ", ""],
    ["the shortest assignments", "", "A=\n", ""],
    ["assignments of nothing, and empty lines", "", "A=\n\n\n\n", ""],
    ["export", "", "export\n", ""],
    ["a key alone", "", "k", ""],
    ["lines that are ignored", "", "x:y\n", ""],
    ["open quotes, each on a line of its own", "", 'A=\n"x\n', ""],
    ["quotes closed by the next one", "", 'A="\n', ""],
    ["quotes with more behind", "", 'A="x" y\n', ""],
    ["one quote with more and more behind", 'A="x" ', 'y" ', ""],
    ["escaped quotes", 'A="', '\\"', '"'],
    ["escaped quotes and no other", 'A="', '\\" ', ""],
    ["one character", 'A="', "x", '"'],
    ["lines in one value", 'A="', "\n", '"'],
    ["references", "A=", `\${A}`, ""],
    ["references that are not closed", "A=", `\${A:-`, ""],
    ["values that refer to themselves", "", `A=x\${A}\n`, ""],
  ])(
    "%s",
    async (_, start, filling, end) => {
      const count = Math.floor((512 * 1024) / filling.length);
      const content = bytesOf(start + filling.repeat(count) + end);
      const result = await parseEnvFile(content, ".env", { willExpand: true });
      if (result.ok) expandVariables(result.value, (_name, earlier) => earlier);
      expect(result.diagnostics.length).toBeLessThanOrEqual(51);
    },
    30_000,
  );
});
