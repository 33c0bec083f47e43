import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiagnostic, isError } from "../../src/core/diagnostic.ts";
import { parseProcfile } from "../../src/core/procfile.ts";

const corpus = join(import.meta.dirname, "../corpus");
const maxBytes = 4 * 1024 * 1024;
const corpusFiles = readdirSync(join(corpus, "procfiles"));

type Input = string | Uint8Array;
type Entry = readonly [name: string, command: string, line?: number];

function parse(input: Input) {
  const result = parseProcfile(toBytes(input), "Procfile");
  const entries = result.ok ? result.value.map((type) => [type.name, type.command]) : undefined;
  return { ...result, entries, said: result.diagnostics.map(formatDiagnostic) };
}

function toBytes(input: Input): Uint8Array {
  return typeof input === "string" ? new TextEncoder().encode(input) : input;
}

function utf16(text: string, isBigEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at++)
    view.setUint16(at * 2, text.charCodeAt(at), !isBigEndian);
  return bytes;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

describe("a line that is accepted", () => {
  it.each<[name: string, input: Input, entries: Entry[]]>([
    ["a name and a command", "web: node server.js\n", [["web", "node server.js"]]],
    ["no blank behind the colon", "web:node server.js\n", [["web", "node server.js"]]],
    ["many blanks behind the colon", "web: \t  node\n", [["web", "node"]]],
    ["every letter of a name", "AZaz09_-: x\n", [["AZaz09_-", "x"]]],
    ["a name that is a number", "1: x\n", [["1", "x"]]],
    [
      "names of every object",
      "__proto__: x\nconstructor: y\n",
      [
        ["__proto__", "x"],
        ["constructor", "y"],
      ],
    ],
    [
      "names that differ in case",
      "web: x\nWeb: y\n",
      [
        ["web", "x"],
        ["Web", "y"],
      ],
    ],
    ["a name made of dashes", "---: x\n", [["---", "x"]]],
    [
      "numbers in the file's order",
      "9: a\n10: b\n1: c\n",
      [
        ["9", "a"],
        ["10", "b"],
        ["1", "c"],
      ],
    ],
    ["blanks at the end", "web: x \t \n", [["web", "x"]]],
    ["colons in the command", "web: a:b: c\n", [["web", "a:b: c"]]],
    ["a second colon at once", "web::x\n", [["web", ":x"]]],
    ["an equals sign in the command", "web: A=1 x\n", [["web", "A=1 x"]]],
    [
      "# in the command",
      "web: x # y\nw:#z\n",
      [
        ["web", "x # y"],
        ["w", "#z"],
      ],
    ],
    ["a variable", "web: x $PORT $HOME/$1\n", [["web", "x $PORT $HOME/$1"]]],
    ["letters outside ASCII in a command", "web: echo 'ключ 🔑'\n", [["web", "echo 'ключ 🔑'"]]],
    ["other blanks in a command", "web: \u00a0x\f\n", [["web", "\u00a0x\f"]]],
    ["comments", "# a\n  \t# b: c\nweb: x\n#", [["web", "x"]]],
    ["a comment that ends in a backslash", "# a \\\nweb: x\n", [["web", "x"]]],
    ["blank lines", "\n \t\n\nweb: x\n\n \n", [["web", "x"]]],
    ["no newline at the end", "web: x", [["web", "x"]]],
    ["a byte order mark", "\ufeffweb: x\n", [["web", "x"]]],
    ["a byte order mark before a comment", "\ufeff# a\nweb: x\n", [["web", "x"]]],
    [
      "CRLF",
      "web: x\r\n\r\n# a\r\nw: y\r\n",
      [
        ["web", "x", 1],
        ["w", "y", 4],
      ],
    ],
    [
      "CR",
      "web: x\r\r# a\rw: y",
      [
        ["web", "x", 1],
        ["w", "y", 4],
      ],
    ],
    [
      "LF, CRLF and CR mixed",
      "a: 1\n\r\r\nb: 2\rc: 3\n",
      [
        ["a", "1", 1],
        ["b", "2", 4],
        ["c", "3", 5],
      ],
    ],
    ["only these end a line", "web: a\u2028b\u0085c\vd\n", [["web", "a\u2028b\u0085c\vd"]]],
    [
      "two backslashes at the end",
      "web: x\\\\\nw: y\n",
      [
        ["web", "x\\\\"],
        ["w", "y"],
      ],
    ],
    ["a backslash elsewhere", "web: a\\b\n", [["web", "a\\b"]]],
    ["two backslashes and a blank at the end", "web: x\\\\ \n", [["web", "x\\\\"]]],
    ["invalid UTF-8 in a comment", latin1("# caf\xe9\nweb: x\n"), [["web", "x"]]],
    ["a long name", `${"w".repeat(100_000)}: x`, [["w".repeat(100_000), "x"]]],
    ["a long command", `web: ${"é".repeat(1_000_000)}`, [["web", "é".repeat(1_000_000)]]],
  ])("%s", (_, input, entries) => {
    const result = parse(input);
    expect(result.said).toEqual([]);
    expect(result.entries).toEqual(entries.map(([name, command]) => [name, command]));
    const lines = result.ok ? result.value.map((type) => type.line) : [];
    expect(lines).toEqual(entries.map(([, , line], index) => line ?? lines[index]));
  });
});

const indented = (name: string) =>
  `warning: a blank before the name "${name}"; remove it, as Foreman drops such a line`;
const spaced = (name: string) =>
  `warning: a blank before the colon of "${name}"; remove it, as Foreman drops such a line`;
const joined = (from: number, to: number) =>
  `warning: lines ${from} to ${to} are joined by the backslashes at their ends; ` +
  "Heroku would not join them: write the command on one line";

describe("a line that is accepted with a warning", () => {
  it.each<[name: string, input: string, entries: Entry[], said: string[]]>([
    ["a blank before the name", "# a\n web: x\n", [["web", "x"]], [`2:1: ${indented("web")}`]],
    ["a tab before the name", "\tweb: x\n", [["web", "x"]], [`1:1: ${indented("web")}`]],
    ["a blank before the colon", "web : x\n", [["web", "x"]], [`1:4: ${spaced("web")}`]],
    ["blanks before both", " web\t : x\n", [["web", "x"]], [`1:1: ${indented("web")}`]],
    [
      "blanks before every name",
      " a: x\n b: y\n",
      [
        ["a", "x"],
        ["b", "y"],
      ],
      [`1:1: ${indented("a")}`, `2:1: ${indented("b")}`],
    ],
    [
      "joined lines",
      "# a\nweb: x \\\n  -y\\\n\tz\nw: v\n",
      [
        ["web", "x   -y\tz"],
        ["w", "v"],
      ],
      [`2:1: ${joined(2, 4)}`],
    ],
    [
      "joined lines with CRLF",
      "web: x \\\r\n  y\r\nw: z\r\n",
      [
        ["web", "x   y"],
        ["w", "z"],
      ],
      [`1:1: ${joined(1, 2)}`],
    ],
    [
      "joined lines with CR",
      "web: x \\\r  y\rw: z\r",
      [
        ["web", "x   y"],
        ["w", "z"],
      ],
      [`1:1: ${joined(1, 2)}`],
    ],
    ["three backslashes", "web: x\\\\\\\ny\n", [["web", "x\\\\y"]], [`1:1: ${joined(1, 2)}`]],
    [
      "two backslashes do not go on",
      "web: x\\\ny\\\\\nw: z\n",
      [
        ["web", "xy\\\\"],
        ["w", "z"],
      ],
      [`1:1: ${joined(1, 2)}`],
    ],
    [
      "joined with a blank line",
      "web: x \\\n\nw: y\n",
      [
        ["web", "x"],
        ["w", "y"],
      ],
      [`1:1: ${joined(1, 2)}`],
    ],
    ["joined in the name", "we\\\nb: x\n", [["web", "x"]], [`1:1: ${joined(1, 2)}`]],
    ["joined before the name", "\\\nweb: x\n", [["web", "x"]], [`1:1: ${joined(1, 2)}`]],
    ["joined to a comment", "\\\n# a\nweb: x\n", [["web", "x"]], [`1:1: ${joined(1, 2)}`]],
    [
      "joined with a comment at the end",
      "web: x \\\n # a\nw: y\n",
      [
        ["web", "x  # a"],
        ["w", "y"],
      ],
      [`1:1: ${joined(1, 2)}`],
    ],
    [
      "joined behind letters outside ASCII",
      "web: é🔑\\\nñ\n",
      [["web", "é🔑ñ"]],
      [`1:1: ${joined(1, 2)}`],
    ],
    [
      "a blank that a backslash makes part of the command",
      "web: x \\  \n",
      [["web", "x \\ "]],
      [
        "1:8: warning: a blank after the backslash at the end of the line; " +
          "if the command goes on in the next line, remove the blank",
      ],
    ],
  ])("%s", (_, input, entries, said) => {
    const result = parse(input);
    expect(result.said).toEqual(said.map((text) => `Procfile:${text}`));
    expect(result.entries).toEqual(entries);
  });
});

const example = 'write a line like "web: node server.js", or begin it with "#" if it is a comment';
const noColon = (name: string, fix: string) =>
  `error: no colon after "${name}"; begin the line with "#" if it is no process, or write: ${fix}`;
const twice = (name: string, first: number, again: number) =>
  `error: "${name}" is defined on line ${first} and again on line ${again}; ` +
  "give one of them another name, as both were probably meant to run";
const noCommand = (name: string) =>
  `error: "${name}" has no command; write it after the colon, as in: ${name}: node server.js`;
const marker = (text: string) =>
  `error: "${text}" is a conflict marker of a merge; keep the lines that are right, and remove the markers`;
const yaml = "a Procfile is not YAML:";
const retype = "type the name again, with only the letters A-Z and a-z, digits, _ and -";
const noProcess = "no process in the file";
const empty = ` error: ${noProcess}; write at least one line like "web: node server.js"`;
const open =
  "error: a backslash at the end, but no line that the command could go on in; " +
  "remove the backslash, or write the rest of the command, with no comment in between";
const nul = "error: a NUL byte; remove it: the file must be plain text in UTF-8";
const invalid = "error: a byte that is not UTF-8; save the file as UTF-8";

describe("a file that is refused", () => {
  it.each<[name: string, input: Input, said: string[]]>([
    ["a word", "npm\n", [`1:1: error: no colon in "npm"; ${example}`]],
    ["no colon", "web: x\n# a\nworker y z\n", [`3:1: ${noColon("worker", "worker: y z")}`]],
    [
      "no colon after the name, but later",
      "web gunicorn app:app",
      [`1:1: ${noColon("web", "web: gunicorn app:app")}`],
    ],
    [
      "no colon, and an unknown start",
      "{% if x %}\n",
      [`1:1: error: no colon in "{% if x %}"; ${example}`],
    ],
    [
      "a colon, but no name",
      "{% if 'a: b' %}\n",
      [`1:1: error: "{% if 'a: b' %}" is not NAME: COMMAND; ${example}`],
    ],
    [
      "a command that goes on without a backslash",
      "web: x\n  -w 10\n",
      [
        '2:3: error: no colon in "-w 10"; if it belongs to the command of "web", write it on line 1',
      ],
    ],
    [
      "an indented comment of another language",
      "web: x\n  // y\n",
      ['2:3: error: "//" does not begin a comment; begin it with "#"'],
    ],
    [
      "an option that goes on without a backslash",
      "web: x\n  --y=z\n",
      [
        '2:3: error: no colon in "--y=z"; if it belongs to the command of "web", write it on line 1',
      ],
    ],
    [
      "a colon only",
      "a: b\n:\n",
      ["2:1: error: no name before the colon; write one, as in: web: node server.js"],
    ],
    ["no name", " : x\n", ["1:2: error: no name before the colon; write one, as in: web: x"]],
    [
      "conflict markers",
      "<<<<<<< HEAD\nweb: x\n||||||| base\nw: y\n=======\nv: z\n>>>>>>> 5bb7: a\n",
      [
        `1:1: ${marker("<<<<<<<")}`,
        `3:1: ${marker("|||||||")}`,
        `5:1: ${marker("=======")}`,
        `7:1: ${marker(">>>>>>>")}`,
      ],
    ],
    [
      "a comment of another language",
      "// web: x\nweb: x\n",
      ['1:1: error: "//" does not begin a comment; begin it with "#"'],
    ],
    [
      "the start of a YAML document",
      "---\nweb: x\n",
      [`1:1: error: "---" is YAML; ${yaml} remove the line`],
    ],
    [
      "a YAML list",
      "- web: x\n",
      [`1:1: error: a dash before the name is YAML; ${yaml} write: web: x`],
    ],
    [
      "a YAML block",
      "web:\n  command: x -y\n\n  # a\n  env: z\nworker:\n\tx\nv: w\n",
      [
        `1:1: ${noCommand("web")}`,
        `2:1: ${indented("command")}`,
        `2:3: error: "command: x -y" is indented below "web", which is YAML; ${yaml} write: web: x -y`,
        `5:1: ${indented("env")}`,
        `5:3: error: "env: z" is indented below "web", which is YAML; ${yaml} it has lines of NAME: COMMAND, and nothing below them`,
        `6:1: ${noCommand("worker")}`,
        `7:2: error: "x" is indented below "worker", which is YAML; ${yaml} write: worker: x`,
      ],
    ],
    ["Rich Text", "{\\rtf1\\ansi\n", ["1:1: error: the file is Rich Text; save it as plain text"]],
    [
      "an equals sign for the colon",
      "web = node x\nA=b\n",
      [
        '1:1: error: "=" after "web" where a colon belongs; put it into .env if it is a variable, or write: web: node x',
        '2:1: error: "=" after "A" where a colon belongs; put it into .env if it is a variable, or write: A: b',
      ],
    ],
    [
      "a blank in a name",
      "my app: x\n",
      ['1:1: error: a blank in the name "my app"; name it "my-app"'],
    ],
    [
      "another sign in a name",
      "web.1: x\n",
      [
        '1:1: error: "web.1" cannot be a name; a name has only the letters A-Z and a-z, digits, _ and -',
      ],
    ],
    ["no command", "web:\nw: \t \n", [`1:1: ${noCommand("web")}`, `2:1: ${noCommand("w")}`]],
    ["no command at the end of the file", "a: b\nweb:", [`2:1: ${noCommand("web")}`]],
    [
      "no command, all lines as much indented",
      " web:\n w: x",
      [`1:1: ${indented("web")}`, `1:2: ${noCommand("web")}`, `2:1: ${indented("w")}`],
    ],
    ["no command, a comment indented below", "web:\n  # x\n", [`1:1: ${noCommand("web")}`]],
    ["a name given twice", "web: x\nw: y\nweb: z\n", [`3:1: ${twice("web", 1, 3)}`]],
    [
      "a name given three times",
      "web: x\nweb: x\nweb: z\n",
      [`2:1: ${twice("web", 1, 2)}`, `3:1: ${twice("web", 1, 3)}`],
    ],
    [
      "a name given twice, once indented",
      "web: x\n  web: y\n",
      [`2:1: ${indented("web")}`, `2:3: ${twice("web", 1, 2)}`],
    ],
    [
      "a name given twice, once without a command",
      "web:\nweb: x\n",
      [`1:1: ${noCommand("web")}`, `2:1: ${twice("web", 1, 2)}`],
    ],
    ["__proto__ given twice", "__proto__: x\n__proto__: y\n", [`2:1: ${twice("__proto__", 1, 2)}`]],
    [
      "a letter of another alphabet",
      "worke\u043a: x\n",
      [`1:6: error: "\u043a" (U+043A) in the name "worke\u043a" is not ASCII; ${retype}`],
    ],
    [
      "a letter beyond 16 bits",
      "  🔑w : x\n",
      [`1:3: error: "🔑" (U+1F511) in the name "🔑w" is not ASCII; ${retype}`],
    ],
    [
      "a no-break space in a name",
      "web\u00a0: x\n",
      [
        '1:4: error: U+00A0, which cannot be seen, in the name "web<U+00A0>"; delete it, or type the name again',
      ],
    ],
    [
      "a zero-width space before the colon",
      "web \u200b: x\n",
      [
        '1:5: error: U+200B, which cannot be seen, in the name "web <U+200B>"; delete it, or type the name again',
      ],
    ],
    [
      "a second byte order mark",
      "\ufeff\ufeffweb: x\n",
      [
        '1:1: error: U+FEFF, which cannot be seen, in the name "<U+FEFF>web"; delete it, or type the name again',
      ],
    ],
    [
      "a fullwidth colon",
      "web\uff1ax\n",
      ['1:4: error: "\uff1a" (U+FF1A) where a colon belongs; type it as ":"'],
    ],
    [
      "a column behind a byte order mark",
      "\ufeffwé: x\n",
      [`1:2: error: "é" (U+00E9) in the name "wé" is not ASCII; ${retype}`],
    ],
    [
      "an escape sequence, not repeated in the message",
      "\u001b[2J: x\n",
      [
        '1:1: error: "<U+001B>[2J" cannot be a name; a name has only the letters A-Z and a-z, digits, _ and -',
      ],
    ],
    [
      "a long line, not repeated in the message",
      "é".repeat(1000),
      [`1:1: error: "é" (U+00E9) in the name "${"é".repeat(60)}…" is not ASCII; ${retype}`],
    ],
    ["a NUL in a command", "# a\nweb: x\0y z\n", [`2:7: ${nul}`]],
    ["a NUL in a comment", "web: x\n# a\0b\n", [`2:4: ${nul}`]],
    ["a NUL, and no word about the rest", "web: x\0\nw\n\0", [`1:7: ${nul}`]],
    ["NULs only", "\0".repeat(300), [`1:1: ${nul}`]],
    ["a NUL behind CRLF and CR", "é\r\nab\rc\0\0\r\n\0", [`3:2: ${nul}`]],
    [
      "UTF-16, little-endian",
      utf16("\ufeffweb: x\nw y\n", false),
      [" error: the file is UTF-16; save it as UTF-8"],
    ],
    [
      "UTF-16, big-endian",
      utf16("\ufeffweb: x\nw y\n", true),
      [" error: the file is UTF-16; save it as UTF-8"],
    ],
    [
      "UTF-16 without a mark, little-endian",
      utf16("web: x\nw y\n", false),
      [" error: the file is UTF-16; save it as UTF-8"],
    ],
    [
      "UTF-16 without a mark, big-endian",
      utf16("# ключ\nweb: x\n", true),
      [" error: the file is UTF-16; save it as UTF-8"],
    ],
    ["invalid UTF-8 in a command", latin1("web: caf\xe9 x\n"), [`1:9: ${invalid}`]],
    ["invalid UTF-8 in a name", latin1("caf\xe9: x\n"), [`1:4: ${invalid}`]],
    ["invalid UTF-8 on a line without a colon", latin1("  caf\xe9 x\n"), [`1:6: ${invalid}`]],
    ["a character cut short at the end", latin1("web: \xc3\xa9\xe2\x82\n"), [`1:7: ${invalid}`]],
    ["a replacement character", "web: \ufffd\n", [`1:6: ${invalid}`]],
    ["a backslash on the last line", "a: b\nweb: x \\\n", [`2:8: ${open}`]],
    ["a backslash at the end of the file", "web: x\\", [`1:7: ${open}`]],
    [
      "a backslash at the end of joined lines",
      "web: é \\\n y \\",
      [`1:1: ${joined(1, 2)}`, `1:11: ${open}`],
    ],
    [
      "a backslash behind a joined comment",
      "\\\n#\\\na\n",
      [`1:1: ${joined(1, 2)}`, `3:1: error: no colon in "a"; ${example}`],
    ],
    [
      "a comment among joined lines",
      "web: x \\\n  # y \\\n  z\n",
      [
        `1:1: ${joined(1, 2)}`,
        `1:14: ${open}`,
        '3:3: error: no colon in "z"; if it belongs to the command of "web", write it on line 1',
      ],
    ],
    [
      "a mistake in joined lines",
      "w\\\n\\\nké: x\n",
      [
        `1:1: ${joined(1, 3)}`,
        `1:3: error: "é" (U+00E9) in the name "wké" is not ASCII; ${retype}`,
      ],
    ],
    [
      "no command, as the lines joined are blank",
      "web: \\\n\n",
      [`1:1: ${joined(1, 2)}`, `1:1: ${noCommand("web")}`],
    ],
    ["a NUL in a joined line", "web: x\\\ny\0z abcdef\n", [`2:2: ${nul}`]],
    [
      "invalid UTF-8 in a joined line",
      latin1("web: x\\\ncaf\xe9\n"),
      [`1:1: ${joined(1, 2)}`, `1:10: ${invalid}`],
    ],
    [
      "a YAML block in an indented file",
      " web:\n   x\n w: y\n",
      [
        `1:1: ${indented("web")}`,
        `1:2: ${noCommand("web")}`,
        `2:4: error: "x" is indented below "web", which is YAML; ${yaml} write: web: x`,
        `3:1: ${indented("w")}`,
      ],
    ],
    [
      "a YAML block, and an indented name later",
      "web:\n  x\nw: y\n v: z\n",
      [
        `1:1: ${noCommand("web")}`,
        `2:3: error: "x" is indented below "web", which is YAML; ${yaml} write: web: x`,
        `4:1: ${indented("v")}`,
      ],
    ],
    [
      "a long line cut between characters",
      `a${"🔑".repeat(50)}`,
      [`1:2: error: "🔑" (U+1F511) in the name "a${"🔑".repeat(29)}…" is not ASCII; ${retype}`],
    ],
    ["an empty file", "", [empty]],
    ["a byte order mark only", "\ufeff", [empty]],
    ["comments and blank lines only", "# web: x\n\n  \n", [empty]],
    [
      "several mistakes",
      "web: x\nweb: y\nworker z\n w : v\nu:\n",
      [
        `2:1: ${twice("web", 1, 2)}`,
        `3:1: ${noColon("worker", "worker: z")}`,
        `4:1: ${indented("w")}`,
        `5:1: ${noCommand("u")}`,
      ],
    ],
  ])("%s", (_, input, said) => {
    const result = parse(input);
    expect(result.said).toEqual(said.map((text) => `Procfile:${text}`));
    expect(result.ok).toBe(false);
  });

  it("names the first fifty mistakes and counts the rest", () => {
    const result = parse("a: x\n".repeat(1001));
    expect(result.said).toHaveLength(51);
    expect(result.said[49]).toBe(`Procfile:51:1: ${twice("a", 1, 51)}`);
    expect(result.said[50]).toBe("Procfile: error: and 950 more errors");
  });

  it("counts warnings by themselves", () => {
    const lines = Array.from({ length: 60 }, (_, index) => ` w${index}: x\n`);
    const result = parse(`${lines.join("")}v\n`);
    expect(result.said).toHaveLength(52);
    expect(result.said[50]).toBe(`Procfile:61:1: error: no colon in "v"; ${example}`);
    expect(result.said[51]).toBe("Procfile: warning: and 10 more warnings");
  });

  it("refuses a file that is too large for a Procfile", () => {
    expect(parse(new Uint8Array(maxBytes + 1)).said).toEqual([
      "Procfile: error: the file is larger than 4 MiB; is it the right one?",
    ]);
  });
});

interface Expected {
  readonly entries?: readonly Entry[];
  readonly error?: string;
  readonly warnings?: readonly string[];
}

describe("Procfiles of public repositories", () => {
  const expected: Record<string, Expected> = JSON.parse(
    readFileSync(join(corpus, "expected.json"), "utf8"),
  );

  it("has an expectation for every file", () => {
    expect(corpusFiles.toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  it.each(Object.entries(expected))("%s", (name, { entries, error, warnings = [] }) => {
    const result = parse(readFileSync(join(corpus, "procfiles", name)));
    expect(result.entries).toEqual(entries);
    const linesOf = (severity: string) =>
      result.diagnostics.filter((found) => found.severity === severity).map(({ line }) => line);
    expect(linesOf("error")).toEqual(expect.arrayContaining(linesNamedIn(error ?? "")));
    expect(linesOf("error").length).toBeGreaterThanOrEqual(countNamedIn(error));
    expect(linesOf("warning")).toEqual(
      expect.arrayContaining(warnings.flatMap((warning) => linesNamedIn(warning))),
    );
    if (entries !== undefined) expect(linesOf("warning")).toHaveLength(warnings.length);
  });

  function linesNamedIn(text: string): number[] {
    return Array.from(text.matchAll(/(?<!on )line (\d+)/g), (match) => Number(match[1]));
  }

  function countNamedIn(error: string | undefined): number {
    if (error === undefined) return 0;
    const more = Number(/\(\+(\d+) more\)/.exec(error)?.[1] ?? 0);
    return Math.max(1, linesNamedIn(error).length + more);
  }
});

// What follows makes files out of the pieces that the rules are about.
const piece = fc.constantFrom(
  ..."web,worker,command,1,__proto__,:, : ,:,:,#, ,\t,=,-,---,//,<<<<<<<,\\,\\\\,\\\n,\n,\n,\r\n,\r,\n  ".split(
    ",",
  ),
  ...["é", "\u00a0", "\ufeff", "\uff1a", "\0", "$PORT", "x -y"],
);
const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
const garbage = fc.oneof(fc.uint8Array({ maxLength: 200 }), text.map(toBytes));

const mutated = fc
  .record({
    name: fc.constantFrom(...corpusFiles),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.nat(20),
    added: garbage,
  })
  .map(({ name, at, removed, added }) => {
    const bytes = readFileSync(join(corpus, "procfiles", name));
    const from = Math.floor(at * bytes.length);
    return Uint8Array.from([
      ...bytes.subarray(0, from),
      ...added,
      ...bytes.subarray(from + removed),
    ]);
  });

describe("any file", () => {
  it("is parsed or refused with an error, and never thrown at", () => {
    fc.assert(
      fc.property(fc.oneof(garbage, mutated), (bytes) => {
        const result = parseProcfile(bytes, "Procfile");
        expect(result.ok).toBe(!result.diagnostics.some(isError));
        for (const { column, message, hint } of result.diagnostics) {
          expect(column ?? 1).toBeGreaterThan(0);
          // Nothing of the file may move the cursor, or end the line a diagnostic stands on.
          expect(`${message}${hint}`).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("has each of its lines used, named, blank or a comment", () => {
    fc.assert(
      fc.property(fc.oneof(text.map(toBytes), mutated), (written) => {
        // Of a file with a NUL or in UTF-16 no line is looked at.
        const bytes = written.filter((byte) => byte !== 0);
        const { diagnostics } = parseProcfile(bytes, "Procfile");
        const ofLines = diagnostics.filter(({ message }) => message !== noProcess);
        fc.pre(ofLines.every(({ line }) => line !== undefined));
        const wrong = new Set(diagnostics.filter(isError).map(({ line }) => line));
        const isWrong = ({ numbers }: WrittenLine) => numbers.some((number) => wrong.has(number));
        const lines = readLines(bytes);
        const rest = lines.map((line) =>
          isWrong(line) ? "#\n".repeat(line.numbers.length) : line.written,
        );

        // Without the lines that errors name, all that is left is used.
        const result = parse(Buffer.from(rest.join(""), "latin1"));
        expect(result.said.filter((said) => said.includes(" error: "))).toEqual(
          result.ok ? [] : [`Procfile:${empty}`],
        );
        const types = result.ok ? result.value : [];
        const used = [...types, ...result.diagnostics].map(({ line }) => line);
        const isUsed = (line: WrittenLine) => line.numbers.some((number) => used.includes(number));
        expect(lines.filter((line) => !(isWrong(line) || isEmpty(line) || isUsed(line)))).toEqual(
          [],
        );
      }),
      { numRuns: 2000 },
    );
  });

  interface WrittenLine {
    readonly written: string;
    readonly numbers: readonly number[];
  }

  /** With their line ends, without a byte order mark, and what backslashes join in one piece. */
  function readLines(bytes: Uint8Array): WrittenLine[] {
    const lines: WrittenLine[] = [];
    const written = Buffer.from(bytes)
      .toString("latin1")
      .replace(/^\xef\xbb\xbf/, "")
      .match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g);
    for (const [index, line] of (written ?? []).entries()) {
      const last = lines.at(-1);
      if (last !== undefined && isContinued(last.written)) {
        const numbers = [...last.numbers, index + 1];
        lines.splice(-1, 1, { written: last.written + line, numbers });
      } else {
        lines.push({ written: line, numbers: [index + 1] });
      }
    }
    return lines;
  }

  function isEmpty({ written }: WrittenLine): boolean {
    return /^[ \t]*(?:#.*)?[\r\n]*$/s.test(written);
  }

  function isContinued(written: string): boolean {
    const isComment = /^[ \t]*#/.test(written);
    return !isComment && /(?<!\\)(?:\\\\)*\\(?:\r\n|\n|\r)$/.test(written);
  }

  it("gives what was written into it", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
    // Not `unit: "binary"`, which takes a second to set up.
    const characters = fc
      .array(fc.integer({ min: 0, max: 0x10ffff }))
      .map((codes) => String.fromCodePoint(...codes));
    const command = fc
      .oneof(characters, fc.string({ minLength: 1 }), text)
      .map((written) => written.replace(/[\n\r\0\ufffd\p{Cs}]/gu, ""))
      .map((written) => written.replace(/^[ \t]+|[ \t\\]+$/g, ""))
      .filter((written) => written !== "");
    const type = fc.record({ name, command });
    const layout = fc.record({
      mark: fc.constantFrom("", "\ufeff"),
      end: fc.constantFrom("\n", "\r\n", "\r", "\n\n# a: b \\\n \t\n"),
      gap: fc.constantFrom(":", ": ", ":\t  "),
    });
    const types = fc.uniqueArray(type, {
      selector: (each) => each.name,
      minLength: 1,
    });
    fc.assert(
      fc.property(types, layout, (written, { mark, end, gap }) => {
        const lines = written.map((each) => `${each.name}${gap}${each.command}${end}`);
        const result = parse(`${mark}${lines.join("")}`);
        expect(result.said).toEqual([]);
        expect(result.entries).toEqual(written.map((each) => [each.name, each.command]));
      }),
      { numRuns: 1000 },
    );
  });

  it("has a command only if its bytes are UTF-8", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc
        .tuple(
          fc.integer({ min: 0xc0, max: 0xff }),
          fc.uint8Array({ min: 0x7f, max: 0xc0, maxLength: 4 }),
        )
        .map(([lead, rest]) => Uint8Array.of(lead, ...rest)),
    );
    fc.assert(
      fc.property(bytes, (written) => {
        const line = Uint8Array.of(...toBytes("web: '"), ...written, ...toBytes("'"));
        if (written.some((byte) => byte === 0 || byte === 0x0a || byte === 0x0d)) return;
        expect(parseProcfile(line, "Procfile").ok).toBe(isUtf8(written));
      }),
      { numRuns: 3000 },
    );
  });

  /** What stands for a character that was lost before is taken for one that is lost now. */
  function isUtf8(bytes: Uint8Array): boolean {
    try {
      return !new TextDecoder("utf-8", { fatal: true }).decode(bytes).includes("\ufffd");
    } catch {
      return false;
    }
  }
});

describe("as large as a file may be, or 1 MB of lines", () => {
  // Far more than it takes, and far less than anything that is not linear would.
  it.each<[name: string, start: string, repeated: Input]>([
    ["of blanks", "", " "],
    ["of blanks behind a colon", "web:", " "],
    ["of blanks and x", "web: ", " x"],
    ["of backslashes", "", "\\"],
    ["of backslashes, each on its line", "web: ", "\\\n"],
    ["of comments among joined lines", "\\\n", "#\\\n"],
    ["of one letter", "", "a"],
    ["of one letter outside ASCII", "", "é"],
    ["of one command", "web: ", "é"],
    ["of words", "", "a b "],
    ["of colons", "", ":"],
    ["of equals signs", "web", "="],
    ["of empty lines", "", "\n"],
    ["of blank lines", "", " \n"],
    ["of CR", "", "\r"],
    ["of CRLF", "", "\r\n"],
    ["of one name", "", "web: x\n"],
    ["of names without a command", "", "web:\n a\n"],
    ["of lines without a colon", "", "a\n"],
    ["of lines with a blank before the name", "", " a: x\n"],
    ["of letters outside ASCII, each on its line", "", "é: x\n"],
    ["of nested lines", "web:\n", " a\n"],
    ["of invalid bytes", "web: x", latin1("\xe9")],
  ])(
    "%s",
    (_, start, repeated) => {
      const hasLines = /[\r\n]/.test(String(repeated));
      const bytes = Buffer.alloc(hasLines ? maxBytes / 4 : maxBytes, toBytes(repeated));
      bytes.set(toBytes(start));
      const started = performance.now();
      const result = parseProcfile(bytes, "Procfile");
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(result.diagnostics.length).toBeLessThan(110);
    },
    30_000,
  );
});
