/** Reads whole lines of a file in pieces, in either direction. */
import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";

const newline = 10;
const forwardBytes = 256 * 2 ** 10;

/**
 * Whole lines between the two, as many as one piece has; empty when there is none yet. What has no
 * end for longer than any line of the log comes as it is.
 */
export async function readLines(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = await readBetween(file, from, Math.min(to, from + forwardBytes));
  const end = bytes.lastIndexOf(newline) + 1;
  return end === 0 && bytes.length === forwardBytes ? bytes : bytes.subarray(0, end);
}

const firstBytes = 64 * 2 ** 10;
const backwardBytes = 2 ** 20;

/** From the end, which is the end of a line, to the beginning, larger and larger pieces. */
export async function* readLinesBackward(
  file: FileHandle,
  endBytes: number,
): AsyncIterable<Buffer> {
  let end = endBytes;
  let pieceBytes = firstBytes;
  while (end > 0) {
    const from = Math.max(0, end - pieceBytes);
    const bytes = await readBetween(file, from, end);
    const start = from === 0 ? 0 : bytes.indexOf(newline) + 1;
    const isTooShort = from > 0 && (start === 0 || start === bytes.length);
    if (!isTooShort) {
      yield bytes.subarray(start);
      end = from + start;
    }
    pieceBytes = isTooShort ? 2 * pieceBytes : Math.min(2 * pieceBytes, backwardBytes);
  }
}

/** The end of the last whole line. */
export async function findLineEnd(file: FileHandle, sizeBytes: number): Promise<number> {
  let end = sizeBytes;
  let pieceBytes = 1;
  while (end > 0) {
    const from = Math.max(0, end - pieceBytes);
    const found = (await readBetween(file, from, end)).lastIndexOf(newline);
    if (found >= 0) return from + found + 1;
    end = from;
    pieceBytes = firstBytes;
  }
  return 0;
}

/** Less where the file has become shorter. */
export async function readBetween(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, to - from));
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
