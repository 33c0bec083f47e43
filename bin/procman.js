#!/usr/bin/env node
// Says which Node is needed if it is too old, answers --version, else loads the built program.
// CommonJS, as is the program: loading it as a module would make every command a quarter slower.
"use strict";
const { readFileSync, writeSync } = require("node:fs");
const { join } = require("node:path");
const process = require("node:process");

const [major, minor] = process.versions.node.split(".").map(Number);
const [, , first, ...others] = process.argv;

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `procman needs Node 20.19 or newer, and this is ${process.versions.node}; install a newer one`,
  );
  process.exitCode = 1;
} else if (process.platform === "win32") {
  console.error("procman needs process groups, FIFOs and sh, which Windows lacks; run it in WSL");
  process.exitCode = 1;
} else if ((first === "--version" || first === "-V") && others.length === 0) {
  const { version } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8"));
  writeSync(1, `${version}\n`);
} else if (process.pid === 1 && process.execve) {
  // Nobody else would reap what the processes of this container leave behind, and Node does not.
  const args = [join(__dirname, "procman-init"), process.execPath, ...process.argv.slice(1)];
  process.execve("/bin/sh", ["/bin/sh", ...args]);
} else {
  require("./load.js").load(join(__dirname, "../dist/main.cjs"));
}
