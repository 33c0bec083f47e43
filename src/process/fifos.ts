/**
 * FIFOs, which Node cannot make. They have names that stay, so that a later start finds them and
 * has nothing to wait for. One that anybody has open is left alone: whoever outlived an earlier
 * procman may still write to it.
 */
import { spawn } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "./signal.ts";

export interface Fifo {
  readonly path: string;
  /** Not blocking. */
  readonly reader: number;
  /** Open for both directions. */
  readonly writer: number;
}

export interface Fifos {
  /** Begins to make them, unless so many are there. */
  expect(count: number): void;
  /** Makes those that are missing. An error stands for one that could not be opened. */
  open(count: number): Promise<readonly (Fifo | Error)[]>;
  /** Resolves when no helper is left, and nothing where it does not belong. */
  close(): Promise<void>;
}

/** In `folder`, which is made if it is not there, or where FIFOs cannot be made there in another. */
export function createFifos(folder: string): Fifos {
  let place = folder;
  let isTemporary = false;
  /** The names that have been looked at. */
  let next = 0;
  let making: Promise<unknown> = Promise.resolve();

  /** The next that nobody has open; a name that has no FIFO, when there is none. */
  function openNext(): Fifo | string | Error {
    for (;;) {
      const path = join(place, String(next));
      const found = isOwnFolder(place) ? openFree(path) : "missing";
      if (found === "missing") return path;
      next += 1;
      if (found !== "busy") return found;
    }
  }

  async function make(count: number): Promise<void> {
    const names = Array.from({ length: count }, (_, index) => join(place, String(next + index)));
    // By somebody else meanwhile, too.
    const isMade = makeFolder(place) && ((await mkfifo(names)) || isThere(names[0] ?? ""));
    if (isMade) return;
    if (isTemporary) throw new Error("mkfifo failed");
    place = mkdtempSync(join(tmpdir(), "procman-"));
    isTemporary = true;
    next = 0;
    await make(count);
  }

  async function tryMake(count: number): Promise<Error | undefined> {
    try {
      await make(count);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  return {
    expect(count) {
      if (isOwnFolder(place) && isThere(join(place, String(count - 1)))) return;
      making = make(count);
      // Whoever opens them is told.
      making.catch(() => {});
    },
    async open(count) {
      await making.catch(() => {});
      const opened: (Fifo | Error)[] = [];
      // From the first on: what is closed by now can be used again.
      next = 0;
      while (opened.length < count) {
        const found = openNext();
        const isMissing = typeof found === "string";
        const problem = isMissing ? await tryMake(count - opened.length) : undefined;
        // Who has got one is not to suffer for those that cannot be made.
        if (problem) opened.push(...Array(count - opened.length).fill(problem));
        else if (!isMissing) opened.push(found);
      }
      return opened;
    },
    async close() {
      await making.catch(() => {});
      if (isTemporary) rmSync(place, { recursive: true, force: true });
    },
  };
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants;

function openFree(path: string): Fifo | "busy" | "missing" | Error {
  if (!isFree(path)) return "busy";
  let reader: number | undefined;
  try {
    reader = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (!fstatSync(reader).isFIFO()) throw new Error(`${path} is no FIFO`);
    if (hasWriter(reader)) {
      closeSync(reader);
      return "busy";
    }
    return { path, reader, writer: openSync(path, O_RDWR | O_NOFOLLOW) };
  } catch (error) {
    if (reader !== undefined) closeSync(reader);
    if (isMissing(error)) return "missing";
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Without one a read is at its end at once. What has opened `/dev/stdout` may write and not read. */
function hasWriter(reader: number): boolean {
  try {
    return readSync(reader, Buffer.alloc(1)) > 0;
  } catch (error) {
    return errorCode(error) === "EAGAIN";
  }
}

/** A FIFO that nobody reads cannot be opened to write. */
function isFree(path: string): boolean {
  try {
    closeSync(openSync(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW));
    return false;
  } catch (error) {
    const code = errorCode(error);
    return code !== "ELOOP" && code !== "EISDIR" && code !== "EACCES";
  }
}

function makeFolder(path: string): boolean {
  try {
    // Not what is above it: an app whose folder is gone does not get it back by this.
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch {
    return isOwnFolder(path);
  }
}

/** Whoever has put a link there wants FIFOs somewhere else. */
function isOwnFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

function isThere(path: string): boolean {
  try {
    closeSync(openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
    return true;
  } catch (error) {
    return !isMissing(error);
  }
}

function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function mkfifo(paths: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const maker = spawn("mkfifo", ["-m", "600", ...paths], {
      stdio: "ignore",
      // Not in the terminal's group: Ctrl-C is not meant for it.
      detached: true,
    });
    maker.once("error", reject);
    maker.once("exit", (code) => resolve(code === 0));
  });
}
