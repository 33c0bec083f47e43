/**
 * Procfile text to process types. Every line is part of a process type, blank, a comment or named
 * in a diagnostic; a command loses the blanks around it and the line ends that a backslash takes
 * away, nothing else. It works on bytes: an invalid one must be found, and never replaced.
 */

import { type Diagnostic, type Result, resultOf } from "./diagnostic.ts";

export interface ProcessType {
  readonly name: string;
  readonly command: string;
  /** Where it is defined, from 1. */
  readonly line: number;
}

// What strings and maps can hold has an end: below this size nothing here can meet it.
const maxBytes = 100 * 1024 * 1024;
/** Of errors, and of warnings. Nobody reads more; the rest is counted. */
const maxShown = 50;
const maxQuoted = 60;
/** Enough to tell what a line was meant to be, and bounded however long the line is. */
const maxExcerptBytes = 256;

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const hash = 0x23;
const colon = 0x3a;
const backslash = 0x5c;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** `file` is how the person names it; it appears in the diagnostics only. */
export function parseProcfile(bytes: Uint8Array, file: string): Result<readonly ProcessType[]> {
  const mistake = findMistakeOfFile(bytes);
  if (mistake !== undefined) {
    return { ok: false, diagnostics: [{ severity: "error", file, ...mistake }] };
  }
  const types: ProcessType[] = [];
  const parse: Parse = { file, types, firstLines: new Map(), shown: [], errors: 0, warnings: 0 };
  let start = startsWith(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0;
  let number = 1;
  while (start < bytes.length) {
    const line = readLine(bytes, start, number);
    parseLine(parse, line);
    start = line.next;
    number += line.count;
  }
  if (types.length === 0 && parse.errors === 0) note(parse, "error", () => noProcess);
  return resultOf(types, [...parse.shown, ...countHidden(parse)]);
}

// -- What is found ---------------------------------------------------------------------------

interface Parse {
  readonly file: string;
  readonly types: ProcessType[];
  readonly firstLines: Map<string, number>;
  readonly shown: Diagnostic[];
  errors: number;
  warnings: number;
  /** A name without a command, while the lines are indented below it: somebody wrote YAML. */
  parent?: { readonly name: string; readonly indent: number } | undefined;
}

type Mistake = Omit<Diagnostic, "file" | "severity">;

const noProcess: Mistake = {
  message: "no process in the file",
  hint: 'write at least one line like "web: node server.js"',
};

/** `describe` is called only if there is room to show it: a million bad lines must stay cheap. */
function note(parse: Parse, severity: Diagnostic["severity"], describe: () => Mistake): void {
  const found = severity === "error" ? ++parse.errors : ++parse.warnings;
  if (found <= maxShown) parse.shown.push({ severity, file: parse.file, ...describe() });
}

function countHidden({ file, errors, warnings }: Parse): Diagnostic[] {
  const hidden: Diagnostic[] = [];
  if (warnings > maxShown) {
    const message = `and ${warnings - maxShown} more warnings`;
    hidden.push({ severity: "warning", file, message });
  }
  if (errors > maxShown) {
    const message = `and ${errors - maxShown} more errors`;
    const hint = "with so many, look whether this file is a Procfile at all";
    hidden.push({ severity: "error", file, message, hint });
  }
  return hidden;
}

/** What makes the file unreadable as a whole, so that looking at its lines would be noise. */
function findMistakeOfFile(bytes: Uint8Array): Mistake | undefined {
  if (bytes.length > maxBytes) {
    return {
      message: `the file has ${bytes.length} bytes, more than the ${maxBytes} that are read`,
      hint: "look whether this file is a Procfile at all",
    };
  }
  const nuls = countNuls(bytes);
  const hasMany = (nuls.even + nuls.odd) * 4 > nuls.sampled;
  const isUtf16 =
    startsWith(bytes, 0xff, 0xfe) ||
    startsWith(bytes, 0xfe, 0xff) ||
    // ASCII in UTF-16 has a NUL as every second byte.
    (hasMany && nuls.sampled > 1 && (nuls.even === 0 || nuls.odd === 0));
  if (isUtf16) return { message: "the file is UTF-16", hint: "save it as UTF-8" };
  if (hasMany) {
    return {
      ...placeOfFirstNul(bytes),
      message: "NUL bytes: this is not a text file",
      hint: "a Procfile is plain text in UTF-8",
    };
  }
  return undefined;
}

function countNuls(bytes: Uint8Array): { even: number; odd: number; sampled: number } {
  const sampled = Math.min(bytes.length, 4096);
  let even = 0;
  let odd = 0;
  for (let index = 0; index < sampled; index++) {
    if (bytes[index] !== 0) continue;
    if (index % 2 === 0) even += 1;
    else odd += 1;
  }
  return { even, odd, sampled };
}

function placeOfFirstNul(bytes: Uint8Array): Place {
  let start = 0;
  for (let line = 1; ; line++) {
    const { next, hasNul } = readPhysicalLine(bytes, start);
    if (hasNul) return { line, column: columnOf(bytes, start, bytes.indexOf(0, start)) };
    start = next;
  }
}

// -- Lines -----------------------------------------------------------------------------------

interface PhysicalLine {
  readonly end: number;
  /** Where the next one starts, behind LF, CRLF or CR. */
  readonly next: number;
  readonly hasNul: boolean;
  readonly isAscii: boolean;
}

/** One line, or several that backslashes join. */
interface Line extends Omit<PhysicalLine, "end"> {
  /** Its text is `text` from `from` to `to`: the file itself, or a copy where lines were joined. */
  readonly text: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly file: Uint8Array;
  readonly start: number;
  /** From 1, and how many lines of the file it takes. */
  readonly number: number;
  readonly count: number;
  /** It ends in a backslash, and so does the file. */
  readonly isOpen: boolean;
  /** A line behind the first that is a comment, and ends in a backslash all the same. */
  readonly commentNumber: number | undefined;
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function readPhysicalLine(bytes: Uint8Array, start: number): PhysicalLine {
  let bits = 0;
  let hasNul = false;
  let end = start;
  for (; end < bytes.length; end++) {
    const byte = bytes[end] ?? 0;
    if (byte === lineFeed || byte === carriageReturn) break;
    if (byte === 0) hasNul = true;
    bits |= byte;
  }
  const isPair = bytes[end] === carriageReturn && bytes[end + 1] === lineFeed;
  const next = Math.min(end + (isPair ? 2 : 1), bytes.length);
  return { end, next, hasNul, isAscii: bits < 0x80 };
}

function readLine(file: Uint8Array, start: number, number: number): Line {
  const first = readPhysicalLine(file, start);
  if (hasOddBackslashes(file, start, first.end) && !isComment(file, start, first.end)) {
    return joinLines(file, start, number);
  }
  const { end: to, next, hasNul, isAscii } = first;
  const text = file;
  const from = start;
  const count = 1;
  const isOpen = false;
  const commentNumber = undefined;
  // Not with a spread of what is common, which is slow enough to be seen in a file of many lines.
  return {
    file,
    start,
    number,
    count,
    text,
    from,
    to,
    next,
    hasNul,
    isAscii,
    isOpen,
    commentNumber,
  };
}

/** Joins as sh does: the backslash and the line end go, and nothing else. */
function joinLines(file: Uint8Array, start: number, number: number): Line {
  let last = readPhysicalLine(file, start);
  let { hasNul, isAscii } = last;
  let count = 1;
  let isOpen = true;
  let commentNumber: number | undefined;
  while (isOpen && last.next < file.length) {
    const lastStart = last.next;
    last = readPhysicalLine(file, lastStart);
    isOpen = hasOddBackslashes(file, lastStart, last.end);
    if (isOpen && isComment(file, lastStart, last.end)) commentNumber ??= number + count;
    hasNul ||= last.hasNul;
    isAscii &&= last.isAscii;
    count += 1;
  }
  const text = new Uint8Array(last.end - start);
  let to = 0;
  for (let from = start, left = count; left > 0; left--) {
    const { end, next } = readPhysicalLine(file, from);
    const stop = left > 1 || isOpen ? end - 1 : end;
    while (from < stop) text[to++] = file[from++] ?? 0;
    from = next;
  }
  const from = 0;
  const { next } = last;
  return {
    file,
    start,
    number,
    count,
    text,
    from,
    to,
    next,
    hasNul,
    isAscii,
    isOpen,
    commentNumber,
  };
}

/** Where in the file the byte stands that is at `offset` of the line's text. */
function placeOf(line: Line, offset: number): Place {
  let { start, number } = line;
  let rest = offset - line.from;
  for (let left = line.count; left > 1; left--) {
    const { end, next } = readPhysicalLine(line.file, start);
    const length = end - 1 - start;
    if (rest < length) break;
    rest -= length;
    start = next;
    number += 1;
  }
  return { line: number, column: columnOf(line.file, start, start + rest) };
}

function columnOf(bytes: Uint8Array, start: number, offset: number): number {
  let column = 1;
  for (let index = start; index < offset; index++) {
    if (!isContinuationByte(bytes[index])) column += 1;
  }
  return column;
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === tab;
}

function skipBlanks(text: Uint8Array, from: number, to: number): number {
  let index = from;
  while (index < to && isBlank(text[index])) index += 1;
  return index;
}

function isComment(text: Uint8Array, from: number, to: number): boolean {
  const first = skipBlanks(text, from, to);
  return first < to && text[first] === hash;
}

function hasOddBackslashes(text: Uint8Array, from: number, to: number): boolean {
  let index = to;
  while (index > from && text[index - 1] === backslash) index -= 1;
  return (to - index) % 2 === 1;
}

// -- The grammar -----------------------------------------------------------------------------

/** Offsets in a line's text. */
interface Name {
  readonly start: number;
  readonly end: number;
  readonly colon: number;
}

function parseLine(parse: Parse, line: Line): void {
  noteJoins(parse, line);
  const { text, from, to } = line;
  if (line.hasNul) {
    note(parse, "error", () => describeNul(line));
    return;
  }
  const first = skipBlanks(text, from, to);
  if (first === to || text[first] === hash) return;
  const name = findName(text, first, to);
  const { parent } = parse;
  const isNested = parent !== undefined && first - from > parent.indent;
  if (name !== undefined) noteBlanks(parse, line, name, isNested);
  if (isNested) {
    note(parse, "error", () => describeNested(line, first, parent.name));
    return;
  }
  parse.parent = undefined;
  if (name === undefined) note(parse, "error", () => describeBadLine(parse, line, first));
  else parseProcessType(parse, line, name);
}

function findName(text: Uint8Array, start: number, to: number): Name | undefined {
  const end = skipName(text, start, to);
  const index = skipBlanks(text, end, to);
  const isName = end > start && index < to && text[index] === colon;
  return isName ? { start, end, colon: index } : undefined;
}

function skipName(text: Uint8Array, from: number, to: number): number {
  let index = from;
  while (index < to && isNameByte(text[index] ?? 0)) index += 1;
  return index;
}

/** Is it one of `A-Z a-z 0-9 _ -`? */
function isNameByte(byte: number): boolean {
  const lower = byte | 0x20;
  const isLetter = lower >= 0x61 && lower <= 0x7a;
  return isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f || byte === 0x2d;
}

function parseProcessType(parse: Parse, line: Line, at: Name): void {
  const { text, to } = line;
  const name = decode(text, at.start, at.end);
  const start = skipBlanks(text, at.colon + 1, to);
  const end = endOfCommand(text, start, to);
  const firstLine = parse.firstLines.get(name);
  if (firstLine === undefined) {
    parse.firstLines.set(name, line.number);
  } else {
    note(parse, "error", () => ({
      ...placeOf(line, at.start),
      message: `${quote(name)} is defined on line ${firstLine} and again on line ${line.number}`,
      hint: "give one of them another name, as both were probably meant to run",
    }));
  }
  if (start === end) {
    noteMissingCommand(parse, line, at);
    return;
  }
  const invalid = line.isAscii ? undefined : findInvalidByte(text, start, to);
  if (invalid !== undefined) {
    note(parse, "error", () => describeInvalidByte(line, invalid, `the command of ${quote(name)}`));
  } else if (firstLine === undefined) {
    parse.types.push({ name, command: decode(text, start, end), line: line.number });
  }
  if (isBlank(text[end - 1])) {
    note(parse, "warning", () => ({
      ...placeOf(line, end - 2),
      message: "a blank after the backslash at the end of the line",
      hint: "if the command goes on in the next line, remove the blank",
    }));
  }
}

/** Without the blanks at the end, but with one that a backslash makes part of an argument. */
function endOfCommand(text: Uint8Array, start: number, to: number): number {
  let end = to;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return end < to && hasOddBackslashes(text, start, end) ? end + 1 : end;
}

function noteMissingCommand(parse: Parse, line: Line, at: Name): void {
  const name = decode(line.text, at.start, at.end);
  const indent = at.start - line.from;
  const isParent = isIndented(line.file, line.next, indent);
  if (isParent) parse.parent = { name, indent };
  note(parse, "error", () => ({
    ...placeOf(line, at.start),
    message: `${quote(name)} has no command`,
    hint: isParent
      ? "a Procfile is not YAML: write the command after the colon, on the same line"
      : `write it after the colon, as in: ${show(name)}: node server.js`,
  }));
}

function isIndented(file: Uint8Array, start: number, indent: number): boolean {
  const first = skipBlanks(file, start, file.length);
  const byte = file[first];
  const isText = first < file.length && byte !== lineFeed && byte !== carriageReturn;
  return isText && byte !== hash && first - start > indent;
}

function noteBlanks(parse: Parse, line: Line, at: Name, isNested: boolean): void {
  const { start, end } = at;
  if (start === line.from && end === at.colon) return;
  const isBefore = start > line.from;
  note(parse, "warning", () => {
    const name = show(decode(line.text, start, end));
    const where = isBefore ? `before the name "${name}"` : `before the colon of "${name}"`;
    return {
      ...placeOf(line, isBefore ? line.from : end),
      message: `a blank ${where}`,
      hint: `Foreman drops such a line${isNested ? "" : `: begin it with "${name}:"`}`,
    };
  });
}

function noteJoins(parse: Parse, line: Line): void {
  const { number, count, isOpen, commentNumber } = line;
  if (count > 1) {
    const { end } = readPhysicalLine(line.file, line.start);
    note(parse, "warning", () => ({
      line: number,
      column: columnOf(line.file, line.start, end - 1),
      message: `lines ${number} to ${number + count - 1} are joined by the backslashes at their ends`,
      hint: "Heroku would not join them: write the command on one line",
    }));
  }
  if (commentNumber !== undefined) {
    note(parse, "error", () => ({
      line: commentNumber,
      column: 1,
      message: `line ${commentNumber} begins with "#", and the shell would skip all that is joined behind it`,
      hint: `move the comment above line ${number}`,
    }));
  }
  if (isOpen) {
    note(parse, "error", () => {
      // The backslash that is missing in the text is where the text ends.
      const place = placeOf(line, line.to);
      const message = "the last line ends in a backslash, but there is no line to go on in";
      return { ...place, message, hint: "remove the backslash, or write the rest of the command" };
    });
  }
}

// -- What a wrong line was meant to be ---------------------------------------------------------

interface Likeness {
  readonly pattern: RegExp;
  readonly describe: (first: string, second: string) => Mistake;
}

// The first that fits speaks. They see an excerpt only, so none of them can be slow.
const marks: readonly Likeness[] = [
  {
    pattern: /^(<{7}|\|{7}|={7}|>{7})/,
    describe: (marker) => ({
      message: `${quote(marker)} is a conflict marker of a merge`,
      hint: "keep the lines that are right, and remove the markers",
    }),
  },
  {
    pattern: /^\/\//,
    describe: () => ({ message: '"//" does not begin a comment', hint: 'begin it with "#"' }),
  },
  {
    pattern: /^---(?:[ \t]|$)/,
    describe: () => ({
      message: '"---" is YAML',
      hint: "a Procfile is not YAML: remove the line",
    }),
  },
  {
    pattern: /^-[ \t]+(.*)/s,
    describe: (rest) => ({
      message: "a dash before the name is YAML",
      hint: `a Procfile is not YAML: write: ${show(rest)}`,
    }),
  },
  {
    pattern: /^\{\\rtf/,
    describe: () => ({ message: "the file is Rich Text", hint: "save it as plain text" }),
  },
  {
    pattern: /^:[ \t]*(.*)/s,
    describe: (rest) => ({
      message: "no name before the colon",
      hint: `write one, as in: web: ${rest === "" ? "node server.js" : show(rest)}`,
    }),
  },
  {
    pattern: /^(\w[\w-]*)[ \t]*=[ \t]*(.*)/s,
    describe: (name, rest) => ({
      message: `"=" after ${quote(name)} where a colon belongs`,
      hint: `put it into .env if it is a variable, or write: ${show(`${name}: ${rest}`)}`,
    }),
  },
];

const words: readonly Likeness[] = [
  {
    pattern: /^(\w[\w-]*[ \t]+[\w-]+)[ \t]*:(?:[ \t]|$)/,
    describe: (name) => ({
      message: `a blank in the name ${quote(name)}`,
      hint: `name it ${quote(name.replace(/[ \t]+/, "-"))}`,
    }),
  },
  {
    pattern: /^(\w[\w-]*)[ \t]+(.*)/s,
    describe: (name, rest) => ({
      message: `no colon after ${quote(name)}`,
      hint: `begin the line with "#" if it is no process, or write: ${show(`${name}: ${rest}`)}`,
    }),
  },
  {
    pattern: /^([^ \t:]+)[ \t]*:/,
    describe: (name) => ({
      message: `${quote(name)} cannot be a name`,
      hint: "a name has only the letters A-Z and a-z, digits, _ and -",
    }),
  },
];

function describeBadLine(parse: Parse, line: Line, first: number): Mistake {
  const foreign = findForeignCharacter(line, first);
  if (foreign !== undefined) return describeForeignCharacter(line, first, foreign);
  const place = placeOf(line, first);
  const text = excerpt(line.text, first, line.to);
  const asMark = findLikeness(marks, text);
  if (asMark !== undefined) return { ...place, ...asMark };
  const message = text.includes(":")
    ? `${quote(text)} is not NAME: COMMAND`
    : `no colon in ${quote(text)}`;
  const above = parse.types.at(-1);
  if (first > line.from && above !== undefined && !/^[^ \t]*:/.test(text)) {
    const hint = `if it belongs to the command of ${quote(above.name)}, write it on line ${above.line}`;
    return { ...place, message, hint };
  }
  const hint = 'write a line like "web: node server.js", or begin it with "#" if it is a comment';
  return { ...place, ...(findLikeness(words, text) ?? { message, hint }) };
}

function findLikeness(likenesses: readonly Likeness[], text: string): Mistake | undefined {
  for (const { pattern, describe } of likenesses) {
    const match = pattern.exec(text);
    if (match !== null) return describe(match[1] ?? "", match[2] ?? "");
  }
  return undefined;
}

/** A line below a name without a command, and further in. */
function describeNested(line: Line, first: number, parent: string): Mistake {
  const text = excerpt(line.text, first, line.to);
  const command = /^(?:(?:command|cmd|run)[ \t]*:[ \t]*)?(.*)/s.exec(text)?.[1] ?? "";
  return {
    ...placeOf(line, first),
    message: `${quote(text)} is indented below ${quote(parent)}, which is YAML`,
    hint: /^[\w-]+[ \t]*:([ \t]|$)/.test(command)
      ? "a Procfile is not YAML: it has lines of NAME: COMMAND, and nothing below them"
      : `a Procfile is not YAML: write: ${show(`${parent}: ${command}`)}`,
  };
}

function describeNul(line: Line): Mistake {
  return {
    ...placeOf(line, line.text.indexOf(0, line.from)),
    message: "a NUL byte",
    hint: "remove it: a Procfile is plain text in UTF-8",
  };
}

function describeInvalidByte(line: Line, offset: number, where: string): Mistake {
  return {
    ...placeOf(line, offset),
    message: `the byte 0x${toHex(line.text[offset] ?? 0, 2)} in ${where} is not UTF-8`,
    hint: "save the file as UTF-8",
  };
}

/** The offset of what is outside ASCII in a name, or stands where only blanks and a colon may. */
function findForeignCharacter({ text, to }: Line, first: number): number | undefined {
  const end = skipName(text, first, to);
  if (end < to && (text[end] ?? 0) >= 0x80) return end;
  const next = skipBlanks(text, end, to);
  if (next === to || (text[next] ?? 0) < 0x80) return undefined;
  const character = decode(text, next, next + sequenceLength(text, next, to));
  return character === fullwidthColon || isInvisible(character) ? next : undefined;
}

const fullwidthColon = "\uff1a";

function describeForeignCharacter(line: Line, first: number, offset: number): Mistake {
  const { text, to } = line;
  const length = sequenceLength(text, offset, to);
  if (length === 0) return describeInvalidByte(line, offset, "a name");
  const character = decode(text, offset, offset + length);
  const place = placeOf(line, offset);
  const codePoint = toCodePoint(character);
  if (character === fullwidthColon) {
    const message = `${quote(character)} (${codePoint}) where a colon belongs`;
    return { ...place, message, hint: 'type it as ":"' };
  }
  const name = quote(/^[^ \t:]*/.exec(excerpt(text, first, to))?.[0] ?? "");
  if (isInvisible(character)) {
    const message = `${codePoint}, which cannot be seen, in the name ${name}`;
    return { ...place, message, hint: "delete it, or type the name again" };
  }
  return {
    ...place,
    message: `${quote(character)} (${codePoint}) in the name ${name} is not ASCII`,
    hint: "type the name again, with only the letters A-Z and a-z, digits, _ and -",
  };
}

// -- Text ------------------------------------------------------------------------------------

function decode(text: Uint8Array, from: number, to: number): string {
  return decoder.decode(text.subarray(from, to));
}

function excerpt(text: Uint8Array, from: number, to: number): string {
  const isWhole = to - from <= maxExcerptBytes;
  const shown = decode(text, from, isWhole ? to : from + maxExcerptBytes);
  return isWhole ? shown.replace(/[ \t]+$/, "") : shown;
}

function quote(text: string): string {
  return `"${show(text)}"`;
}

/** Short enough for a message, and with nothing in it that is not seen or moves the cursor. */
function show(text: string): string {
  const start = text.length > maxQuoted ? text.slice(0, maxQuoted).replace(/\p{Cs}$/u, "") : text;
  const shown = start.replace(invisible, (character) => `<${toCodePoint(character)}>`);
  return start.length < text.length ? `${shown}…` : shown;
}

// All blanks but the space, controls, what has no width, and what no font has.
const invisible = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

function isInvisible(character: string): boolean {
  return character.search(invisible) === 0;
}

function toCodePoint(character: string): string {
  return `U+${toHex(character.codePointAt(0) ?? 0, 4)}`;
}

function toHex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

function findInvalidByte(text: Uint8Array, from: number, to: number): number | undefined {
  let index = from;
  while (index < to) {
    const length = sequenceLength(text, index, to);
    if (length === 0) return index;
    index += length;
  }
  return undefined;
}

/** How many bytes the character at `index` has in UTF-8; 0 if there is none. */
function sequenceLength(text: Uint8Array, index: number, to: number): number {
  const lead = text[index] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = 2 + Number(lead >= 0xe0) + Number(lead >= 0xf0);
  if (index + length > to) return 0;
  for (let next = index + 1; next < index + length; next++) {
    if (!isContinuationByte(text[next])) return 0;
  }
  return isShortestForm(lead, text[index + 1] ?? 0) ? length : 0;
}

/** Neither longer than it need be, nor a surrogate, nor beyond U+10FFFF. */
function isShortestForm(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second < 0xa0;
  if (lead === 0xf0) return second >= 0x90;
  return lead !== 0xf4 || second < 0x90;
}

function isContinuationByte(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function startsWith(bytes: Uint8Array, ...start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}
