/**
 * Makes FIFOs, which Node cannot, and enlarges them where the system lets it. One shell does both,
 * the first as fast as it can and the second while they may already be in use. It removes their
 * names when they are released, or when procman is no more.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Fifos {
  /** In a folder that only this user can enter. There when `made` has resolved. */
  readonly paths: readonly string[];
  /** Rejects where there is no `mkfifo`. */
  made(): Promise<void>;
  /** To be called when they have been opened, or are not wanted. Resolves when their names are gone. */
  release(): Promise<void>;
}

const lookAgainMs = 1;
const maxOfFullSize = 16;
const fullBytes = 2 ** 20;
/** Many pipes share what the system allows each user. */
const sharedBytes = 2 ** 18;
const setPipeSize = 1031; // F_SETPIPE_SZ

export function makeFifos(count: number): Fifos {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), "procman-"));
    return makeFifosIn(folder, count);
  } catch (error) {
    // No folder for them, or no descriptor for the shell.
    if (folder !== undefined) removeFolder(folder);
    return { paths: [], made: () => Promise.reject(error), release: () => Promise.resolve() };
  }
}

function makeFifosIn(folder: string, count: number): Fifos {
  const paths = Array.from({ length: count }, (_, index) => join(folder, String(index)));
  const bytes = count <= maxOfFullSize ? fullBytes : sharedBytes;
  const script = process.platform === "linux" ? makeAndEnlarge(bytes) : make("read -r _");
  const maker = spawn("/bin/sh", ["-c", script, folder, ...paths], {
    stdio: ["pipe", "ignore", "ignore"],
    // Not in the terminal's group: Ctrl-C must not keep it from tidying up.
    detached: true,
  });
  let failure: Error | undefined;
  const gone = new Promise<void>((resolve) => {
    const end = (error: Error) => {
      failure = error;
      // What it could not remove itself, as when no process can be started for it.
      if (existsSync(folder)) removeFolder(folder);
      resolve();
    };
    // Only one of the two when it could not be started.
    maker.once("error", end);
    maker.once("exit", () => end(new Error("mkfifo failed")));
  });
  return {
    paths,
    async made() {
      // They are made in this order. It takes a few milliseconds, and to look is quicker than to
      // be told over another pipe.
      while (!existsSync(paths.at(-1) ?? "")) {
        if (failure) throw failure;
        await sleep(lookAgainMs);
      }
    },
    release() {
      // Without a descriptor to be had, Node leaves it out.
      maker.stdin?.destroy();
      return gone;
    },
  };
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** `meanwhile` goes on until its stdin ends. */
function make(meanwhile: string): string {
  return `mkfifo -m 600 "$@" && { ${meanwhile}; }; rm -rf -- "$0"`;
}

/** A pipe forgets its size when nobody has it open. Without perl and python3 it stays at 64 KiB. */
function makeAndEnlarge(bytes: number): string {
  const perl = `for (@ARGV) { open(my $f, "+<", $_) or next; fcntl($f, ${setPipeSize}, ${bytes}); push @kept, $f } <STDIN>`;
  const python = `import sys, fcntl
kept = [open(path, "r+b", 0) for path in sys.argv[1:]]
for f in kept: fcntl.fcntl(f, ${setPipeSize}, ${bytes})
sys.stdin.read()`;
  return make(`{ command -v perl && perl -e '${perl}' -- "$@"; } ||
{ command -v python3 && python3 -c '${python}' "$@"; } || read -r _`);
}
