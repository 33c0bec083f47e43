// Where a contestant's output goes. What has to be kept is kept in memory, so that no disk is measured;
// procman's own log is in the folder it runs in.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { env, node } from "./environment.mjs";

export const memoryFolder = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const reader = fileURLToPath(new URL("./read-ticks.mjs", import.meta.url));

/**
 * `null`; `file`; `pipe`, which `cat` copies to a file; `ticks`, a pipe of which only the ticks are kept.
 * `file` is where the output can be read, and `arrivals` when each tick was sent and has arrived.
 */
export function openSink(kind) {
  if (kind === "null") return { fd: openSync("/dev/null", "w"), close() {} };
  const folder = mkdtempSync(join(memoryFolder, "procman-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const file = join(folder, "output");
  // Some open it anew by its name, and must not begin at its start.
  if (kind === "file") return { fd: openSync(file, "a"), file, close: remove };

  const fifo = join(folder, "fifo");
  spawnSync("mkfifo", [fifo]);
  if (kind === "pipe")
    return { ...drain(fifo, ["sh", "-c", 'cat "$0" >"$1"', fifo, file], remove), file };
  const arrivals = [];
  const sink = drain(fifo, [node, reader, fifo], remove);
  sink.output.on("data", (text) => {
    for (const line of String(text).trim().split("\n")) {
      const [sentMs, arrivedMs] = line.split(" ").map(Number);
      arrivals.push({ sentMs, arrivedMs });
    }
  });
  return { ...sink, arrivals };
}

function drain(fifo, [command, ...args], remove) {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const end = once(child, "close");
  const fd = openSync(fifo, "w");
  return {
    fd,
    output: child.stdout,
    async close() {
      child.kill("SIGKILL");
      await end;
      remove();
    },
  };
}

export function sizeOf(sink) {
  return statSync(sink.file, { throwIfNoEntry: false })?.size ?? 0;
}
