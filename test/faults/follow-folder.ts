/** Reads a log folder as it grows, however often the files in it are renamed. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Follower {
  /** Takes what is new. */
  poll(): void;
}

interface Open {
  readonly fd: number;
  readonly ino: number;
}

const active = "app.log";
const chunk = Buffer.alloc(2 ** 18);

/** `onRow` gets each line without its newline. Must be polled before what is new can be deleted. */
export function followFolder(folder: string, onRow: (row: string) => void): Follower {
  let open: Open | undefined;
  let rest = "";

  function readOn({ fd }: Open): void {
    for (;;) {
      const count = readSync(fd, chunk, 0, chunk.length, null);
      if (count === 0) return;
      const rows = `${rest}${chunk.toString("latin1", 0, count)}`.split("\n");
      rest = rows.pop() ?? "";
      for (const row of rows) onRow(row);
    }
  }

  function findNext(before: Open): Open {
    for (;;) {
      const known = listSegments(folder);
      const own = known.find(({ ino }) => ino === before.ino);
      if (own === undefined) throw new Error("a segment was deleted before it could be read");
      const later = known.find(({ number }) => number > own.number);
      const found = openFile(join(folder, later?.name ?? active));
      // While it was opened it may have become one of the full ones, and not the first behind ours.
      const first = listSegments(folder).find(({ number }) => number > own.number);
      if (found && (first === undefined || first.ino === found.ino)) return found;
      if (found) closeSync(found.fd);
    }
  }

  return {
    poll() {
      open ??= openFile(join(folder, active));
      while (open !== undefined) {
        const isCurrent = inoOf(join(folder, active)) === open.ino;
        readOn(open);
        if (isCurrent || inoOf(join(folder, active)) === undefined) return;
        const next = findNext(open);
        closeSync(open.fd);
        open = next;
      }
    },
  };
}

function openFile(path: string): Open | undefined {
  try {
    const fd = openSync(path, "r");
    return { fd, ino: fstatSync(fd).ino };
  } catch {
    return undefined;
  }
}

function inoOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** The full ones, the oldest first. */
function listSegments(folder: string) {
  return readdirSync(folder)
    .flatMap((name) => {
      const number = /^app\.(\d+)\.log$/.exec(name)?.[1];
      const ino = number === undefined ? undefined : inoOf(join(folder, name));
      return number === undefined || ino === undefined ? [] : [{ name, number: +number, ino }];
    })
    .sort((one, other) => one.number - other.number);
}
