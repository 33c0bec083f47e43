// Prints numbered lines, `#RUN N;`, in chunks that the kernel takes whole or not at all, and notes in
// a file how many it has got rid of: `count.cjs FOLDER [LINES_PER_SECOND [LAST [LINE_BYTES]]]`. No
// rate means as fast as they are taken; behind the last it waits to be ended.
const { openSync, writeSync } = require("node:fs");
const { join } = require("node:path");

const [, , folder, rate = "0", last = "0", lineBytes = "0"] = process.argv;
const run = process.env.PROCMAN_RUN;
const notes = openSync(join(folder, run), "w");
const still = new Int32Array(new SharedArrayBuffer(4));
const atomicBytes = 4_096;
const chunksPerSecond = 50;

let n = 0;
const most = Number(last) || Number.POSITIVE_INFINITY;
const perChunk = Number(rate) === 0 ? Number.POSITIVE_INFINITY : Number(rate) / chunksPerSecond;
while (n < most) {
  let chunk = "";
  for (let lines = 0; lines < perChunk && n < most; lines += 1) {
    const head = `#${run} ${n + 1} `;
    const line = `${head.padEnd(Number(lineBytes) - 2, ".")};\n`;
    if (chunk.length + line.length > atomicBytes) break;
    chunk += line;
    n += 1;
  }
  writeSync(1, chunk);
  writeSync(notes, String(n), 0);
  if (Number(rate) > 0) Atomics.wait(still, 0, 0, 1_000 / chunksPerSecond);
}
for (;;) Atomics.wait(still, 0, 0);
