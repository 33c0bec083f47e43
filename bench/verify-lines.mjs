// Reads a merged log, and counts what has become of the lines of the writers: each must be there once,
// whole, alone on its line and in the order of its writer. What stands before it is the prefix.
import { closeSync, openSync, readSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { lineBytes, numberAt, numberEnd, sameInAll } from "./workload.mjs";

const newline = 10;
const at = 64;
const colon = 58;
const chunkBytes = 8 << 20;
const same = Buffer.from(sameInAll);

/** What a tool says itself is no line of theirs. A damaged line is lost, too. */
export function verifyLines(file, writers, linesEach) {
  const next = new Array(writers + 1).fill(0);
  const seen = Array.from({ length: writers + 1 }, () => new Uint8Array(linesEach));
  const counts = { lost: 0, damaged: 0, doubled: 0, reordered: 0 };
  let good = 0;

  forEachLine(file, (bytes, from, to) => {
    const start = bytes.indexOf(at, from);
    if (start < 0 || start >= to) return;
    const writer = readDigits(bytes, start + 1, start + 3);
    const number = readDigits(bytes, start + numberAt, start + numberEnd);
    if (!isWhole(bytes, start, to) || !(writer >= 1 && writer <= writers && number < linesEach)) {
      counts.damaged += 1;
    } else if (seen[writer][number] === 1) {
      counts.doubled += 1;
    } else {
      seen[writer][number] = 1;
      if (number < next[writer]) counts.reordered += 1;
      next[writer] = number + 1;
      good += 1;
    }
  });
  counts.lost = writers * linesEach - good;
  return counts;
}

function isWhole(bytes, start, to) {
  const end = start + lineBytes - 1;
  if (end > to || bytes[start + 3] !== colon) return false;
  if (bytes.compare(same, 0, same.length, start + numberEnd, end) !== 0) return false;
  if (end === to) return true;
  // A terminal ends lines with CR, and colours may be switched off.
  return /^\r*$/.test(stripVTControlCharacters(bytes.latin1Slice(end, to)));
}

/** NaN when there is anything but digits. */
function readDigits(bytes, from, to) {
  let number = 0;
  for (let index = from; index < to; index += 1) {
    const digit = bytes[index] - 48;
    number = digit >= 0 && digit <= 9 ? number * 10 + digit : Number.NaN;
  }
  return number;
}

/** A line that is longer than a chunk is given in pieces. */
function forEachLine(file, onLine) {
  const descriptor = openSync(file, "r");
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let kept = 0;
  for (;;) {
    const length = readSync(descriptor, chunk, kept, chunk.length - kept, null);
    if (length === 0) break;
    const end = kept + length;
    let from = forEachWhole(chunk.subarray(0, end), onLine);
    if (from === 0 && end === chunk.length) {
      onLine(chunk, 0, end);
      from = end;
    }
    chunk.copy(chunk, 0, from, end);
    kept = end - from;
  }
  if (kept > 0) onLine(chunk, 0, kept);
  closeSync(descriptor);
}

/** Returns where the line begins that has no end yet. */
function forEachWhole(bytes, onLine) {
  let from = 0;
  for (;;) {
    const to = bytes.indexOf(newline, from);
    if (to < 0) return from;
    onLine(bytes, from, to);
    from = to + 1;
  }
}
