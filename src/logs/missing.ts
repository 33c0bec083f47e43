/** Lines that a reader does not get: how many they are, and how that is said. */

export interface Missing {
  readonly lines: number;
  readonly bytes: number;
}

export const noneMissing: Missing = { lines: 0, bytes: 0 };

const newline = 10;

/** Whole lines. Much may be dropped while memory is short: counting it takes none. */
export function missingOf(bytes: Uint8Array): Missing {
  let lines = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) lines += 1;
  return { lines, bytes: bytes.length };
}

export function addMissing(one: Missing, other: Missing): Missing {
  return { lines: one.lines + other.lines, bytes: one.bytes + other.bytes };
}

export function describeMissing({ lines, bytes }: Missing, where: string, reason: string): string {
  return `${lines} lines (${bytes} bytes) are missing ${where}: ${reason}`;
}
