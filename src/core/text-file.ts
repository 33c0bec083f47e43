/**
 * The text of a file that a person wrote: from its bytes, and back into a message. What is no
 * text is refused here, before anybody looks at its lines.
 */
import type { Diagnostic, Result } from "./diagnostic.ts";

const maxBytes = 4 * 1024 * 1024;
const maxQuoted = 60;

/** Without a byte order mark, with LF for each CRLF and CR, and U+FFFD for what is not UTF-8. */
export function decodeText(bytes: Uint8Array, file: string): Result<string> {
  const refuse = (found: Omit<Diagnostic, "severity" | "file">): Result<string> => ({
    ok: false,
    diagnostics: [{ severity: "error", file, ...found }],
  });
  if (bytes.length > maxBytes) {
    return refuse({ message: "the file is larger than 4 MiB", hint: "is it the right one?" });
  }
  if (isUtf16(bytes)) return refuse({ message: "the file is UTF-16", hint: "save it as UTF-8" });
  const text = new TextDecoder().decode(bytes).replace(/\r\n?/g, "\n");
  const nul = text.indexOf("\0");
  if (nul === -1) return { ok: true, value: text, diagnostics: [] };
  const hint = "remove it: the file must be plain text in UTF-8";
  return refuse({ ...placeOf(text, nul), message: "a NUL byte", hint });
}

/** By its mark or, without one, by its first character: in ASCII, one of its two bytes is zero. */
function isUtf16([first, second]: Uint8Array): boolean {
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return hasMark || (second !== undefined && (first === 0) !== (second === 0));
}

/** Line and column, both from 1, of what is at `offset`. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  let end = text.indexOf("\n");
  while (end !== -1 && end < offset) {
    line += 1;
    start = end + 1;
    end = text.indexOf("\n", start);
  }
  return { line, column: offset - start + 1 };
}

export function quote(text: string): string {
  return `"${show(text)}"`;
}

/** Short enough for a message, and with nothing in it that is not seen or moves the cursor. */
export function show(text: string): string {
  const start = text.length > maxQuoted ? text.slice(0, maxQuoted).replace(/\p{Cs}$/u, "") : text;
  return start.length < text.length ? `${showAll(start)}…` : showAll(start);
}

/** However long it is. */
export function showAll(text: string): string {
  // The expression below is large, and takes its time when it is first needed.
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(invisible, (character) => `<${toCodePoint(character)}>`);
}

// All blanks but the space, controls, what has no width, and what no font has.
const invisible = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/** `U+00E9`. */
export function toCodePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${hex.padStart(4, "0")}`;
}
