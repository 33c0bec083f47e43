// What a command to a running app costs beside Node alone, how fast a formation grows and shrinks
// beside a bare loop that spawns as many, and how fast a quiet process is found in a noisy log.
//   node bench/control.mjs [ROUNDS]
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { measure, printMore, printRatio } from "./rounds.mjs";

const rounds = Number(process.argv[2] ?? 31);
const procman = fileURLToPath(new URL("../bin/procman.js", import.meta.url));
const node = process.execPath;
const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
const many = 50;
const logBytes = 50e6;

const cwd = mkdtempSync(join(tmpdir(), "procman-bench-"));
writeFileSync(join(cwd, "Procfile"), "quiet: exec sleep 1000\nworker: exec sleep 1000\n");
run(node, procman, "start", "-D", "quiet", "worker=0");
const { socket } = JSON.parse(readFileSync(join(cwd, ".procman/owner.json"), "utf8"));

const commands = await measure(
  {
    "node -e 0": () => run(node, "-e", "0"),
    ps: () => run(node, procman, "ps"),
    scale: () => run(node, procman, "scale"),
  },
  rounds,
);
printRatio(commands, "ps ÷ node -e 0", "ps", "node -e 0", 1.5);
printRatio(commands, "scale ÷ node -e 0", "scale", "node -e 0", 1.5);

const formations = await measure({ bare: spawnAndReap, procman: growAndShrink }, 9);
printRatio(formations, `0 → ${many} → 0 ÷ a bare loop`, "procman", "bare", 1.5);
run(node, procman, "stop");

fillLog();
const searches = await measure(
  {
    "node -e 0": () => run(node, "-e", "0"),
    logs: () => run(node, procman, "logs", "-p", "quiet"),
  },
  rounds,
);
printMore(searches, "the last lines of a quiet process in 50 MB", "logs", "node -e 0", 100);
rmSync(cwd, { recursive: true });

function run(command, ...args) {
  const from = performance.now();
  const { status } = spawnSync(command, args, { cwd, env, stdio: "ignore" });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
  return performance.now() - from;
}

async function growAndShrink() {
  const from = performance.now();
  for (const quantity of [many, 0]) {
    await ask("/procman/v1/scale", { updates: [{ type: "worker", quantity }] });
    await ask("/procman/v1/wait", { what: "settled", names: ["worker"] });
  }
  return performance.now() - from;
}

async function ask(path, body) {
  const asked = request({ socketPath: socket, path, method: "POST" });
  asked.setHeader("Content-Type", "application/json");
  asked.end(JSON.stringify(body));
  const [reply] = await once(asked, "response");
  await once(reply.resume(), "end");
}

async function spawnAndReap() {
  const from = performance.now();
  const children = Array.from({ length: many }, () =>
    spawn("/bin/sh", ["-c", "exec sleep 1000"], { cwd, env, detached: true, stdio: "pipe" }),
  );
  const exits = children.map((child) => once(child, "exit"));
  for (const { pid } of children) process.kill(-pid, "SIGTERM");
  await Promise.all(exits);
  return performance.now() - from;
}

/** Fewer lines than are asked for, so that all of it has to be read. */
function fillLog() {
  const noise =
    "2026-11-21T14:32:01.123000+00:00 app[web.1]: what a busy process has to say, every time\n";
  const lines = noise.repeat(Math.ceil(logBytes / 5 / noise.length));
  for (let number = 1; number < 5; number += 1) {
    writeFileSync(join(cwd, `.procman/log/app.00000${number}.log`), lines);
  }
  writeFileSync(join(cwd, ".procman/log/app.log"), lines, { flag: "a" });
}
