// Reads a merged log as fast as it can, and says of each tick in it when it was sent and has arrived,
// in milliseconds of the clock that all processes share.
//   node bench/read-ticks.mjs FILE
import { openSync, readSync, writeSync } from "node:fs";
import process from "node:process";

const word = Buffer.from("tick ");
/** The longest that a tick can be: what may have been cut by the end of a read. */
const tickBytes = 32;
const bytes = Buffer.allocUnsafe(1 << 20);
const input = openSync(process.argv[2], "r");
let kept = 0;

for (;;) {
  const length = readSync(input, bytes, kept, bytes.length - kept, null);
  if (length === 0) break;
  const arrived = process.hrtime.bigint();
  const end = kept + length;
  const from = tell(bytes.subarray(0, end), arrived);
  bytes.copy(bytes, 0, from, end);
  kept = end - from;
}

/** Returns from where on it has to be looked at again, with what comes next. */
function tell(text, arrived) {
  let from = 0;
  for (;;) {
    const start = text.indexOf(word, from);
    if (start < 0) return Math.max(from, text.length - word.length);
    const next = text.subarray(start + word.length, start + tickBytes).toString("latin1");
    const [, stamp, after] = /^(\d*)(.?)/s.exec(next);
    if (after === "") return start;
    from = start + word.length;
    if (stamp !== "") writeSync(1, `${Number(stamp) / 1e6} ${Number(arrived) / 1e6}\n`);
  }
}
