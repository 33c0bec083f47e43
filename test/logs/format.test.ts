import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binary, createFormat, type Entry, type FormatOptions } from "../../src/logs/format.ts";

const timeMs = Date.UTC(2026, 10, 21, 14, 32, 1, 123);
const iso = "2026-11-21T14:32:01.123Z";

const text: FormatOptions = {
  logFormat: "text",
  timestamps: "off",
  prefix: true,
  terminal: "none",
  names: ["web.1", "web.2", "worker.1", "clock.1"],
};
const bare: FormatOptions = { ...text, prefix: false };
const heroku: FormatOptions = { ...text, logFormat: "heroku" };
const json: FormatOptions = { ...text, logFormat: "json" };

/** What a child wrote, in one batch. */
function app(written: string, entry: Partial<Entry> = {}, isContinued = false): Entry {
  return { source: "app", name: "web.1", timeMs, batch: { text: written, isContinued }, ...entry };
}

function own(written: string, name = "procman"): Entry {
  return app(written, { source: "procman", name });
}

describe("text", () => {
  it.each<[name: string, options: Partial<FormatOptions>, entry: Entry, shown: string]>([
    ["a line", {}, app("hello\n"), "web.1    | hello\n"],
    ["lines", {}, app("a\nb\n"), "web.1    | a\nweb.1    | b\n"],
    ["blank lines", {}, app("\n\n"), "web.1    | \nweb.1    | \n"],
    ["a long name", {}, app("a\n", { name: "worker.1" }), "worker.1 | a\n"],
    ["only short names", { names: ["a.1"] }, app("x\n", { name: "a.1" }), "a.1     | x\n"],
    ["a piece that goes on", {}, app("a\nb\n", {}, true), "web.1    + a\nweb.1    | b\n"],
    ["a line of procman", {}, own("hello\n"), "procman  | hello\n"],
    ["procman about an instance", {}, own("is up\n", "web.1"), "procman  | web.1 is up\n"],
    ["an ISO time", { timestamps: "iso" }, app("a\n"), `${iso} web.1    | a\n`],
    ["CR and NUL", {}, app("1%\r2%\0\r\n"), "web.1    | 1%\r2%\0\r\n"],
    ["bytes that are no UTF-8", {}, app("\xff\xc3\n"), "web.1    | \xff\xc3\n"],
    [
      "colours go where there is no terminal too",
      {},
      app("\x1b[31mred\n"),
      "web.1    | \x1b[31mred\n",
    ],
    [
      "patterns of a replacement",
      {},
      app("$& $1 $$ $` $' \\n %s\n$&\n"),
      "web.1    | $& $1 $$ $` $' \\n %s\nweb.1    | $&\n",
    ],
    [
      "patterns, on a terminal",
      { terminal: "plain" },
      app("\x1b[1m$& $1 $$\n"),
      "web.1    | \x1b[1m$& $1 $$\x1b[0m\n",
    ],
    [
      "a line on a plain terminal",
      { terminal: "plain" },
      app("a\nb\n"),
      "web.1    | a\nweb.1    | b\n",
    ],
  ])("%s", (_, options, entry, shown) => {
    expect(createFormat({ ...text, ...options })(entry)).toBe(shown);
  });

  it("has the reader's wall clock", () => {
    const format = createFormat({ ...text, timestamps: "time" });
    for (const ms of [timeMs, timeMs + 800, timeMs + 900, timeMs - 5_000, 0]) {
      const clock = new Date(ms).toTimeString().slice(0, 8);
      expect(format(app("a\nb\n", { timeMs: ms }))).toBe(
        `${clock} web.1    | a\n${clock} web.1    | b\n`,
      );
    }
  });

  it("has every millisecond in an ISO time", () => {
    const format = createFormat({ ...text, timestamps: "iso" });
    expect(format(app("a\n"))).toContain(":01.123Z ");
    expect(format(app("a\n", { timeMs: timeMs + 1 }))).toContain(":01.124Z ");
  });
});

describe("text without prefixes", () => {
  it.each<[name: string, entry: Entry, shown: string]>([
    ["lines", app("a\n\nb\n"), "a\n\nb\n"],
    ["a piece that goes on", app("a\n", {}, true), "a\n"],
    ["a line of procman", own("hello\n"), "procman: hello\n"],
    ["procman about an instance", own("is up\n", "web.1"), "procman: web.1 is up\n"],
  ])("%s", (_, entry, shown) => {
    expect(createFormat(bare)(entry)).toBe(shown);
  });
});

describe("Heroku's format", () => {
  const time = "2026-11-21T14:32:01.123000+00:00";
  it.each<[name: string, entry: Entry, shown: string]>([
    ["lines", app("a\n\n"), `${time} app[web.1]: a\n${time} app[web.1]: \n`],
    [
      "a piece that goes on",
      app("a\nb\n", {}, true),
      `${time} app[web.1]+ a\n${time} app[web.1]: b\n`,
    ],
    ["a line of procman", own("hello\n"), `${time} procman[procman]: hello\n`],
    ["procman about an instance", own("is up\n", "web.1"), `${time} procman[web.1]: is up\n`],
    ["patterns of a replacement", app("$& $1\n"), `${time} app[web.1]: $& $1\n`],
    ["bytes that are no UTF-8", app("\xff\n"), `${time} app[web.1]: \xff\n`],
  ])("%s", (_, entry, shown) => {
    expect(createFormat(heroku)(entry)).toBe(shown);
  });
});

describe("JSON", () => {
  const row = { time: iso, source: "app", name: "web.1" };
  it.each<[name: string, entry: Entry, rows: readonly object[]]>([
    ["a line", app("hello\n"), [{ ...row, text: "hello" }]],
    [
      "lines",
      app("a\n\nb\n"),
      [
        { ...row, text: "a" },
        { ...row, text: "" },
        { ...row, text: "b" },
      ],
    ],
    ["quotes and CR", app('"\\\t\r\n'), [{ ...row, text: '"\\\t\r' }]],
    ["a colour", app("\x1b[31mred\n"), [{ ...row, text: "\x1b[31mred" }]],
    ["UTF-8", app(binary("grün 😀\n")), [{ ...row, text: "grün 😀" }]],
    ["bytes that are no UTF-8", app("a\xff\n"), [{ ...row, text: "a\ufffd", base64: "Yf8=" }]],
    [
      "bytes that are no UTF-8, beside a line that is",
      app("\xc3\nb\n"),
      [
        { ...row, text: "\ufffd", base64: "ww==" },
        { ...row, text: "b" },
      ],
    ],
    [
      "a piece that goes on",
      app("a\nb\n", {}, true),
      [
        { ...row, text: "a", continues: true },
        { ...row, text: "b" },
      ],
    ],
    [
      "procman about an instance",
      own("is up\n", "web.1"),
      [{ ...row, source: "procman", text: "is up" }],
    ],
  ])("%s", (_, entry, rows) => {
    const lines = Buffer.from(createFormat(json)(entry), "latin1").toString("utf8").split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
  });
});

describe("whatever was written", () => {
  const lines = fc.array(
    fc
      .array(fc.nat(255).filter((code) => code !== 10))
      .map((codes) => String.fromCharCode(...codes)),
    { minLength: 1, maxLength: 6 },
  );

  it.each<[name: string, options: FormatOptions, prefix: string]>([
    ["text", text, "web.1    | "],
    ["heroku", heroku, "2026-11-21T14:32:01.123000+00:00 app[web.1]: "],
    ["bare", bare, ""],
  ])("is there byte for byte behind the prefixes of %s", (_, options, prefix) => {
    fc.assert(
      fc.property(lines, (written) => {
        const shown = createFormat(options)(app(`${written.join("\n")}\n`));
        expect(shown).toBe(written.map((line) => `${prefix}${line}\n`).join(""));
      }),
    );
  });

  it("is in JSON, to the byte", () => {
    fc.assert(
      fc.property(lines, (written) => {
        const shown = createFormat(json)(app(`${written.join("\n")}\n`));
        const rows = shown
          .slice(0, -1)
          .split("\n")
          .map((line) => JSON.parse(line));
        const bytes = rows.map(({ text: utf8, base64 }) =>
          base64 === undefined ? utf8 : Buffer.from(base64, "base64").toString("latin1"),
        );
        expect(bytes).toEqual(written);
      }),
    );
  });
});

// -- What a terminal shows -------------------------------------------------------------------

/** A part of a line, and the attributes it is shown with: `31;1`, or nothing. */
type Cell = readonly [attributes: string, text: string];

/** As much of a terminal as colours need: what is switched on stays on, over line ends too. */
function display(shown: string): readonly (readonly Cell[])[] {
  let on: readonly string[] = [];
  return shown
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      const cells: Cell[] = [];
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of.
      for (const [, codes, plain] of line.matchAll(/\x1b\[([0-9;]*)m|([^\x1b]+)/g)) {
        for (const code of codes?.split(";") ?? []) {
          on = code === "0" || code === "" ? [] : [...on, code];
        }
        if (plain !== undefined) cells.push([on.join(";"), plain]);
      }
      return cells;
    });
}

function showOnTerminal(options: FormatOptions, entries: readonly Entry[]) {
  return display(entries.map(createFormat(options)).join(""));
}

describe("on a terminal with colours", () => {
  const colour: FormatOptions = { ...text, terminal: "colour" };

  it("the prefix has the colour of its type, the line has none", () => {
    const entries = [
      app("a\nb\n"),
      app("c\n", { name: "web.2" }),
      app("d\n", { name: "worker.1" }),
      own("e\n"),
    ];
    expect(showOnTerminal(colour, entries)).toEqual([
      [
        ["36", "web.1    |"],
        ["", " a"],
      ],
      [
        ["36", "web.1    |"],
        ["", " b"],
      ],
      [
        ["36", "web.2    |"],
        ["", " c"],
      ],
      [
        ["33", "worker.1 |"],
        ["", " d"],
      ],
      [
        ["90", "procman  |"],
        ["", " e"],
      ],
    ]);
  });

  it("a piece that goes on has it too", () => {
    expect(showOnTerminal(colour, [app("a\n", {}, true)])).toEqual([
      [
        ["36", "web.1    +"],
        ["", " a"],
      ],
    ]);
  });

  it("gives out other colours to more types than there are", () => {
    const names = Array.from({ length: 25 }, (_, index) => `type${index}.1`);
    const rows = showOnTerminal(
      { ...colour, names },
      names.map((name) => app("a\n", { name })),
    );
    const given = rows.map(([prefix]) => prefix?.[0]);
    expect(new Set(given.slice(0, 10)).size).toBe(10);
    expect(given.slice(10, 20)).toEqual(given.slice(0, 10));
    expect(given).not.toContain("31");
    expect(given).not.toContain("90");
  });
});

describe("a colour that a child leaves on", () => {
  const left = [app("\x1b[31;1mred\nstill\n"), app("next\n", { name: "web.2" }), own("own\n")];

  it.each<[name: string, options: Partial<FormatOptions>]>([
    ["in colour", { terminal: "colour" }],
    ["without colours", { terminal: "plain" }],
    ["in Heroku's format, in colour", { terminal: "colour", logFormat: "heroku" }],
    ["in Heroku's format, without colours", { terminal: "plain", logFormat: "heroku" }],
  ])("does not run into the next prefix: %s", (_, options) => {
    const rows = showOnTerminal({ ...text, ...options }, left);
    expect(rows.length).toBe(4);
    for (const [prefix] of rows) expect(prefix?.[0]).not.toContain("31");
    expect(rows[0]?.at(-1)).toEqual(["31;1", "red"]);
  });

  it.each<[name: string, terminal: "colour" | "plain"]>([
    ["in colour", "colour"],
    ["without colours", "plain"],
  ])("does not run into procman's lines where there is no prefix: %s", (_, terminal) => {
    const rows = showOnTerminal({ ...bare, terminal }, left);
    expect(rows.at(-1)).toEqual([["", "procman: own"]]);
  });

  it("is left as it is where no terminal shows it", () => {
    expect(createFormat(text)(app("\x1b[31mred\nstill\n"))).toBe(
      "web.1    | \x1b[31mred\nweb.1    | still\n",
    );
  });
});
