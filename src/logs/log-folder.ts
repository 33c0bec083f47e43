/**
 * What the folder of the log on disk looks like: `app.log`, which is written, and before it
 * `app.000001.log` and so on, full and renamed. The one being written has the next number already,
 * so that it keeps it when it is renamed.
 */
import type { Stats } from "node:fs";
import { constants, type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";

export const activeName = "app.log";

export function segmentName(number: number): string {
  return `app.${String(number).padStart(6, "0")}.log`;
}

/** The numbers of full segments, ascending; none when there is no folder. */
export async function listNumbers(folder: string): Promise<readonly number[]> {
  const names = await orUndefined(readdir(folder));
  return (names ?? []).flatMap(numberOf).sort((a, b) => a - b);
}

function numberOf(name: string): readonly number[] {
  const [, digits] = /^app\.(\d{6,15})\.log$/.exec(name) ?? [];
  return digits === undefined ? [] : [Number(digits)];
}

export function nextNumber(numbers: readonly number[]): number {
  return (numbers.at(-1) ?? 0) + 1;
}

/** Undefined when it is not there. */
export function findFile(folder: string, name: string): Promise<Stats | undefined> {
  return orUndefined(lstat(join(folder, name)));
}

export interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/**
 * Undefined when there is no regular file of that name. A symlink is none, and a FIFO, which does
 * not hold up whoever opens it this way, neither.
 */
export async function openToRead(folder: string, name: string): Promise<OpenFile | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await orUndefined(open(join(folder, name), flags));
  if (handle === undefined) return undefined;
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, stats };
  await handle.close();
  return undefined;
}

export interface Log {
  /** Of the full segments, ascending. */
  readonly numbers: readonly number[];
  /** The one that is written, with the number that it will have. */
  readonly active: (OpenFile & { readonly number: number }) | undefined;
}

/** As it was at one moment, whatever is renamed meanwhile. The active file is the caller's to close. */
export async function openLog(folder: string): Promise<Log> {
  for (;;) {
    const active = await openToRead(folder, activeName);
    const numbers = await listNumbers(folder);
    const after = await findFile(folder, activeName);
    if (after?.isFile() !== true && active === undefined) return { numbers, active };
    if (active !== undefined && active.stats.ino === after?.ino) {
      return { numbers, active: { ...active, number: nextNumber(numbers) } };
    }
    await active?.handle.close();
  }
}

const notThere = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"]);

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (notThere.has(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
