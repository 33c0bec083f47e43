// How long procman takes to answer --version, and to have its first process running, beside the
// least that Node itself needs for it. Interleaved runs, medians, and ratios within each round.
//   node bench/start-up.mjs [ROUNDS]
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { measure, printRatio } from "./rounds.mjs";

const rounds = Number(process.argv[2] ?? 31);
const procman = fileURLToPath(new URL("../bin/procman.js", import.meta.url));
const node = process.execPath;
// Certificates are read by Node at every start, and are nobody's business here.
const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;

const folder = mkdtempSync(join(tmpdir(), "procman-bench-"));
// The process says when it runs, and where nobody else is in the way; a shell has all of this built in.
const fifo = join(folder, "running");
spawnSync("mkfifo", [fifo]);
const announced = new Socket({
  fd: openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK),
  readable: true,
  writable: false,
});
const announce = "echo running >running; read -r forever";
writeFileSync(join(folder, "Procfile"), `one: ${announce}\n`);
writeFileSync(
  join(folder, "bare.cjs"),
  `const { spawn } = require("node:child_process");
const child = spawn("/bin/sh", ["-c", ${JSON.stringify(announce)}], { stdio: "pipe" });
process.on("SIGTERM", () => { child.kill(); process.exit(); });
`,
);

const contestants = {
  "node -e 0": () => untilExit([node, "-e", "0"]),
  "procman --version": () => untilExit([node, procman, "--version"]),
  "bare spawn": () => untilRunning([node, join(folder, "bare.cjs")]),
  "procman start": () => untilRunning([node, procman, "start"]),
};

const samples = await measure(contestants, rounds);
announced.destroy();
rmSync(folder, { recursive: true });

printRatio(samples, "--version ÷ node -e 0", "procman --version", "node -e 0", 1.35);
printRatio(samples, "first process ÷ bare spawn", "procman start", "bare spawn", 1.6);

function untilExit([command, ...args]) {
  const from = performance.now();
  spawnSync(command, args, { env, stdio: "ignore" });
  return performance.now() - from;
}

async function untilRunning([command, ...args]) {
  const from = performance.now();
  const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.resume();
  await once(announced, "data");
  const ms = performance.now() - from;
  child.kill("SIGTERM");
  await once(child, "exit");
  return ms;
}
