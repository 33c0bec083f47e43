import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";
import { decodeText, placeOf, quote, toCodePoint } from "../../src/core/text-file.ts";

type Bytes = readonly number[] | Uint8Array;

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Bytes) {
  const result = decodeText(Uint8Array.from(bytes), "F");
  return result.ok ? result.value : result.diagnostics.map(formatDiagnostic);
}

describe("decodeText", () => {
  it.each<[name: string, bytes: Bytes, text: string]>([
    ["nothing", [], ""],
    ["one character", [65], "A"],
    ["LF, CRLF and CR", bytesOf("a\nb\r\nc\rd\n\r\r\n"), "a\nb\nc\nd\n\n\n"],
    ["other separators", bytesOf("a\u2028b\u0085c\v"), "a\u2028b\u0085c\v"],
    ["one byte order mark", bytesOf("\ufeffa\ufeff"), "a\ufeff"],
    ["a second byte order mark", bytesOf("\ufeff\ufeff"), "\ufeff"],
    ["all of Unicode", bytesOf("é日🔑"), "é日🔑"],
    ["what is not UTF-8", [65, 0xe9, 66, 0xf0, 0x9f], "A\ufffdB\ufffd"],
    ["4 MiB", new Uint8Array(4 * 1024 * 1024).fill(65), "A".repeat(4 * 1024 * 1024)],
  ])("%s", (_, bytes, text) => {
    expect(decode(bytes)).toBe(text);
  });

  const isUtf16 = "F: error: the file is UTF-16; save it as UTF-8";
  it.each<[name: string, bytes: Bytes, said: string]>([
    ["UTF-16, little end first", [0xff, 0xfe, 65, 0], isUtf16],
    ["UTF-16, big end first", [0xfe, 0xff, 0, 65], isUtf16],
    ["UTF-16 without a mark, little end first", [65, 0], isUtf16],
    ["UTF-16 without a mark, big end first", [0, 65], isUtf16],
    ["a mark of UTF-16 alone", [0xff, 0xfe], isUtf16],
    [
      "a NUL",
      bytesOf("a\r\nbc\0\0"),
      "F:2:3: error: a NUL byte; remove it: the file must be plain text in UTF-8",
    ],
    ["NUL alone", [0], "F:1:1: error: a NUL byte; remove it: the file must be plain text in UTF-8"],
    [
      "more than 4 MiB",
      new Uint8Array(4 * 1024 * 1024 + 1),
      "F: error: the file is larger than 4 MiB; is it the right one?",
    ],
  ])("refuses %s", (_, bytes, said) => {
    expect(decode(bytes)).toEqual([said]);
  });
});

describe("placeOf", () => {
  it.each([
    [0, 1, 1],
    [1, 1, 2],
    [2, 1, 3],
    [3, 2, 1],
    [4, 3, 1],
    [5, 3, 2],
  ])("offset %i", (offset, line, column) => {
    expect(placeOf("ab\n\nc", offset)).toEqual({ line, column });
  });
});

describe("quote", () => {
  it.each<[name: string, text: string, quoted: string]>([
    ["a word", "a b", '"a b"'],
    ["what is not seen", "a\u00a0\t\u200b\u001b[2J", '"a<U+00A0><U+0009><U+200B><U+001B>[2J"'],
    ["half a character", "\ud83d", '"<U+D83D>"'],
    ["as much as is shown", "x".repeat(60), `"${"x".repeat(60)}"`],
    ["more than is shown", "x".repeat(61), `"${"x".repeat(60)}…"`],
    ["a cut within a character", `${"x".repeat(59)}🔑`, `"${"x".repeat(59)}…"`],
  ])("%s", (_, text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });
});

it("names a character by its code point", () => {
  expect(["A", "é", "🔑"].map(toCodePoint)).toEqual(["U+0041", "U+00E9", "U+1F511"]);
});
