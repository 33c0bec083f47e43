/**
 * Whatever is written to the log from some place on, each line once and in order, over all the
 * segments that the writer begins meanwhile. A segment stays open until it is read to its end,
 * whatever becomes of its name.
 */
import type { Stats } from "node:fs";
import { herokuPrefix } from "../core/log-format.ts";
import type { LogQuery } from "../core/log-query.ts";
import { activeName } from "./active-name.ts";
import type { OpenFile } from "./disk.ts";
import { ownName } from "./format.ts";
import {
  findFile,
  type Log,
  openLog,
  openSegment,
  type Segment,
  segmentName,
} from "./log-folder.ts";
import type { Position } from "./position.ts";
import { readBetween, readLines } from "./read-lines.ts";
import { createSelector } from "./select-lines.ts";
import { waitForChange } from "./wait-for-change.ts";

export interface NewLines {
  /** Whole lines in the log's format; a binary string. */
  readonly text: string;
  /** The place behind them. */
  readonly position: Position;
}

/**
 * Goes on until it is given up. Reads when it is asked for more, and never ahead. Where lines went
 * by unread, a line says so.
 */
export async function* followLog(
  folder: string,
  query: LogQuery,
  position: Position,
  givenUp: AbortSignal,
): AsyncGenerator<NewLines, void> {
  const select = createSelector(query);
  let place: Place = await findPlace(folder, position);

  /** All there is of the current segment; of one that is written no more, a torn end too. */
  async function* drain(isFull: boolean): AsyncGenerator<NewLines, void> {
    for (;;) {
      const bytes = await readOn(place, isFull);
      if (bytes === "cut") yield tellGap();
      else if (bytes.length === 0) return;
      else {
        place = moved(place, bytes.length);
        const text = select(bytes)
          .map((row) => row.text)
          .join("");
        if (text !== "") yield { text, position: place.position };
      }
    }
  }

  function tellGap(): NewLines {
    place = { ...place, position: { ...place.position, offsetBytes: 0 } };
    return { text: describeGap(), position: place.position };
  }

  try {
    while (!givenUp.aborted) {
      // Looked at before it is read to its end: what is no more the active one then gets no more.
      const active = await findFile(folder, activeName);
      const isFull = active?.ino !== place.position.ino;
      for await (const lines of drain(isFull)) {
        yield lines;
        if (givenUp.aborted) return;
      }
      const next = isFull ? await openNext(folder, place) : undefined;
      if (next !== undefined) {
        await place.file?.close();
        place = next.place;
        if (next.isGap) yield tellGap();
      } else {
        await waitForChange(folder, givenUp, async () =>
          isOther(active, await findFile(folder, activeName)),
        );
      }
    }
  } finally {
    await place.file?.close();
  }
}

interface Place {
  readonly position: Position;
  /** Undefined when the segment is gone, or has never been. */
  readonly file: OpenFile | undefined;
}

function moved({ file, position }: Place, bytes: number): Place {
  return { file, position: { ...position, offsetBytes: position.offsetBytes + bytes } };
}

function isOther(before: Stats | undefined, now: Stats | undefined): boolean {
  return before?.ino !== now?.ino || before?.size !== now?.size;
}

/** `cut` when the file has become shorter than what was read of it. */
async function readOn({ file, position }: Place, isFull: boolean): Promise<Buffer | "cut"> {
  if (file === undefined) return Buffer.alloc(0);
  const from = position.offsetBytes;
  const { size } = await file.stat();
  if (size < from) return "cut";
  const lines = await readLines(file, from, size);
  return lines.length === 0 && isFull ? readBetween(file, from, size) : lines;
}

/** A place that is not there any more comes out as one without a file. */
async function findPlace(folder: string, position: Position): Promise<Place> {
  const log = await openLog(folder);
  const segment = await takeSegment(folder, log, position.number);
  if (segment !== undefined) {
    const isSame = segment.stats.ino === position.ino;
    if (isSame && (await isLineStart(segment, position.offsetBytes))) {
      return { position, file: segment.file };
    }
    await segment.file.close();
  }
  // No file has this inode, though the one it had may be in use again.
  return { position: { ...position, ino: 0 }, file: undefined };
}

const newline = 10;

async function isLineStart({ file, stats }: Segment, at: number): Promise<boolean> {
  if (at === 0 || at > stats.size) return at === 0;
  return (await readBetween(file, at - 1, at))[0] === newline;
}

interface Next {
  readonly place: Place;
  /** Something may have been between. */
  readonly isGap: boolean;
}

/** Undefined when there is none yet. */
async function openNext(folder: string, { file, position }: Place): Promise<Next | undefined> {
  for (;;) {
    const log = await openLog(folder);
    const known = await findNumber(folder, log, position);
    const next = nextOf(numbersOf(log), known ?? position.number, known !== undefined);
    const segment = await takeSegment(folder, log, next?.number);
    if (next === undefined) return undefined;
    if (segment !== undefined) {
      const place = { number: next.number, ino: segment.stats.ino, offsetBytes: 0 };
      // A segment that was deleted before it could be found again was not read to its end.
      const isGap = next.isGap || (file === undefined && position.number > 0);
      return { place: { file: segment.file, position: place }, isGap };
    }
  }
}

function numbersOf({ numbers, active }: Log): readonly number[] {
  return active === undefined ? numbers : [...numbers, active.number];
}

/** By which number a segment goes now. */
async function findNumber(
  folder: string,
  log: Log,
  { ino, number: last }: Position,
): Promise<number | undefined> {
  for (const number of log.numbers) {
    const found = await findFile(folder, segmentName(number));
    const isGoneNow = found === undefined && number === last;
    if (found?.ino === ino || isGoneNow) return number;
  }
  return log.active?.stats.ino === ino ? log.active.number : undefined;
}

/** What comes after a segment; if that is not there any more, the log may have begun anew. */
export function nextOf(
  numbers: readonly number[],
  current: number,
  isThere: boolean,
): { readonly number: number; readonly isGap: boolean } | undefined {
  const later = numbers.find((number) => number > current);
  const isAnew = !isThere && (later === undefined || numbers.includes(current));
  const number = isAnew ? numbers[0] : later;
  return number === undefined
    ? undefined
    : { number, isGap: number !== (isAnew ? 1 : current + 1) };
}

/** Opens one, and closes the active one if that is another. */
async function takeSegment(
  folder: string,
  { active }: Log,
  number: number | undefined,
): Promise<Segment | undefined> {
  if (active !== undefined && active.number === number) return active;
  await active?.file.close();
  return number === undefined ? undefined : openSegment(folder, segmentName(number));
}

function describeGap(): string {
  const prefix = herokuPrefix(new Date().toISOString(), "procman", ownName, false);
  return `${prefix}lines are missing here, nobody knows how many: they were deleted before they were read\n`;
}
