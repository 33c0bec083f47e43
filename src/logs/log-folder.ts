/**
 * What the folder of the log on disk looks like: `app.log`, which is written, and before it
 * `app.000001.log` and so on, full and renamed. The one being written has the next number already,
 * so that it keeps it when it is renamed.
 */
import { constants, type Stats } from "node:fs";
import { join } from "node:path";
import { activeName } from "./active-name.ts";
import { type Disk, diskInTime, type OpenFile } from "./disk.ts";

export function segmentName(number: number): string {
  return `app.${String(number).padStart(6, "0")}.log`;
}

/** The numbers of full segments, ascending; none when there is no folder. */
export async function listNumbers(
  folder: string,
  disk: Disk = diskInTime,
): Promise<readonly number[]> {
  const names = await orUndefined(disk.readdir(folder));
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
export function findFile(
  folder: string,
  name: string,
  disk: Disk = diskInTime,
): Promise<Stats | undefined> {
  return orUndefined(disk.lstat(join(folder, name)));
}

export interface Segment {
  readonly file: OpenFile;
  /** When it was opened. */
  readonly stats: Stats;
}

/**
 * Undefined when there is no regular file of that name. A symlink is none, and a FIFO, which does
 * not hold up whoever opens it this way, neither.
 */
export async function openSegment(
  folder: string,
  name: string,
  disk: Disk = diskInTime,
): Promise<Segment | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await orUndefined(disk.open(join(folder, name), flags));
  if (file === undefined) return undefined;
  const stats = await file.stat();
  if (stats.isFile()) return { file, stats };
  await file.close();
  return undefined;
}

export interface Log {
  /** Of the full segments, ascending. */
  readonly numbers: readonly number[];
  /** The one that is written, with the number that it will have. */
  readonly active: (Segment & { readonly number: number }) | undefined;
}

/** As it was at one moment, whatever is renamed meanwhile. The active file is the caller's to close. */
export async function openLog(folder: string, disk: Disk = diskInTime): Promise<Log> {
  for (;;) {
    const active = await openSegment(folder, activeName, disk);
    const numbers = await listNumbers(folder, disk);
    const after = await findFile(folder, activeName, disk);
    if (after?.isFile() !== true && active === undefined) return { numbers, active };
    if (active !== undefined && active.stats.ino === after?.ino) {
      return { numbers, active: { ...active, number: nextNumber(numbers) } };
    }
    await active?.file.close();
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
