/** Keeps the roll of the live groups true, in whatever file it is at the moment. */
import { ftruncateSync, writeSync } from "node:fs";
import { emptyRow, headBytes, printHead, printRow, rowBytes } from "../core/roll.ts";
import { pidSpaceHere, startTimeOf } from "./incarnation.ts";

export interface RollKeeper {
  /** A group whose leader has just been started: to be called in the same turn. */
  add(pgid: number): void;
  /** It is gone, and its number may be another's from now on. */
  remove(pgid: number): void;
  /**
   * From now on the roll is in this file, which is written anew. Throws when it cannot be, and
   * stays where it was.
   */
  moveTo(fd: number): void;
  /** Whether it is in a file. */
  isKept(): boolean;
  /** Nothing is left to be ended. No `add` after it. */
  clear(): void;
}

/** What fits into the one block that a file has in any case: no full disk keeps a group off it. */
const rowsAhead = (4_096 - headBytes) / rowBytes;

export function createRollKeeper(id: string): RollKeeper {
  /** By row. A row without text is free. */
  const rows: string[] = [];
  const rowOf = new Map<number, number>();
  const free: number[] = [];
  let file: number | undefined;
  const { pid } = process;
  // While the lock is waited for there is time for it.
  const head = printHead({ pid, start: startTimeOf(pid), ...pidSpaceHere(), id });

  function put(row: number, text: string): void {
    rows[row] = text;
    if (file === undefined) return;
    try {
      writeSync(file, text, headBytes + row * rowBytes, "latin1");
    } catch {
      // The disk is full, and there are more than were ever foreseen: whoever goes by the roll looks
      // for the mark as well.
    }
  }

  return {
    add(pgid) {
      const row = free.pop() ?? rows.length;
      rowOf.set(pgid, row);
      put(row, printRow({ pid: pgid, start: startTimeOf(pgid) }));
    },
    remove(pgid) {
      const row = rowOf.get(pgid);
      if (row === undefined) return;
      rowOf.delete(pgid);
      free.push(row);
      put(row, emptyRow);
    },
    moveTo(fd) {
      const rest = emptyRow.repeat(Math.max(0, rowsAhead - rows.length));
      const bytes = writeSync(fd, head + rows.join("") + rest, 0, "latin1");
      // The rows of an earlier one, whose groups are nobody's any more.
      ftruncateSync(fd, bytes);
      file = fd;
    },
    isKept: () => file !== undefined,
    clear() {
      if (file !== undefined) ftruncateSync(file);
      file = undefined;
    },
  };
}
