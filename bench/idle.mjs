// What procman costs while nothing happens: how often it wakes up beside a bare Node that waits, how
// much of a core it takes, and how much memory it and its guardian hold. Linux only.
//   node bench/idle.mjs [SECONDS]
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const seconds = Number(process.argv[2] ?? 60);
const settleMs = 10_000;
const procman = fileURLToPath(new URL("../bin/procman.js", import.meta.url));
const node = process.execPath;
const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;

const cwd = mkdtempSync(join(tmpdir(), "procman-bench-"));
writeFileSync(join(cwd, "Procfile"), "quiet: exec sleep 100000\n");
run("start", "-D", "quiet=10");
const { pid } = JSON.parse(readFileSync(join(cwd, ".procman/owner.json"), "utf8"));
const guardian = findGuardian();
const bare = spawn(node, ["-e", "setInterval(() => {}, 1e9)"], { cwd, env, stdio: "ignore" });

await pause(settleMs);
const before = { procman: sample(pid), bare: sample(bare.pid) };
await pause(seconds * 1_000);
const after = { procman: sample(pid), bare: sample(bare.pid) };
const memory = {
  procman: residentMiB(pid),
  bare: residentMiB(bare.pid),
  guardian: residentMiB(guardian),
};
bare.kill();
run("stop");
rmSync(cwd, { recursive: true });

const wakeUps = (name) => (after[name].wakeUps - before[name].wakeUps) / seconds;
const load = (name) => ((after[name].cpuSeconds - before[name].cpuSeconds) / seconds) * 100;
const more = wakeUps("procman") - wakeUps("bare");
const both = `${wakeUps("procman").toFixed(2)} − ${wakeUps("bare").toFixed(2)}`;
print(`wake-ups a second more than a bare Node (${both})`, more, 1, "");
print("of a core", load("procman"), 0.2, " %");
print(
  `resident, supervisor (a bare Node: ${memory.bare.toFixed(1)} MiB)`,
  memory.procman,
  65,
  " MiB",
);
print("resident, guardian", memory.guardian, 3, " MiB");

function run(...args) {
  const { status } = spawnSync(node, [procman, ...args], { cwd, env, stdio: "ignore" });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
}

function print(title, value, target, unit) {
  const verdict = value <= target ? "within" : "over";
  console.log(`${title}: ${value.toFixed(2)}${unit}, ${verdict} the target of ${target}${unit}`);
}

/** It knows where the log is. */
function findGuardian() {
  const isGuardian = (one) => {
    const [name = "", ...words] = read(one, "cmdline").split("\0");
    return !name.endsWith("node") && words.some((word) => word.startsWith(join(cwd, ".procman")));
  };
  return readdirSync("/proc").find((one) => /^\d+$/.test(one) && isGuardian(one));
}

/** Of all its threads: a wake-up is a thread that waited and has come back. */
function sample(one) {
  const wakeUps = readdirSync(`/proc/${one}/task`)
    .map((thread) => numberIn(read(one, `task/${thread}/status`), "voluntary_ctxt_switches"))
    .reduce((sum, count) => sum + count, 0);
  const stat = read(one, "stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { wakeUps, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}

function residentMiB(one) {
  return numberIn(read(one, "status"), "VmRSS") / 1024;
}

function numberIn(text, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
}

function read(one, name) {
  try {
    return readFileSync(`/proc/${one}/${name}`, "utf8");
  } catch {
    return "";
  }
}
