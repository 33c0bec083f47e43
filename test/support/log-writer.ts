/**
 * Writes numbered lines to a log from a process of its own, as fast as it can, and ends. Built from
 * the real writer, because a child cannot load it as it is.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

export interface WriterOptions {
  readonly count: number;
  readonly segmentBytes: number;
  readonly segments: number;
}

export interface LogWriterProgram extends Disposable {
  start(folder: string, options: WriterOptions): ChildProcess;
}

/** Texts of one to seven lines: `line 0`, `line 1`, … */
const script = `
import { openSegments } from "./segments.ts";
const [folder, count, segmentBytes, segments] = process.argv.slice(2);
const clock = { nowMs: () => 0, after: () => () => {} };
const log = openSegments(folder, { clock, segmentBytes: Number(segmentBytes), segments: Number(segments) });
let next = 0;
while (next < Number(count)) {
  let text = "";
  for (let left = 1 + (next % 7); left > 0 && next < Number(count); left -= 1) {
    text += "2026-11-21T14:32:01.123000+00:00 app[web.1]: line " + next + "\\n";
    next += 1;
  }
  await log.write(Buffer.from(text));
}
await log.close();
`;

export function buildLogWriter(): LogWriterProgram {
  const path = join(tmpdir(), `procman-test-writer-${process.pid}-${Date.now()}.mjs`);
  buildSync({
    stdin: {
      contents: script,
      resolveDir: fileURLToPath(new URL("../../src/logs", import.meta.url)),
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: path,
    logLevel: "error",
  });
  return {
    start(folder, { count, segmentBytes, segments }) {
      const words = [folder, count, segmentBytes, segments].map(String);
      return spawn(process.execPath, [path, ...words], { stdio: ["ignore", "ignore", "inherit"] });
    },
    [Symbol.dispose]() {
      rmSync(path);
    },
  };
}
