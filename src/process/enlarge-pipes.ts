/**
 * Enlarges pipes where the system lets it, which Node cannot. They may be in use already. A pipe
 * forgets its size when nobody has it open.
 */
import { spawn } from "node:child_process";

const maxOfFullSize = 16;
const fullBytes = 2 ** 20;
/** Many pipes share what the system allows each user. */
const sharedBytes = 2 ** 18;
const setPipeSize = 1031; // F_SETPIPE_SZ

/** Resolves when it has been tried. Without perl and python3 they stay at 64 KiB. */
export function enlargePipes(paths: readonly string[]): Promise<void> {
  if (process.platform !== "linux") return Promise.resolve();
  const bytes = paths.length <= maxOfFullSize ? fullBytes : sharedBytes;
  return new Promise((resolve) => {
    const helper = spawn("/bin/sh", ["-c", script(bytes), "sh", ...paths], {
      stdio: "ignore",
      detached: true,
    });
    helper.once("error", () => resolve());
    helper.once("exit", () => resolve());
  });
}

function script(bytes: number): string {
  const perl = `for (@ARGV) { open(my $f, "+<", $_) or next; fcntl($f, ${setPipeSize}, ${bytes}) }`;
  const python = `import sys, fcntl
for path in sys.argv[1:]: fcntl.fcntl(open(path, "r+b", 0), ${setPipeSize}, ${bytes})`;
  return `command -v perl && exec perl -e '${perl}' -- "$@"
command -v python3 && exec python3 -c '${python}' "$@"`;
}
