import { Buffer, isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Batch, createLineSplitter, maxLineBytes } from "../../src/logs/line-batches.ts";
import { createFakeClock } from "../support/fake-clock.ts";

function createSubject() {
  const batches: Batch[] = [];
  const clock = createFakeClock(1_000);
  const splitter = createLineSplitter((batch) => batches.push(batch), clock);
  return {
    batches,
    clock,
    end: splitter.end,
    push: (chunk: string | Buffer) =>
      splitter.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk),
  };
}

/** Batches as a reader sees them, a line each, `+` before one that goes on with the line above. */
function show(batches: readonly Batch[]): readonly string[] {
  return batches.flatMap(({ text, isContinued }) =>
    text
      .slice(0, -1)
      .split("\n")
      .map((line, index) => (isContinued && index === 0 ? `+${line}` : line)),
  );
}

/** What was written, from what a reader sees. */
function join(batches: readonly Batch[]): string {
  let joined = "";
  for (const { text, isContinued } of batches) {
    joined = `${isContinued ? joined.slice(0, -1) : joined}${text}`;
  }
  return joined;
}

/** A last line without a newline gets one. */
function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

type Action = string | number;

/** Bytes to push and milliseconds to wait, and the end. */
function play(actions: readonly Action[]): readonly Batch[] {
  const { batches, clock, push, end } = createSubject();
  for (const action of actions) {
    if (typeof action === "number") clock.advance(action);
    else push(Buffer.from(action, "latin1"));
  }
  end();
  return batches;
}

const long = "x".repeat(maxLineBytes);

describe("chunks become lines", () => {
  it.each<[name: string, actions: Action[], lines: string[]]>([
    ["nothing", [], []],
    ["an empty chunk", [""], []],
    ["a line", ["a\n"], ["a"]],
    ["lines in one chunk", ["a\nb\n"], ["a", "b"]],
    ["a line in many chunks", ["a", "b", "c\n"], ["abc"]],
    ["a newline of its own", ["a", "\n"], ["a"]],
    ["the rest of one line and the start of the next", ["a", "b\nc", "d\n"], ["ab", "cd"]],
    ["blank lines", ["\n\na\n\n"], ["", "", "a", ""]],
    ["no newline at the end", ["a\nb"], ["a", "b"]],
    ["only blank lines, one by one", ["\n", "\n"], ["", ""]],
    ["CR LF stays", ["a\r\nb\r\n"], ["a\r", "b\r"]],
    ["CR alone ends no line", ["1%\r2%\r"], ["1%\r2%\r"]],
    ["NUL", ["a\0b\n\0"], ["a\0b", "\0"]],
    ["bytes that are no UTF-8", ["\xff\xfe\n\xc3"], ["\xff\xfe", "\xc3"]],
    ["spaces and tabs", ["  a\t \n"], ["  a\t "]],
    [
      "Unicode's own line ends",
      [Buffer.from("a\u2028b\u0085\n").toString("latin1")],
      ["a\xe2\x80\xa8b\xc2\x85"],
    ],
  ])("%s", (_, actions, lines) => {
    expect(show(play(actions))).toEqual(lines);
  });

  it("all that came in a chunk is one batch", () => {
    const { batches, push } = createSubject();
    push("a\nb\nc\nd");
    expect(batches).toEqual([{ text: "a\nb\nc\n", isContinued: false }]);
  });

  it("and keep nothing of the chunk, which is used again", () => {
    const { batches, push, end } = createSubject();
    const chunk = Buffer.from("a\nb");
    push(chunk);
    chunk.fill("z");
    end();
    expect(show(batches)).toEqual(["a", "b"]);
  });

  it("start anew after the end", () => {
    const { batches, clock, push, end } = createSubject();
    push("a");
    clock.advance(250);
    end();
    push("late\n");
    expect(show(batches)).toEqual(["a", "late"]);
  });
});

describe("a line that is not ended", () => {
  it.each<[name: string, actions: Action[], lines: string[]]>([
    ["is shown after 250 ms", ["a", 250], ["a"]],
    ["is in one piece when its end comes in time", ["a", 249, "b\n"], ["ab"]],
    ["goes on as a piece", ["a", 250, "b\n"], ["a", "+b"]],
    ["goes on more than once", ["a", 250, "b", 250, "c\n"], ["a", "+b", "+c"]],
    ["waits 250 ms from its last byte", ["a", 200, "b", 200, "c", 200, "d\n"], ["abcd"]],
    ["is ended without a line of its own", ["a", 250, "\n", 250, "b\n"], ["a", "b"]],
    ["is ended before more lines", ["a", 250, "\nb\nc\n"], ["a", "b", "c"]],
    ["is ended before a blank line", ["a", 250, "\n\n"], ["a", ""]],
    ["goes on with a CR", ["a", 250, "\r\n"], ["a", "+\r"]],
    ["and never goes on", ["a", 250], ["a"]],
    ["waits for the rest of a character", ["a\xc3", 250, "\xa4\n"], ["a", "+\xc3\xa4"]],
    [
      "waits for the rest of a long character",
      ["a\xf0\x9f\x98", 250, "\x80\n"],
      ["a", "+\xf0\x9f\x98\x80"],
    ],
    ["of a part of a character", ["\xc3", 250, "\xa4\n"], ["\xc3\xa4"]],
    ["with a whole character at its end", ["\xc3\xa4", 250, "\n"], ["\xc3\xa4"]],
    ["of bytes that are no character", ["\xa4\xa4\xa4\xa4", 250, "\n"], ["\xa4\xa4\xa4\xa4"]],
    ["of a part that stays one", ["a\xc3", 1_000], ["a", "+\xc3"]],
  ])("%s", (_, actions, lines) => {
    expect(show(play(actions))).toEqual(lines);
  });

  it("is shown exactly 250 ms after its last byte", () => {
    const { batches, clock, push } = createSubject();
    push("a");
    clock.advance(200);
    push("b");
    clock.advance(249);
    expect(show(batches)).toEqual([]);
    clock.advance(1);
    expect(show(batches)).toEqual(["ab"]);
  });

  it("does not count from a line before it", () => {
    const { batches, clock, push } = createSubject();
    push("a");
    clock.advance(200);
    push("\n");
    clock.advance(40);
    push("b");
    clock.advance(249);
    expect(show(batches)).toEqual(["a"]);
    clock.advance(1);
    expect(show(batches)).toEqual(["a", "b"]);
  });

  it("leaves no timer behind at its end", () => {
    const { clock, push, end } = createSubject();
    push("a");
    expect(clock.armed()).toBe(1);
    end();
    expect(clock.armed()).toBe(0);
  });

  it("has one timer, however many chunks it comes in", () => {
    const { clock, push } = createSubject();
    for (let count = 0; count < 100; count += 1) push("a");
    expect(clock.armed()).toBe(1);
  });
});

describe("a line of more than 64 KiB", () => {
  it.each<[name: string, actions: Action[], lines: string[]]>([
    ["is none at exactly 64 KiB", [`${long}\n`], [long]],
    ["is two pieces with a byte more", [`${long}a\n`], [long, "+a"]],
    ["comes in pieces before its end", [long, long, "a"], [long, `+${long}`, "+a"]],
    ["with its newline on its own", [long, "\n"], [long]],
    ["with lines around it", [`a\n${long}b\nc\n`], ["a", long, "+b", "c"]],
    ["after a line that was not ended", ["a", 250, `${long}b\n`], ["a", `+${long}`, "+b"]],
    ["and the next one", [`${long}a\n${long}b\n`], [long, "+a", long, "+b"]],
    ["is not cut in a character", [`${long.slice(1)}\xc3\xa4\n`], [long.slice(1), "+\xc3\xa4"]],
    [
      "is not cut in a long character",
      [`${long.slice(3)}\xf0\x9f\x98\x80\n`],
      [long.slice(3), "+\xf0\x9f\x98\x80"],
    ],
    [
      "is cut between bytes that are no character",
      [`${"\xa4".repeat(maxLineBytes)}a\n`],
      ["\xa4".repeat(maxLineBytes), "+a"],
    ],
  ])("%s", (_, actions, lines) => {
    expect(show(play(actions))).toEqual(lines);
  });

  it("may have 10 MB", () => {
    const line = Buffer.alloc(10_000_000, "0123456789");
    const { batches, push, end } = createSubject();
    for (let at = 0; at < line.length; at += 65_536) push(line.subarray(at, at + 65_536));
    end();
    expect(batches.length).toBe(Math.ceil(line.length / maxLineBytes));
    expect(join(batches) === `${line.toString("latin1")}\n`).toBe(true);
  });

  it("may come in one chunk", () => {
    const line = Buffer.alloc(1_000_000, "0123456789");
    const { batches, push, end } = createSubject();
    push(line);
    end();
    expect(join(batches) === `${line.toString("latin1")}\n`).toBe(true);
  });
});

describe("whatever comes in whatever chunks", () => {
  const wait = fc.oneof(fc.nat(100), fc.integer({ min: 240, max: 260 }));
  const bytes = fc
    .array(fc.oneof(fc.constantFrom(10, 10, 13, 0, 65, 0xc3, 0xa4, 0xf0, 0xff), fc.nat(255)), {
      maxLength: 30,
    })
    .map((codes) => String.fromCharCode(...codes));
  const large = fc
    .tuple(
      fc.integer({ min: maxLineBytes - 5, max: 2 * maxLineBytes + 5 }),
      fc.constantFrom("x", "\xc3\xa4", "\xf0\x9f\x98\x80", "\xa4"),
    )
    .map(([length, piece]) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length));

  function expectWhole(actions: readonly Action[]): void {
    const batches = play(actions);
    const written = actions.filter((action) => typeof action === "string").join("");
    // Not `toBe`: the difference of two texts this long takes minutes to print.
    expect(join(batches) === ended(written)).toBe(true);
    for (const { text } of batches) {
      expect(text.endsWith("\n")).toBe(true);
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(maxLineBytes);
    }
  }

  it("the text is preserved byte for byte", () => {
    fc.assert(fc.property(fc.array(fc.oneof(bytes, wait), { maxLength: 20 }), expectWhole), {
      numRuns: 2_000,
    });
  });

  it("the text of long lines is preserved byte for byte", () => {
    const actions = fc.array(
      fc.oneof({ weight: 2, arbitrary: large }, { weight: 3, arbitrary: bytes }, wait),
      { maxLength: 8 },
    );
    fc.assert(fc.property(actions, expectWhole), { numRuns: 150 });
  });

  it("no character of valid UTF-8 is cut", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 7 }), wait), { minLength: 1 });
    const filler = fc.oneof(
      fc.constant(0),
      fc.integer({ min: maxLineBytes - 4, max: maxLineBytes }),
    );
    fc.assert(
      fc.property(text, filler, sizes, (given, fill, cuts) => {
        const all = Buffer.from(`${"x".repeat(fill)}${given}`);
        const actions: Action[] = [all.toString("latin1", 0, fill)];
        for (let at = fill, turn = 0; at < all.length; turn += 1) {
          const [size, waitMs] = cuts[turn % cuts.length] ?? [1, 0];
          actions.push(all.toString("latin1", at, at + size), waitMs);
          at += size;
        }
        for (const { text: shown } of play(actions)) {
          for (const line of shown.split("\n"))
            expect(isUtf8(Buffer.from(line, "latin1"))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("no timer is left behind", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes, wait), { maxLength: 10 }), (actions) => {
        const { clock, push, end } = createSubject();
        for (const action of actions) {
          if (typeof action === "number") clock.advance(action);
          else push(Buffer.from(action, "latin1"));
          expect(clock.armed()).toBeLessThanOrEqual(1);
        }
        end();
        expect(clock.armed()).toBe(0);
      }),
    );
  });
});
