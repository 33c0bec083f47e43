/**
 * Makes FIFOs, which Node cannot, and enlarges them where the system lets it. One shell makes as
 * many as are wanted, and holds them open until they are opened here: a pipe that nobody has open
 * forgets its size.
 */
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

export interface Fifos {
  readonly paths: readonly string[];
  /** To be called when they are opened or not wanted: their names go, and they with their last user. */
  release(): void;
}

const maxOfFullSize = 16;
const fullBytes = 2 ** 20;
/** Many pipes share what the system allows each user. */
const sharedBytes = 2 ** 18;
const setPipeSize = 1031; // F_SETPIPE_SZ

/** In a folder that only this user can enter. Rejects where there is no `mkfifo`. */
export function makeFifos(count: number): Promise<Fifos> {
  const folder = mkdtempSync(join(tmpdir(), "procman-"));
  const paths = Array.from({ length: count }, (_, index) => join(folder, String(index)));
  const bytes = count <= maxOfFullSize ? fullBytes : sharedBytes;
  const script = process.platform === "linux" ? makeAndEnlarge(bytes) : make;
  const maker = spawn("/bin/sh", ["-c", script, "sh", ...paths], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const release = () => {
    maker.stdin.destroy();
    void rm(folder, { recursive: true, force: true });
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      release();
      reject(error);
    };
    maker.once("error", fail);
    maker.once("exit", () => fail(new Error("mkfifo failed")));
    maker.stdout.once("data", () => resolve({ paths, release }));
  });
}

/** Says when they are there, and stays until its stdin ends. */
const make = 'mkfifo -m 600 "$@" && echo made && read -r _';

function makeAndEnlarge(bytes: number): string {
  const perl = `$| = 1; for (@ARGV) { open(my $f, "+<", $_) and fcntl($f, ${setPipeSize}, ${bytes}) and push @kept, $f } print "made\\n"; <STDIN>`;
  const python = `import sys, fcntl
kept = [open(path, "r+b", 0) for path in sys.argv[1:]]
for f in kept: fcntl.fcntl(f, ${setPipeSize}, ${bytes})
print("made", flush=True)
sys.stdin.read()`;
  return `mkfifo -m 600 "$@" || exit
if command -v perl >/dev/null; then exec perl -e '${perl}' -- "$@"; fi
if command -v python3 >/dev/null; then exec python3 -c '${python}' "$@"; fi
echo made; read -r _`;
}
