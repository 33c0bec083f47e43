/** Batches → text for a reader: in one pass over the batch, but for JSON. Texts are binary strings. */
import { Buffer, isUtf8 } from "node:buffer";
import { formatTime, herokuPrefix, type Source } from "../core/log-format.ts";
import type { LogFormat, Timestamps } from "../core/settings.ts";
import type { ColourName } from "../core/settings-schema.ts";
import type { Batch } from "./line-batches.ts";

/** Lines of one source, read at one time. */
export interface Entry {
  readonly source: Source;
  /** The instance, or `procman` where a line is about none. */
  readonly name: string;
  /** Wall clock. */
  readonly timeMs: number;
  readonly batch: Batch;
}

export interface FormatOptions {
  readonly logFormat: LogFormat;
  readonly timestamps: Timestamps;
  readonly prefix: boolean;
  readonly terminal: "colour" | "plain" | "none";
  /** The names that are known, for the padding; in the order in which colours are given out. */
  readonly names: readonly string[];
  /** Of process types that have one of their own. */
  readonly colours?: ReadonlyMap<string, ColourName>;
}

export type Format = (entry: Entry) => string;

export function createFormat(options: FormatOptions): Format {
  switch (options.logFormat) {
    case "text":
      return options.prefix ? prefixed(options) : bare(options);
    case "heroku":
      return heroku(options);
    case "json":
      return json;
  }
}

/** The name of procman's own lines. */
export const ownName = "procman";
export const reset = "\x1b[0m";
/** What switches a colour on or off, and does nothing else: the source of a pattern. */
export const colourCode = `${"\x1b"}\\[[\\d;:]*m`;
/** Cyan, yellow, green, magenta, blue, and their bright ones; red is left for what went wrong. */
const colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
const ownColour = 90;
const colourCodes: { readonly [Name in ColourName]: number } = {
  cyan: 36,
  yellow: 33,
  green: 32,
  magenta: 35,
  blue: 34,
  red: 31,
};

function prefixed({ timestamps, terminal, names, colours: chosen }: FormatOptions): Format {
  let width = Math.max(ownName.length, ...names.map((name) => name.length));
  const colourOf = createColours(names, chosen);
  const timeOf = createTime(timestamps);

  return (entry) => {
    const name = entry.source === "procman" ? ownName : entry.name;
    // Scaling may bring a name that is longer than those before.
    width = Math.max(width, name.length);
    const label = `${timeOf(entry.timeMs)}${name.padEnd(width)}`;
    const about = aboutOf(entry);
    const around = (bar: string) =>
      terminal === "colour"
        ? `${paint(`${label} ${bar}`, colourOf(name))} ${about}`
        : `${label} ${bar} ${about}`;
    return withPrefix(entry, around("|"), around("+"), terminal);
  };
}

/** procman's own lines begin with the instance they are about. Others' names have no dot. */
function aboutOf({ source, name }: Entry): string {
  return source === "procman" && name.includes(".") ? `${name} ` : "";
}

/** Nothing is changed by a prefix of nothing, but procman's lines are still told apart. */
function bare({ terminal }: FormatOptions): Format {
  let mayBeColoured = false;
  return (entry) => {
    const { text } = entry.batch;
    if (entry.source === "app") {
      mayBeColoured ||= terminal !== "none" && text.includes("\x1b");
      return text;
    }
    const prefix = `${mayBeColoured ? reset : ""}${ownName}: ${aboutOf(entry)}`;
    return withPrefix(entry, prefix, prefix, terminal);
  };
}

function heroku({ terminal }: FormatOptions): Format {
  return (entry) => {
    const time = new Date(entry.timeMs).toISOString();
    const prefix = (isContinued: boolean) =>
      herokuPrefix(time, entry.source, entry.name, isContinued);
    return withPrefix(entry, prefix(false), prefix(true), terminal);
  };
}

function withPrefix(
  entry: Entry,
  prefix: string,
  continuedPrefix: string,
  terminal: FormatOptions["terminal"],
): string {
  const { text, isContinued } = entry.batch;
  // A colour that a child leaves on must not run into the next prefix. One that has a colour of
  // its own begins with a reset; before any other it is switched off behind the line.
  if (terminal !== "none" && !prefix.startsWith("\x1b") && text.includes("\x1b")) {
    const batch = { text: text.replaceAll("\n", `${reset}\n`), isContinued };
    return withPrefix({ ...entry, batch }, prefix, continuedPrefix, "none");
  }
  const first = isContinued ? continuedPrefix : prefix;
  return `${first}${text.slice(0, -1).replaceAll("\n", `\n${prefix}`)}\n`;
}

function json({ source, name, timeMs, batch }: Entry): string {
  const time = new Date(timeMs).toISOString();
  const lines = batch.text.slice(0, -1).split("\n");
  const rows = lines.map((line, index) =>
    formatJson({ time, source, name }, line, index === 0 && batch.isContinued),
  );
  return rows.join("");
}

/** What is known of a line, and its text, as one object. */
export function formatJson(about: object, text: string, isContinued: boolean): string {
  const bytes = Buffer.from(text, "latin1");
  const row = {
    ...about,
    text: bytes.toString("utf8"),
    ...(isUtf8(bytes) ? {} : { base64: bytes.toString("base64") }),
    ...(isContinued ? { continues: true } : {}),
  };
  return binary(`${JSON.stringify(row)}\n`);
}

/** A text of our own as one character per byte. */
export function binary(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Whatever colour was left on before. */
export function paint(text: string, colour: number): string {
  return `\x1b[0;${colour}m${text}${reset}`;
}

/** One for each type: the first for those that are known, in their order, then as they come. */
export function createColours(
  names: readonly string[],
  chosen: ReadonlyMap<string, ColourName> = new Map(),
): (name: string) => number {
  const indexes = new Map([...new Set(names.map(typeOf))].map((type, index) => [type, index]));
  return (name) => {
    if (name === ownName) return ownColour;
    const type = typeOf(name);
    const own = chosen.get(type);
    if (own !== undefined) return colourCodes[own];
    const index = indexes.get(type) ?? indexes.size;
    indexes.set(type, index);
    return colours[index % colours.length] ?? ownColour;
  };
}

function typeOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}

/** A second's text is made once. ISO times have milliseconds, and are made once for each. */
function createTime(timestamps: Timestamps): (timeMs: number) => string {
  const stepMs = timestamps === "iso" ? 1 : 1_000;
  let step = Number.NaN;
  let text = "";
  return (timeMs) => {
    const current = Math.floor(timeMs / stepMs);
    if (current !== step) {
      step = current;
      const date = new Date(timeMs);
      text = formatTime(timestamps, {
        hours: date.getHours(),
        minutes: date.getMinutes(),
        seconds: date.getSeconds(),
        iso: date.toISOString(),
      });
    }
    return text;
  };
}
