/**
 * Which lines of the log a query means. Most of a log is not looked at: the bytes are searched for
 * what can only stand before a wanted line's text, and only such lines become strings.
 */
import { type LogLine, parseHerokuLine, routerName } from "../core/log-format.ts";
import type { LogQuery } from "../core/log-query.ts";
import { colourCode } from "./format.ts";

export interface Row {
  /** With its newline; a binary string. */
  readonly text: string;
  /** It begins a line of the result, and is no more of the line before it. */
  readonly isStart: boolean;
}

/**
 * Takes whole lines (the last may lack its newline, when it will never get one), again and again, in the order of the log. With a pattern it remembers which
 * lines have matched: the pieces that continue them belong to them.
 */
export type Selector = (lines: Buffer) => readonly Row[];

export function createSelector(query: LogQuery): Selector {
  const findLines = createFinder(query);
  const isMeant = createCheck(query);
  const showsRest = createPatternCheck(query);

  return (lines) => {
    const rows: Row[] = [];
    for (const text of findLines(endLine(lines))) {
      const line = parseHerokuLine(text.slice(0, -1));
      if (!isMeant(line)) continue;
      const part = showsRest(text, line);
      if (part !== "none") rows.push({ text, isStart: part === "start" });
    }
    return rows;
  };
}

/** What the prefix says. Who asks for nothing in particular also gets what is no line of the log. */
function createCheck(query: LogQuery): (line: LogLine | undefined) => boolean {
  const { source, sinceMs, untilMs } = query;
  const isWantedName = createNameCheck(query);
  const sinceTime = sinceMs === undefined ? "" : new Date(sinceMs).toISOString();
  const untilTime = untilMs === undefined ? "9" : new Date(untilMs).toISOString();
  const isForAll = [source, sinceMs, untilMs].every((limit) => limit === undefined);
  return (line) => {
    if (line === undefined) return isForAll && !hasNames(query);
    if (source === "system" ? line.source === "app" : line.source !== (source ?? line.source)) {
      return false;
    }
    const isInTime = line.isoTime >= sinceTime && line.isoTime <= untilTime;
    return isInTime && isWantedName(line.name);
  };
}

function hasNames({ types, names }: LogQuery): boolean {
  return types.length > 0 || names.length > 0;
}

function createNameCheck(query: LogQuery): (name: string) => boolean {
  if (!hasNames(query)) return () => true;
  const types = new Set(query.types);
  const names = new Set(query.names);
  return (name) => names.has(name) || types.has(name.slice(0, Math.max(0, name.lastIndexOf("."))));
}

type Part = "start" | "rest" | "none";

/** With a pattern, a line is shown from the first of its pieces on in which it is found. */
function createPatternCheck({
  pattern,
}: LogQuery): (text: string, line: LogLine | undefined) => Part {
  if (pattern === undefined) return (_, line) => (line?.isContinued ? "rest" : "start");
  const shown = new Set<string>();
  return (text, line) => {
    if (line === undefined) return pattern.test(readable(text.slice(0, -1))) ? "start" : "none";
    const name = `${line.source} ${line.name}`;
    if (!line.isContinued) shown.delete(name);
    if (shown.has(name)) return "rest";
    if (!pattern.test(readable(line.text))) return "none";
    shown.add(name);
    return "start";
  };
}

const colours = new RegExp(colourCode, "g");

const beyondAscii = /[\x80-\xff]/;

/** As a person would read it. */
function readable(text: string): string {
  const bare = text.includes("\x1b") ? text.replace(colours, "") : text;
  return beyondAscii.test(bare) ? Buffer.from(bare, "latin1").toString("utf8") : bare;
}

// -- Finding lines in bytes --------------------------------------------------------------------

const newline = 10;

function endLine(bytes: Buffer): Buffer {
  const isEnded = bytes.length === 0 || bytes.at(-1) === newline;
  return isEnded ? bytes : Buffer.concat([bytes, Buffer.of(newline)]);
}

/** `2026-11-21T14:32:01.123456+00:00` */
const timeBytes = 32;
/** Where `[` stands behind each source. */
const nameOffsets = ["app", "procman"].map((speaker) => timeBytes + 1 + speaker.length);

function createFinder(query: LogQuery): (bytes: Buffer) => Iterable<string> {
  const needles = needlesOf(query);
  if (needles.length === 0) return allLines;
  const offsets = hasNames(query) ? nameOffsets : [timeBytes];
  return (bytes) => {
    const starts = new Set(needles.flatMap((needle) => findStarts(bytes, needle, offsets)));
    return [...starts].sort((a, b) => a - b).map((start) => lineAt(bytes, start));
  };
}

/** One of these is in every line that is wanted; none, if they are no use. */
function needlesOf(query: LogQuery): readonly Buffer[] {
  const { types, names, source } = query;
  const texts = hasNames(query)
    ? [...types.map((type) => `[${type}.`), ...names.map((name) => `[${name}]`)]
    : speakersOf(source);
  return texts.map((text) => Buffer.from(text, "latin1"));
}

/** Nearly all lines are those of the app. */
function speakersOf(source: LogQuery["source"]): readonly string[] {
  switch (source) {
    case undefined:
    case "app":
      return [];
    case "system":
    case "procman":
      return [" procman["];
    case "router":
      return [` procman[${routerName}]`];
  }
}

/** Of lines that have the needle in their prefix, at one of the offsets. */
function findStarts(bytes: Buffer, needle: Buffer, offsets: readonly number[]): readonly number[] {
  const starts: number[] = [];
  for (let hit = bytes.indexOf(needle); hit >= 0; hit = bytes.indexOf(needle, hit + 1)) {
    for (const offset of offsets) {
      const start = hit - offset;
      if (start === 0 || bytes[start - 1] === newline) starts.push(start);
    }
  }
  return starts;
}

function* allLines(bytes: Buffer): Iterable<string> {
  const text = bytes.toString("latin1");
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf("\n", start) + 1;
    yield text.slice(start, end);
    start = end;
  }
}

function lineAt(bytes: Buffer, start: number): string {
  return bytes.toString("latin1", start, bytes.indexOf(newline, start) + 1);
}
