/**
 * What a person or a program is shown of the log: as it stands on disk, on a terminal with colours,
 * or as JSON. Texts are whole lines in the log's format, as binary strings.
 */
import { type LogLine, parseHerokuLine } from "../core/log-format.ts";
import { colourCode, createColours, formatJson, ownName, paint, reset } from "./format.ts";

export interface DisplayOptions {
  readonly form: "lines" | "json";
  readonly terminal: "colour" | "plain" | "none";
  /** Process types, in the order in which colours are given out. */
  readonly types: readonly string[];
}

export function createDisplay(options: DisplayOptions): (text: string) => string {
  const { form, terminal, types } = options;
  const write = form === "json" ? (text: string) => eachLine(text, jsonLine) : asItIs;
  if (terminal === "none") return write;
  const show = (text: string) => endColours(makeHarmless(write(text)));
  if (form === "json" || terminal === "plain") return show;
  const colourOf = createColours(types.map((type) => `${type}.1`));
  return (text) => eachLine(show(text), (line) => paintPrefix(line, colourOf));
}

function asItIs(text: string): string {
  return text;
}

function eachLine(text: string, change: (line: string) => string): string {
  return text.slice(0, -1).split("\n").map(change).join("");
}

function jsonLine(text: string): string {
  const line = parseHerokuLine(text);
  if (line === undefined) return formatJson({}, text, false);
  const { isoTime, source, name, isContinued } = line;
  return formatJson({ time: isoTime, source, name }, line.text, isContinued);
}

/** In procman's own colour where it is procman who speaks. */
function paintPrefix(text: string, colourOf: (name: string) => number): string {
  const line = parseHerokuLine(text);
  if (line === undefined) return `${text}\n`;
  const end = text.length - line.text.length - 1;
  return `${paint(text.slice(0, end), colourOf(speaker(line)))} ${line.text}\n`;
}

function speaker({ source, name }: LogLine): string {
  return source === "app" ? name : ownName;
}

// C0 without tab and newline, DEL, and the C1 controls as UTF-8 has them, among them another escape.
const control = "[^\\t\\n -~\\x80-\\xff]|\\xc2[\\x80-\\x9f]";
const coloursAndControls = new RegExp(`${colourCode}|${control}`, "g");
/** U+FFFD. */
const replacement = "\xef\xbf\xbd";

/** A process must not move the cursor, set a title or write into the clipboard of who reads. */
function makeHarmless(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(coloursAndControls, (found) => {
    if (found.length === 1) return caret(found);
    return found.startsWith("\x1b") ? found : replacement;
  });
}

function caret(control: string): string {
  return `^${String.fromCharCode(control.charCodeAt(0) ^ 0x40)}`;
}

const colouredLine = new RegExp(`^.*${colourCode}.*$`, "gm");

/** What a process leaves switched on ends with its line. */
function endColours(text: string): string {
  return text.includes("\x1b") ? text.replace(colouredLine, `$&${reset}`) : text;
}
