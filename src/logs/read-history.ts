/** The last lines of the log that a query means, and the place behind them, from which to follow. */
import type { LogQuery } from "../core/log-query.ts";
import { type Disk, diskInTime, type OpenFile } from "./disk.ts";
import { type Log, openLog, openSegment, segmentName } from "./log-folder.ts";
import { type Position, startOfLog } from "./position.ts";
import { findLineEnd, readBetween, readLines, readLinesBackward } from "./read-lines.ts";
import { createSelector, type Row } from "./select-lines.ts";

export interface History {
  /** Whole lines in the log's format and order; a binary string. */
  readonly text: string;
  readonly position: Position;
}

/**
 * A line counts once, with all pieces that continue it. There are fewer than `lines` when there are
 * no more, or when they have more than `maxBytes`. A last line that is being written is not there
 * yet.
 */
export async function readHistory(
  folder: string,
  query: LogQuery,
  lines: number,
  maxBytes = Number.POSITIVE_INFINITY,
  disk: Disk = diskInTime,
): Promise<History> {
  const log = await openLog(folder, disk);
  try {
    const position = await findEnd(folder, log, disk);
    const limit = { lines, bytes: maxBytes };
    const segments: Segments = { folder, disk, log, endBytes: position.offsetBytes };
    const read = query.pattern === undefined ? readBackward : readForward;
    return { text: lines > 0 ? await read(segments, query, limit) : "", position };
  } finally {
    await log.active?.file.close();
  }
}

async function findEnd(folder: string, { active, numbers }: Log, disk: Disk): Promise<Position> {
  if (active !== undefined) {
    const { number, file, stats } = active;
    return { number, ino: stats.ino, offsetBytes: await findLineEnd(file, stats.size) };
  }
  const number = numbers.at(-1);
  if (number === undefined) return startOfLog;
  const last = await openSegment(folder, segmentName(number), disk);
  if (last === undefined) return startOfLog;
  await last.file.close();
  return { number, ino: last.stats.ino, offsetBytes: last.stats.size };
}

interface Segments {
  readonly folder: string;
  readonly disk: Disk;
  readonly log: Log;
  /** Of the active one. */
  readonly endBytes: number;
}

interface Limit {
  readonly lines: number;
  readonly bytes: number;
}

/** Nothing older is read than is needed. */
async function readBackward(segments: Segments, query: LogQuery, limit: Limit): Promise<string> {
  const select = createSelector(query);
  const isTooOld = createAgeCheck(query);
  const texts: string[] = [];
  let left = limit;
  for await (const bytes of piecesBackward(segments)) {
    const rows = select(bytes);
    const last = lastLines(rows, left);
    texts.push(textOf(last.rows));
    left = last.left;
    if (left.lines <= 0 || last.rows.length < rows.length || isTooOld(bytes)) break;
  }
  return texts.reverse().join("");
}

/** Whether a piece of a line is wanted is known only to who has seen the beginning of the line. */
async function readForward(segments: Segments, query: LogQuery, limit: Limit): Promise<string> {
  const select = createSelector(query);
  let rows: readonly Row[] = [];
  for await (const bytes of piecesForward(segments)) {
    const found = select(bytes);
    if (found.length > 0) rows = lastLines([...rows, ...found], limit).rows;
  }
  return textOf(rows);
}

function lastLines(
  rows: readonly Row[],
  limit: Limit,
): { readonly rows: readonly Row[]; readonly left: Limit } {
  let { lines, bytes } = limit;
  let first = rows.length;
  for (; first > 0 && lines > 0; first -= 1) {
    const { text, isStart } = rows[first - 1] ?? noRow;
    if (text.length > bytes) break;
    bytes -= text.length;
    lines -= isStart ? 1 : 0;
  }
  return { rows: rows.slice(first), left: { lines, bytes } };
}

const noRow: Row = { text: "", isStart: false };

function textOf(rows: readonly Row[]): string {
  return rows.map(({ text }) => text).join("");
}

/** Lines are in the order of time, so that before a line that is too old there are only such. */
function createAgeCheck({ sinceMs }: LogQuery): (bytes: Buffer) => boolean {
  if (sinceMs === undefined) return () => false;
  const since = new Date(sinceMs).toISOString().slice(0, -1);
  return (bytes) => {
    const time = bytes.toString("latin1", 0, since.length);
    return /^\d{4}-\d\d-/.test(time) && time < since;
  };
}

async function* piecesBackward(segments: Segments): AsyncIterable<Buffer> {
  const { log, endBytes } = segments;
  if (log.active !== undefined) yield* readLinesBackward(log.active.file, endBytes);
  for (const number of log.numbers.toReversed()) {
    yield* ofFullSegment(segments, number, async function* (file, size) {
      const end = await findLineEnd(file, size);
      // Torn when procman or the machine had a sudden end.
      if (end < size) yield await readBetween(file, end, size);
      yield* readLinesBackward(file, end);
    });
  }
}

async function* piecesForward(segments: Segments): AsyncIterable<Buffer> {
  const { log, endBytes } = segments;
  for (const number of log.numbers) yield* ofFullSegment(segments, number, readFileForward);
  if (log.active !== undefined) yield* readFileForward(log.active.file, endBytes);
}

async function* readFileForward(file: OpenFile, size: number): AsyncIterable<Buffer> {
  let at = 0;
  while (at < size) {
    const lines = await readLines(file, at, size);
    const bytes = lines.length > 0 ? lines : await readBetween(file, at, size);
    // It has become shorter.
    if (bytes.length === 0) return;
    yield bytes;
    at += bytes.length;
  }
}

/** Nothing when it is there no more. */
async function* ofFullSegment(
  { folder, disk }: Segments,
  number: number,
  read: (file: OpenFile, size: number) => AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  const segment = await openSegment(folder, segmentName(number), disk);
  if (segment === undefined) return;
  try {
    yield* read(segment.file, segment.stats.size);
  } finally {
    await segment.file.close();
  }
}
