/**
 * The log on disk. One file is appended to; when it is full it is renamed, and of the full ones the
 * oldest go. What cannot be written is counted, and the place where it is missing says so: the disk
 * may be full, or the folder deleted, but procman goes on, and so does the log when it can.
 */
import { Buffer } from "node:buffer";
import { rename, unlink } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { herokuPrefix } from "../core/log-format.ts";
import { activeName } from "./active-name.ts";
import { type AppendFile, openToAppend } from "./append-file.ts";
import { errnoOf } from "./errno.ts";
import { ownName } from "./format.ts";
import { findFile, listNumbers, nextNumber, segmentName } from "./log-folder.ts";
import { addMissing, describeMissing, type Missing, missingOf } from "./missing.ts";
import type { Writer } from "./writer.ts";

/** Never rejects. */
export interface LogFile extends Writer {
  /**
   * Says what is missing up to here, in the log, or where that cannot be, to the caller. To be
   * called last, if at all.
   */
  close(): Promise<string | undefined>;
}

export interface SegmentOptions {
  readonly clock: Clock;
  readonly segmentBytes?: number | undefined;
  /** How many there are at most, the one that is written among them. */
  readonly segments?: number | undefined;
  /** Called when lines begin to be missing, with the reason; and not again before it works again. */
  readonly onTrouble?: (reason: string) => void;
}

interface Gap {
  readonly missing: Missing;
  /** The first. */
  readonly reason: string;
}

const retryMs = 1_000;
const newline = 10;

export function openSegments(
  folder: string,
  { clock, segmentBytes = 10 * 2 ** 20, segments = 5, onTrouble = () => {} }: SegmentOptions,
): LogFile {
  let file: AppendFile | undefined;
  /** Of `file`. */
  let bytes = 0;
  let gap: Gap | undefined;
  let cancelRetry = () => {};
  /** Who writes, and who tries whether it works again, take turns. */
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = turn.then(act);
    turn = done;
    return done;
  }

  async function write(lines: Buffer): Promise<void> {
    if (gap !== undefined) {
      gap = { ...gap, missing: addMissing(gap.missing, missingOf(lines)) };
      return;
    }
    const { rest, error } = await append(lines);
    if (error === undefined) return;
    const reason = describeProblem(error);
    // A line of which only the newline is missing is whole: it gets one when the file is opened anew.
    gap = { missing: missingOf(rest[0] === newline ? rest.subarray(1) : rest), reason };
    retryLater();
    onTrouble(reason);
  }

  /** Also when nobody writes: whoever reads the log is to know that something is missing. */
  function retryLater(): void {
    cancelRetry = clock.after(retryMs, () => {
      void inTurn(async () => {
        await tellGap();
        if (gap !== undefined) retryLater();
      });
    });
  }

  async function tellGap(): Promise<void> {
    if (gap === undefined) return;
    const { error } = await append(describeGap(gap));
    if (error === undefined) gap = undefined;
  }

  /** What could not be appended, and why. */
  async function append(
    lines: Buffer,
  ): Promise<{ readonly rest: Buffer; readonly error?: unknown }> {
    let rest = lines;
    try {
      while (rest.length > 0) rest = rest.subarray(await appendSome(rest));
      return { rest };
    } catch (error) {
      await letGo();
      return { rest, error };
    }
  }

  /** How much was written, in one call. */
  async function appendSome(lines: Buffer): Promise<number> {
    const { handle } = await fileFor(lines);
    const { bytesWritten } = await handle.write(
      lines,
      0,
      fittingBytes(lines, segmentBytes - bytes),
    );
    bytes += bytesWritten;
    return bytesWritten;
  }

  /** One with room for the first line. It may have been deleted or renamed by others meanwhile. */
  async function fileFor(lines: Buffer): Promise<AppendFile> {
    const found = file && (await findFile(folder, activeName));
    bytes = found?.size ?? 0;
    const current = file && found?.ino === file.ino ? file : await openAnew();
    const isFull = bytes + firstLineBytes(lines) > segmentBytes;
    return isFull && bytes > 0 ? rotate() : current;
  }

  async function openAnew(): Promise<AppendFile> {
    const opened = await open();
    await prune();
    return opened;
  }

  async function rotate(): Promise<AppendFile> {
    const number = nextNumber(await listNumbers(folder));
    await rename(join(folder, activeName), join(folder, segmentName(number)));
    // First there is room for one more, then there is one more.
    await prune();
    return open();
  }

  async function open(): Promise<AppendFile> {
    await letGo();
    file = await openToAppend(folder);
    bytes = file.bytes;
    if (file.isTorn && bytes < segmentBytes) bytes += (await file.handle.write("\n")).bytesWritten;
    return file;
  }

  async function prune(): Promise<void> {
    let left = segments - 1;
    let leftBytes = left * segmentBytes;
    for (const number of (await listNumbers(folder)).toReversed()) {
      const name = segmentName(number);
      const found = await findFile(folder, name);
      if (!found?.isFile()) continue;
      left -= 1;
      leftBytes -= found.size;
      if (left < 0 || leftBytes < 0) await unlink(join(folder, name));
    }
  }

  async function letGo(): Promise<void> {
    const old = file;
    file = undefined;
    await old?.handle.close().catch(() => {});
  }

  return {
    write: (lines) => inTurn(() => write(lines)),
    close: () =>
      inTurn(async () => {
        cancelRetry();
        await tellGap();
        await letGo();
        return gap && describeMissing(gap.missing, "at the end of the log on disk", gap.reason);
      }),
  };
}

function firstLineBytes(lines: Buffer): number {
  const end = lines.indexOf(newline);
  return end < 0 ? lines.length : end + 1;
}

/** As many lines as there is room for. A line that no segment has room for is cut. */
function fittingBytes(lines: Buffer, roomBytes: number): number {
  if (lines.length <= roomBytes) return lines.length;
  const end = lines.lastIndexOf(newline, roomBytes - 1) + 1;
  return end > 0 ? end : roomBytes;
}

function describeGap({ missing, reason }: Gap): Buffer {
  const prefix = herokuPrefix(new Date().toISOString(), "procman", ownName, false);
  return Buffer.from(`${prefix}${describeMissing(missing, "here", reason)}\n`);
}

function describeProblem(error: unknown): string {
  const known = problems.get(errnoOf(error));
  const text = known ?? (error instanceof Error ? error.message : String(error));
  return text.replaceAll("\n", " ");
}

const { ENOSPC, EDQUOT, EROFS, EIO, EFBIG } = constants.errno;
const problems = new Map([
  [ENOSPC, "the disk is full"],
  [EDQUOT, "the disk quota is used up"],
  [EROFS, "the file system is read-only"],
  [EIO, "the disk is faulty (EIO)"],
  [EFBIG, "the file may not grow any more (EFBIG)"],
]);
