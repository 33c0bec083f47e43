/**
 * How many connections a server may hold: descriptors are shared with the processes that are being
 * started, which must not fail because somebody floods the API.
 */
import { readFileSync } from "node:fs";

const most = 256;
/** One of so many descriptors; there may be two servers. */
const share = 8;

export function connectionLimit(): number {
  return limitFor(readOpenFiles());
}

export function limitFor(openFiles: number): number {
  return Math.max(1, Math.min(most, Math.floor(openFiles / share)));
}

/** Without a /proc, as on macOS, it is taken for plenty: Node raises its own limit where it may. */
function readOpenFiles(): number {
  try {
    const [, soft] =
      /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return Number(soft ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
