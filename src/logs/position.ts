/** A place in the log, between two lines. */

export interface Position {
  /** Of the segment. */
  readonly number: number;
  /** Its inode, because numbers begin anew when the log is deleted. */
  readonly ino: number;
  readonly offsetBytes: number;
}

/** Before the first line that there will ever be. */
export const startOfLog: Position = { number: 0, ino: 0, offsetBytes: 0 };

export function printPosition({ number, ino, offsetBytes }: Position): string {
  return `${number}-${ino}-${offsetBytes}`;
}

/** Undefined when `printPosition` has not printed it. */
export function parsePosition(text: string): Position | undefined {
  // An inode may have 64 bits. As a number it is not exact then, but prints and reads the same.
  if (!/^\d{1,15}-\d{1,20}-\d{1,15}$/.test(text)) return undefined;
  const [number = 0, ino = 0, offsetBytes = 0] = text.split("-").map(Number);
  const position = { number, ino, offsetBytes };
  return printPosition(position) === text ? position : undefined;
}
