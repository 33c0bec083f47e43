// Loaded into procman before its own program, as in `node --expose-gc --expose-internals -r probe.cjs
// bin/procman.js start`: tells whoever connects to FAULTS_PROBE what procman holds, after a forced
// collection. procman has no part in it.
const { createServer } = require("node:net");
const { rmSync } = require("node:fs");
// biome-ignore lint/correctness/noUndeclaredDependencies: it is Node's own
const { timerListMap } = require("internal/timers");

const path = process.env.FAULTS_PROBE;
delete process.env.FAULTS_PROBE;
rmSync(path, { force: true });
createServer((socket) => {
  gc();
  gc();
  const { heapUsed, rss } = process.memoryUsage();
  socket.end(JSON.stringify({ heapBytes: heapUsed, rssBytes: rss, timers: countTimers() }));
  socket.on("error", () => {});
})
  .listen(path)
  .unref();

/** All that are set, whether or not procman waits for them. */
function countTimers() {
  let count = 0;
  for (const list of Object.values(timerListMap)) {
    for (let timer = list._idlePrev; timer !== list; timer = timer._idlePrev) count += 1;
  }
  return count;
}
