/**
 * The lines of a log session, as server-sent events or as plain text. Each piece is made when it
 * is asked for: a reader who does not read costs what was made last, and the end of the history.
 */
import { Buffer } from "node:buffer";
import { herokuPrefix } from "../core/log-format.ts";
import type { LogQuery } from "../core/log-query.ts";
import type { LogSession } from "./log-sessions.ts";

export interface LogSource {
  /** The last lines that there are, at the most so many. */
  history(query: LogQuery, lines: number): Promise<LogPiece>;
  /** What comes behind a position, as it comes. One that is not in the log is a RangeError. */
  follow(query: LogQuery, position: string, givenUp: AbortSignal): AsyncIterable<LogPiece>;
}

export interface LogPiece {
  /** Whole lines in the log's format, as a binary string; a MiB at the most when it is followed. */
  readonly text: string;
  /** Behind the text. */
  readonly position: string;
}

export interface LogReader {
  readonly as: "events" | "text";
  /** Of the last event that a reader who comes back has got. */
  readonly lastEventId: string | undefined;
  readonly givenUp: AbortSignal;
}

/** Of one line: so many lines behind a position of the log. */
export interface EventId {
  readonly position: string;
  readonly lines: number;
}

/** Readers of events come back when a stream ends; Heroku's waits with its own end until it has. */
const noReturn = Buffer.from("retry: 1\n\n");

const maxHistoryBytes = 4 * 1024 * 1024;
const maxPieceBytes = 64 * 1024;

export async function* streamLog(
  log: LogSource,
  session: LogSession,
  reader: LogReader,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { query, lines, tail } = session.request;
  const piecesOf = reader.as === "events" ? eventsOf : textOf;
  const leave = session.enter();
  try {
    const isBack = tail && reader.lastEventId !== undefined;
    const seen = isBack ? decodeEventId(reader.lastEventId) : undefined;
    if (seen && (yield* followFrom(seen))) return;
    const position = yield* history(isBack ? gapLine() : "");
    if (tail) yield* followFrom({ position, lines: 0 });
    else if (reader.as === "events") yield noReturn;
    if (!reader.givenUp.aborted) session.end();
  } finally {
    leave();
  }

  /** Returns where it ends. By itself, so that nothing of it is kept while what comes is followed. */
  async function* history(first: string): AsyncGenerator<Uint8Array, string, undefined> {
    const { text, position } = endOf(await log.history(query, lines));
    yield* piecesOf({ text: `${first}${text}`, position }, undefined);
    return position;
  }

  /** False when the log does not know the position. */
  async function* followFrom(seen: EventId): AsyncGenerator<Uint8Array, boolean, undefined> {
    let before = seen;
    try {
      for await (const piece of log.follow(query, before.position, reader.givenUp)) {
        yield* piecesOf(piece, before);
        before = { position: piece.position, lines: Math.max(0, before.lines - countLines(piece)) };
      }
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    return true;
  }
}

function* textOf({ text }: LogPiece): Generator<Uint8Array> {
  for (let at = 0; at < text.length; at += maxPieceBytes) {
    yield Buffer.from(text.slice(at, at + maxPieceBytes), "latin1");
  }
}

/**
 * The lines behind `before`. Of a history nobody knows what is before it: only its last line has
 * an id, and who is cut off earlier gets it again.
 */
function* eventsOf(piece: LogPiece, before: EventId | undefined): Generator<Uint8Array> {
  const { text, position } = piece;
  let events = "";
  for (let start = 0, line = 1; start < text.length; line += 1) {
    const end = text.indexOf("\n", start);
    const next = end === -1 ? text.length : end + 1;
    if (line > (before?.lines ?? 0)) {
      const isLast = next === text.length;
      const id = isLast ? { position, lines: 0 } : before && { ...before, lines: line };
      events += eventOf(text.slice(start, next), id);
    }
    start = next;
    if (events.length < maxPieceBytes) continue;
    yield Buffer.from(events, "latin1");
    events = "";
  }
  if (events !== "") yield Buffer.from(events, "latin1");
}

/** A carriage return ends a line there, so what a progress bar writes becomes several. */
function eventOf(line: string, id: EventId | undefined): string {
  const data = line.replace(/\r?\n$/, "").replaceAll("\r", "\ndata: ");
  return `${id ? `id: ${encodeEventId(id)}\n` : ""}data: ${data}\n\n`;
}

export function encodeEventId({ position, lines }: EventId): string {
  return `${encodeURIComponent(position)}:${lines}`;
}

export function decodeEventId(text: string | undefined): EventId | undefined {
  const [, position, lines] = /^([^:]*):([0-9]{1,9})$/.exec(text ?? "") ?? [];
  if (position === undefined) return undefined;
  try {
    return { position: decodeURIComponent(position), lines: Number(lines) };
  } catch {
    return undefined;
  }
}

function countLines({ text }: LogPiece): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** Copied: a part of a string keeps the whole in memory. */
function endOf(piece: LogPiece): LogPiece {
  if (piece.text.length <= maxHistoryBytes) return piece;
  const end = Buffer.from(piece.text.slice(-maxHistoryBytes), "latin1").toString("latin1");
  return { ...piece, text: end.slice(end.indexOf("\n") + 1) };
}

function gapLine(): string {
  const prefix = herokuPrefix(new Date().toISOString(), "procman", "api", false);
  return `${prefix}Lines are missing here: the log does not reach back to the last one you got\n`;
}
