// Starts a `sleep` that leaves the group it was started in, and waits: `leave.cjs KIND`.
const { spawn } = require("node:child_process");

const kinds = {
  group: ["perl", ["-e", "setpgrp(0, 0); exec 'sleep', '1000'"], {}],
  session: ["sleep", ["1000"], { detached: true }],
  daemon: ["sh", ["-c", "(sleep 1000 &) &"], { detached: true }],
  hidden: ["sh", ["-c", "(exec env -i sleep 1000 &) &"], { detached: true }],
  closed: ["sh", ["-c", "(sleep 1000 <&- >&- 2>&- &) &"], { detached: true }],
};
const [program, words, options] = kinds[process.argv[2]];
spawn(program, words, { stdio: ["ignore", 1, 2], ...options });
setInterval(() => {}, 1e9);
console.log("left");
