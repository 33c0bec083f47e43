/**
 * The forms a line of output may take: the terminal's, Heroku's, and JSON. A line's text is a
 * binary string, one character per byte, so that whatever a child wrote comes out as it was.
 */
import type { Timestamps } from "./settings.ts";

/** The router is a part of procman, and stands in the log as `procman[router]`. */
export type Source = "app" | "procman" | "router";
export const routerName = "router";

/** `14:32:01 ` in local time, `2026-11-21T14:32:01.123Z `, or nothing. */
export function formatTime(timestamps: Timestamps, time: LocalTime): string {
  switch (timestamps) {
    case "time":
      return `${two(time.hours)}:${two(time.minutes)}:${two(time.seconds)} `;
    case "iso":
      return `${time.iso} `;
    case "off":
      return "";
  }
}

/** A moment as its reader's wall clock shows it, and as ISO 8601 in UTC. */
export interface LocalTime {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly iso: string;
}

/** `2026-11-21T14:32:01.123456+00:00 app[web.1]: `; `+` for `:` where a piece continues a line. */
export function herokuPrefix(
  isoTime: string,
  source: Source,
  name: string,
  isContinued: boolean,
): string {
  const time = isoTime.replace(/(\.\d{3})Z$/, "$1000+00:00");
  const speaker = source === "app" ? "app" : "procman";
  return `${time} ${speaker}[${name}]${isContinued ? "+" : ":"} `;
}

/** A line of the log, read. */
export interface LogLine {
  /** `2026-11-21T14:32:01.123Z`. */
  readonly isoTime: string;
  readonly source: Source;
  readonly name: string;
  /** It is a piece that goes on where the one before it ended. */
  readonly isContinued: boolean;
  readonly text: string;
}

/** What `herokuPrefix` has written, and the text behind it; no newline. Undefined for anything else. */
export function parseHerokuLine(line: string): LogLine | undefined {
  const found = herokuLine.exec(line);
  if (found === null) return undefined;
  const [prefix, time, source, name, mark] = found;
  return {
    isoTime: `${time}Z`,
    source: sourceOf(source, name),
    name: name ?? "",
    isContinued: mark === "+",
    text: line.slice(prefix.length),
  };
}

function sourceOf(speaker: string | undefined, name: string | undefined): Source {
  if (speaker === "app") return "app";
  return name === routerName ? "router" : "procman";
}

const herokuLine =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d{3}\+00:00 (app|procman)\[([\w.:-]+)\]([:+]) /;

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
