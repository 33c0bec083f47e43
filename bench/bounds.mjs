// What is compared with them all: the least that the work itself, a shell or Node takes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { node } from "./environment.mjs";

const loops = ["start", "stop", "scale"];

/** Starts one process for each word it is given, and stops them all when it is asked to. */
const nodeLoop = `const { spawn } = require("node:child_process");
const children = process.argv.slice(2).map((command) =>
  spawn("/bin/sh", ["-c", command], { stdio: "pipe", detached: true }));
let left = children.length;
for (const child of children) {
  child.stdout.resume();
  child.once("exit", () => {
    left -= 1;
    if (left === 0) process.exit();
  });
}
const stop = () => children.forEach((child) => process.kill(-child.pid, "SIGTERM"));
process.once("SIGTERM", stop).once("SIGINT", stop);
`;

const nothing = {
  name: "node -e 0",
  suites: ["cold-start"],
  version: [node, "-e", "0"],
  asks: { ps: [node, "-e", "0"], scale: [node, "-e", "0"], "scale p1=1": [node, "-e", "0"] },
  prepare: () => ({ argv: [node, "-e", "setInterval(() => {}, 1e9)"] }),
  isAlone: true,
};

const waiting = { ...nothing, name: "node that waits", suites: ["memory"] };

const nodeSpawns = {
  name: "spawn loop in Node",
  suites: loops,
  prepare({ folder, processes }) {
    writeFileSync(join(folder, "loop.cjs"), nodeLoop);
    return { argv: [node, "loop.cjs", ...processes.map((one) => one.command)] };
  },
};

const shellSpawns = {
  name: "spawn loop in sh",
  suites: ["start"],
  prepare: ({ folder, processes }) =>
    shell(
      folder,
      processes.map((one) => `${one.command} &`),
    ),
};

const cat = pipeline("cat", () => "cat", ["throughput", "awkward"]);
const sed = {
  ...pipeline("sed with a prefix", ({ name }) => `sed 's/^/${name} | /'`, ["throughput"]),
  prefixes: true,
};

export const bounds = [nothing, waiting, nodeSpawns, shellSpawns, cat, sed].map((bound) => ({
  ...bound,
  isBound: true,
}));

/** One for each process, and nobody who manages them. */
function pipeline(name, filter, suites) {
  return {
    name,
    suites,
    merges: true,
    prepare: ({ folder, processes }) =>
      shell(
        folder,
        processes.map((one) => `(${one.command} 2>&1 | ${filter(one)}) &`),
      ),
  };
}

function shell(folder, lines) {
  writeFileSync(join(folder, "run.sh"), [...lines, "wait", ""].join("\n"));
  return { argv: ["/bin/sh", "run.sh"] };
}
