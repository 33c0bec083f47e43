/** Screen and log of one procman, line for line. */
import { gapOf } from "./oracles.ts";

/**
 * Two copies of what procman printed, as they come. Of what one of them does not have a gap mark in
 * it tells the number exactly.
 */
export interface Comparison {
  screen(row: string): void;
  log(row: string): void;
  /** Nothing may wait for its counterpart any more. */
  end(): void;
  /** How many lines were the same, and how many a gap mark of the log stood for. */
  figures(): { readonly same: number; readonly gaps: number; readonly missing: number };
}

export function compare(): Comparison {
  const screen: string[] = [];
  const log: string[] = [];
  const figures = { same: 0, gaps: 0, missing: 0 };
  /** How many lines of each are not in the other, by its gap marks. */
  const surplus = { screen: 0, log: 0 };

  function settle(): void {
    while (skipScreen() || skipLog() || takeRow());
  }

  /** What neither of them has is the surplus of none. */
  function addGap(lacking: "screen" | "log", count: number): void {
    const other = lacking === "screen" ? "log" : "screen";
    const both = Math.min(surplus[lacking], count);
    surplus[lacking] -= both;
    surplus[other] += count - both;
  }

  function skipScreen(): boolean {
    const [shown] = screen;
    if (shown === undefined) return false;
    const gap = shown === log[0] ? undefined : gapOf(messageOf(shown));
    if (gap === undefined && surplus.screen === 0) return false;
    screen.shift();
    if (gap === undefined) surplus.screen -= 1;
    else addGap("screen", gap);
    return true;
  }

  function skipLog(): boolean {
    const [row] = log;
    if (row === undefined || surplus.log === 0) return false;
    log.shift();
    const gap = takeGap(row);
    if (gap === undefined) surplus.log -= 1;
    return true;
  }

  function takeGap(row: string): number | undefined {
    const gap = gapOf(messageOf(row));
    if (gap === undefined) return undefined;
    figures.gaps += 1;
    figures.missing += gap;
    addGap("log", gap);
    return gap;
  }

  /** The first of the log; false when more must come before it can be judged. */
  function takeRow(): boolean {
    const [row, next] = log;
    if (row === undefined || surplus.screen > 0) return false;
    const [shown] = screen;
    if (row === shown) {
      screen.shift();
      figures.same += 1;
    } else if (takeGap(row) === undefined) {
      if (shown === undefined || next === undefined) return false;
      // Else it was cut off where the disk was full, and the mark that follows counts it.
      if (gapOf(messageOf(next)) === undefined) throw different(row, shown);
    }
    log.shift();
    return true;
  }

  function different(row: string, shown: string): Error {
    const sofar = `${figures.same} lines that are the same and ${figures.missing} counted as missing`;
    return new Error(
      `the log has "${row.slice(0, 100)}" where the screen has "${shown.slice(0, 100)}", after ${sofar}`,
    );
  }

  return {
    screen(row) {
      const text = textOf(row);
      if (!isAboutLog.test(text)) screen.push(text);
      settle();
    },
    log(row) {
      log.push(textOf(row));
      settle();
    },
    end() {
      settle();
      const unseen = surplus.screen + surplus.log;
      if (unseen > 0) throw new Error(`gap marks count ${unseen} lines that were never printed`);
      const [row] = log;
      if (row !== undefined) throw different(row, screen[0] ?? "");
      if (screen.length > 0) {
        throw new Error(`${screen.length} lines are not in the log, from "${screen[0]}" on`);
      }
    },
    figures: () => figures,
  };
}

/** What is said to everybody but the log: that something of it is missing. */
const isAboutLog = /^procman\[procman\]: .*\bthe log on disk\b/;

/** Without the time, which differs. */
function textOf(row: string): string {
  return row.slice(row.indexOf(" ") + 1);
}

/** Of what `textOf` gives. */
function messageOf(text: string): string {
  return text.slice(text.indexOf(": ") + 2);
}
