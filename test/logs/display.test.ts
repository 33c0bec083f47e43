import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDisplay, type DisplayOptions } from "../../src/logs/display.ts";
import { colourCode } from "../../src/logs/format.ts";
import { logLine } from "../support/log-files.ts";

const program: DisplayOptions = { form: "lines", terminal: "none", types: [] };
const json: DisplayOptions = { ...program, form: "json" };
const plain: DisplayOptions = { ...program, terminal: "plain" };
const colour: DisplayOptions = { ...program, terminal: "colour", types: ["web", "worker"] };

const prefix = (name: string, mark = ":") => `2026-11-21T14:32:01.123000+00:00 app[${name}]${mark}`;

describe("for a program", () => {
  it("is as it stands in the log", () => {
    const text = logLine("web.1", "\x1b[31m \xff \r\x07") + logLine("web.1", "+rest");
    expect(createDisplay(program)(text)).toBe(text);
  });

  it("is an object a line as JSON", () => {
    const text =
      logLine("web.1", "caf\xc3\xa9") +
      logLine("web.1", "State changed", { source: "procman" }) +
      logLine("web.1", "+\xff") +
      "torn\n";
    const rows = createDisplay(json)(text).split("\n").slice(0, -1);
    const time = "2026-11-21T14:32:01.123Z";
    expect(rows.map((row) => JSON.parse(Buffer.from(row, "latin1").toString()))).toEqual([
      { time, source: "app", name: "web.1", text: "café" },
      { time, source: "procman", name: "web.1", text: "State changed" },
      { time, source: "app", name: "web.1", text: "\ufffd", base64: "/w==", continues: true },
      { text: "torn" },
    ]);
  });
});

describe("on a terminal", () => {
  it("has a colour for each type, and procman's own for the rest", () => {
    const text =
      logLine("worker.1", "a") +
      logLine("web.1", "b") +
      logLine("web.1", "+c") +
      logLine("other.1", "d") +
      logLine("web.1", "e", { source: "procman" }) +
      "torn\n";
    const [worker, web, piece, other, own, torn] = createDisplay(colour)(text).split("\n");
    expect(worker).toBe(`\x1b[0;33m${prefix("worker.1")}\x1b[0m a`);
    expect(web).toBe(`\x1b[0;36m${prefix("web.1")}\x1b[0m b`);
    expect(piece).toBe(`\x1b[0;36m${prefix("web.1", "+")}\x1b[0m c`);
    expect(other).toContain("\x1b[0;32m");
    expect(own).toContain("\x1b[0;90m");
    expect(torn).toBe("torn");
  });

  it.each<[name: string, text: string, shown: string]>([
    ["a colour is shown, and ends with its line", "\x1b[1;31mred", "\x1b[1;31mred\x1b[0m"],
    ["a colour with colons", "\x1b[38:5:9mred", "\x1b[38:5:9mred\x1b[0m"],
    ["a title", "\x1b]0;title\x07", "^[]0;title^G"],
    ["the clipboard", "\x1b]52;c;aGk=\x1b\\", "^[]52;c;aGk=^[\\"],
    ["the cursor", "\x1b[2J\x1b[1A", "^[[2J^[[1A"],
    ["a mode of the keyboard", "\x1b[>4;2m", "^[[>4;2m"],
    ["the beginning of the line", "50%\r100%", "50%^M100%"],
    ["a line end of Windows", "text\r", "text"],
    ["a tab", "a\tb", "a\tb"],
    ["NUL and DEL", "\x00\x7f", "^@^?"],
    ["an escape with eight bits", "\xc2\x9b31m", "\xef\xbf\xbd31m"],
    ["letters beyond ASCII", "caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"],
  ])("%s", (_, text, shown) => {
    expect(createDisplay(plain)(logLine("web.1", text))).toBe(`${prefix("web.1")} ${shown}\n`);
  });

  it("has nothing but colours that means anything to it", () => {
    const word = fc.constantFrom(
      "\x1b",
      "[",
      "m",
      "31",
      ";",
      "\x07",
      "\r",
      "\xc2",
      "\x9b",
      "a",
      "]",
    );
    const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(""));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (texts) => {
        const lines = texts.map((line) => logLine("web.1", line.replace(/^\+/, ""))).join("");
        for (const options of [plain, colour, { ...json, terminal: "plain" as const }]) {
          const shown = createDisplay(options)(lines);
          expect(shown.split("\n").length).toBe(texts.length + 1);
          const bare = shown.replaceAll(new RegExp(colourCode, "g"), "");
          const meaningful = [...bare].filter((letter) => letter < " " && letter !== "\n");
          expect(meaningful).toEqual([]);
          expect(/\xc2[\x80-\x9f]/.test(bare)).toBe(false);
        }
      }),
    );
  });
});
