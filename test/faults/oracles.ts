/** What must hold whatever happens: pure checks of what was said and of what was stored. */
import { parseHerokuLine } from "../../src/core/log-format.ts";
import type { End } from "./talk.ts";

/** Of `start` and all other commands: done, failed, usage, not running, in time, and by signals. */
const documentedCodes = new Set([0, 1, 2, 3, 124, 129, 130, 131, 143]);

const stackTrace = /^\s+at .+[:(].+\d+:\d+\)?$|node:internal|\b(Uncaught|UnhandledPromise)/m;

/** It ended as the README says, and says nothing that only its authors understand. */
export function checkTalk(
  { status, stderr, stdout }: Pick<End, "status" | "stderr" | "stdout">,
  alsoCode?: number,
): void {
  const trace = stackTrace.exec(stderr) ?? stackTrace.exec(stdout);
  if (trace !== null) throw new Error(`an uncaught error:\n${stderr.slice(-2_000)}`);
  if (status !== alsoCode && !documentedCodes.has(status)) {
    throw new Error(`ended with ${status}, which nothing explains:\n${stderr.slice(-2_000)}`);
  }
}

export function expectStatus(status: number, wanted: number): void {
  if (status !== wanted) throw new Error(`ended with ${status}, not with ${wanted}`);
}

interface Counted {
  readonly run: string;
  readonly n: number;
}

/** A line that `programs/count.cjs` prints: the run, and its number in it, from 1 on. */
function countedLine(text: string): Counted | undefined {
  const [, run, n] = /^#(\S+) (\d+) ?\.*;$/.exec(text) ?? [];
  return run === undefined ? undefined : { run, n: Number(n) };
}

const gapText = /^(\d+) lines? \((\d+) bytes?\) (?:are|is) missing here/;

/** How many lines are missing at a line of the log that says so. */
export function gapOf(text: string): number | undefined {
  const lines = gapText.exec(text)?.[1];
  return lines === undefined ? undefined : Number(lines);
}

export interface Tally {
  /** A line without its newline, in the form of the log. */
  take(row: string): void;
  /** The last number of each run. */
  readonly last: ReadonlyMap<string, number>;
  /** Lines that gap marks count. */
  missing(): number;
  /** Numbers that have been passed over. */
  skipped(): number;
  /** Lines that were cut off, as by a disk that became full in the middle. */
  torn(): number;
}

/** So many of those before a row that is wrong. */
const shownRows = 12;

/**
 * Holds lines to their order: of each run from 1 on, each number once, and none passed over but
 * where a gap mark stood before. After the death of procman what it had read and not written is
 * gone, and a guardian, which knows only whole seconds, goes on with what was still in the pipes.
 */
export function createTally(after: "life" | "death" = "life"): Tally {
  const last = new Map<string, number>();
  let missing = 0;
  let skipped = 0;
  let torn = 0;
  const recent: string[] = [];

  function take(row: string): void {
    try {
      judge(row);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new Error([problem, "the last rows:", ...recent, row].join("\n"));
    }
    recent.push(row.slice(0, 160));
    if (recent.length > shownRows) recent.shift();
  }

  function judge(row: string): void {
    const line = parseHerokuLine(row);
    if (line === undefined) {
      if (row !== "") torn += 1;
      return;
    }
    if (line.source === "procman") {
      missing += gapOf(line.text) ?? 0;
      return;
    }
    const counted = countedLine(line.text);
    if (counted) follow(counted, after === "death" && line.isoTime.endsWith(".000Z"));
  }

  function follow({ run, n }: Counted, isSalvaged: boolean): void {
    const before = last.get(run) ?? 0;
    if (n <= before) throw new Error(`line ${n} of ${run} stands behind line ${before}`);
    if (!isSalvaged) skipped += n - before - 1;
    if (skipped > missing) {
      const lost = `lines ${before + 1} to ${n - 1} of ${run} are missing`;
      throw new Error(`${lost}, and gap marks speak of ${missing} in all`);
    }
    last.set(run, n);
  }

  return { take, last, missing: () => missing, skipped: () => skipped, torn: () => torn };
}

/** The p-th part, as 0.99, of all are not above it. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
