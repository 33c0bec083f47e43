// Where Node and procman are, and the environment that everything measured here gets.
import process from "node:process";
import { fileURLToPath } from "node:url";

export const node = process.execPath;
export const procman = fileURLToPath(new URL("../bin/procman.js", import.meta.url));

// Small, and the same for all: Node, for one, reads certificates that are named there at every start.
const kept = ["PATH", "HOME", "USER", "SHELL", "LANG", "TERM", "TMPDIR"];
export const env = Object.fromEntries(
  kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
);
