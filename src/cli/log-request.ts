/** From the options of `procman logs` to which lines are wanted. */
import { readDurationMs } from "../core/duration.ts";
import { routerName } from "../core/log-format.ts";
import type { LogQuery } from "../core/log-query.ts";
import { ownName } from "../logs/format.ts";
import type { Options } from "./call.ts";
import { textOf } from "./options.ts";

export interface LogRequest {
  readonly query: LogQuery;
  readonly lines: number;
  readonly isFollowed: boolean;
}

/** What is wrong, for a person. */
export interface LogProblem {
  readonly problem: string;
}

const usualLines = 100;

/** `nowMs` is wall clock. */
export function readLogRequest(options: Options, nowMs: number): LogRequest | LogProblem {
  const problems: string[] = [];
  const read = <T>(name: string, parse: (text: string) => T | LogProblem): T | undefined => {
    const text = textOf(options, name);
    const value = text === undefined ? undefined : parse(text);
    if (!isProblem(value)) return value;
    problems.push(`--${name} "${text}" ${value.problem}`);
    return undefined;
  };
  const sinceMs = read("since", (text) => readSince(text, nowMs));
  const words = [...(read("ps", readWords) ?? []), ...(read("dyno", readWords) ?? [])];
  const query: LogQuery = {
    types: words.filter((word) => !word.includes(".")),
    names: words.filter((word) => word.includes(".") || otherNames.includes(word)),
    source: read("source", readSource),
    sinceMs,
    pattern: read("grep", readPattern),
  };
  const lines =
    read("num", readCount) ?? (sinceMs === undefined ? usualLines : Number.POSITIVE_INFINITY);
  const [problem] = problems;
  if (problem !== undefined) return { problem };
  return { query, lines, isFollowed: options.has("tail") || options.has("follow") };
}

/** They stand in the log like instances, and have no number. There may be types of these names. */
export const otherNames: readonly string[] = [ownName, "api", routerName];

function isProblem(value: unknown): value is LogProblem {
  return typeof value === "object" && value !== null && "problem" in value;
}

function readCount(text: string): number | LogProblem {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  return { problem: "is no number of lines; give one such as 500" };
}

function readWords(text: string): readonly string[] | LogProblem {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return words.length > 0 ? words : { problem: "names nothing; give a name such as web or web.1" };
}

function readSource(text: string): NonNullable<LogQuery["source"]> | LogProblem {
  switch (text) {
    case "app":
    case "procman":
    case "router":
      return text;
    case "heroku":
      return "system";
    default:
      return { problem: "is no source; give app, procman, router or heroku" };
  }
}

const dayPattern = /^\d{4}-\d\d-\d\d$/;
const momentPattern =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)$/;

/** A day, and a time without a zone, is that of the reader's clock. */
function readSince(text: string, nowMs: number): number | LogProblem {
  const agoMs = readDurationMs(text);
  if (agoMs !== undefined) return Math.max(0, nowMs - agoMs);
  const [, day, time] = momentPattern.exec(text) ?? [];
  const momentMs = Date.parse(dayPattern.test(text) ? `${text}T00:00` : `${day}T${time}`);
  if (!Number.isNaN(momentMs)) return momentMs;
  return { problem: "is no time; give one such as 30s, 10m, 2h, 1d or 2026-11-21T14:32" };
}

function readPattern(text: string): RegExp | LogProblem {
  try {
    return new RegExp(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `is no regular expression: ${reason}` };
  }
}
