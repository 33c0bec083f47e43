/** Screen and log of one procman, line for line. */
import { gapOf } from "./oracles.ts";

/**
 * Two copies of what procman printed, as they come: the screen has all, and of what the log does not
 * have a gap mark tells the number exactly.
 */
export interface Comparison {
  screen(row: string): void;
  log(row: string): void;
  /** Nothing may wait for its counterpart any more. */
  end(): void;
  /** How many lines were the same, and how many a gap mark stood for. */
  figures(): { readonly same: number; readonly gaps: number; readonly missing: number };
}

export function compare(): Comparison {
  const screen: string[] = [];
  const log: string[] = [];
  const figures = { same: 0, gaps: 0, missing: 0 };
  let owed = 0;

  function settle(): void {
    do {
      const known = Math.min(owed, screen.length);
      screen.splice(0, known);
      owed -= known;
    } while (owed === 0 && takeRow());
  }

  /** The first of the log; false when more must come before it can be judged. */
  function takeRow(): boolean {
    const [row, next] = log;
    if (row === undefined) return false;
    const [shown] = screen;
    const gap = gapOf(messageOf(row));
    if (row === shown) {
      screen.shift();
      figures.same += 1;
    } else if (gap !== undefined) {
      figures.gaps += 1;
      figures.missing += gap;
      owed = gap;
    } else if (shown === undefined || next === undefined) {
      return false;
    } else if (gapOf(messageOf(next)) === undefined) {
      throw different(row, shown);
    }
    // Else it was cut off where the disk was full, and the mark that follows counts it.
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
      if (owed > 0) throw new Error(`a gap mark counts ${owed} lines that were never printed`);
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
