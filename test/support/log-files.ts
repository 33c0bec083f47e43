/** Logs to read: lines in the log's format, and folders with segments. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { herokuPrefix, type LogLine } from "../../src/core/log-format.ts";
import type { LogQuery } from "../../src/core/log-query.ts";

export const everything: LogQuery = {
  types: [],
  names: [],
  source: undefined,
  sinceMs: undefined,
  pattern: undefined,
};

export const startMs = Date.UTC(2026, 10, 21, 14, 32, 1, 123);

/** A line; `+` before its text makes it a piece that continues the one before. */
export function logLine(
  name: string,
  text: string,
  { source = "app", timeMs = startMs }: { source?: LogLine["source"]; timeMs?: number } = {},
): string {
  const isContinued = text.startsWith("+");
  const prefix = herokuPrefix(new Date(timeMs).toISOString(), source, name, isContinued);
  return `${prefix}${isContinued ? text.slice(1) : text}\n`;
}

export interface LogFolder extends Disposable {
  readonly path: string;
  /** The last is app.log, those before it are full. */
  write(segments: readonly string[], firstNumber?: number): void;
}

export function makeLogFolder(): LogFolder {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "procman-test-")));
  const path = join(base, ".procman", "log");
  return {
    path,
    write(segments, firstNumber = 1) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
      segments.forEach((text, index) => {
        const number = String(firstNumber + index).padStart(6, "0");
        const name = index === segments.length - 1 ? "app.log" : `app.${number}.log`;
        writeFileSync(join(path, name), text, "latin1");
      });
    },
    [Symbol.dispose]() {
      rmSync(base, { recursive: true, force: true });
    },
  };
}
