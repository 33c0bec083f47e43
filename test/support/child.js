// A child that a test drives: it calls the test over a socket, says who it is, and does what it is
// told. Started as `child.js [ROLE [SOCKET]]`; the socket else comes from RIG_SOCKET. It writes to
// its output only when told to, and ends when the test has gone.

import { spawn } from "node:child_process";
import { read, write, writeSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

// To import it would open stdout by the way, and so make it a pipe that does not block.
const process = createRequire(import.meta.url)("node:process");
const [, script, role = "main", socketPath = process.env.RIG_SOCKET] = process.argv;
const test = connect(socketPath);
const stdin = { bytes: 0, hasEnded: false };
const served = { status: 200, paths: [] };
const allocated = [];
let server;

const deeds = {
  /** Pieces in base64, each by a write of its own. */
  write({ fd, pieces }) {
    for (const piece of pieces) writeAll(fd, Buffer.from(piece, "base64"));
  },

  /** As a program of somebody who never heard of pipes: prints line by line, and leaves. */
  printAndExit({ lines, code }) {
    for (let line = 1; line <= lines; line += 1) console.log(`line ${line}`);
    process.exit(code);
  },

  /** Numbered lines of `lineBytes`, newline included, as fast as they are taken. */
  async flood({ lines, lineBytes, chunkBytes }) {
    let text = "";
    for (let line = 1; line <= lines; line += 1) {
      text += `${`${line} `.padEnd(lineBytes - 1, ".")}\n`;
      if (text.length < chunkBytes && line < lines) continue;
      await writeLater(1, Buffer.from(text));
      text = "";
    }
  },

  /** `answer` is what to do at the first: lines to print after a while, and then an exit code. */
  trap({ signal, answer }) {
    let count = 0;
    process.on(signal, () => {
      tell({ signal });
      count += 1;
      if (answer && count === 1) void carryOut(answer);
    });
  },

  listen({ port = Number(process.env.PORT) }) {
    return new Promise((resolve) => {
      server = createServer((socket) => socket.end());
      server.once("error", ({ code }) => resolve(code));
      server.listen({ port, host: "127.0.0.1" }, () => resolve(server.address().port));
    });
  },

  /** Answers every request over HTTP, on its PORT, with this from then on. */
  serve({ status }) {
    served.status = status;
    if (server) return undefined;
    return new Promise((resolve) => {
      server = createHttpServer(({ url }, response) => {
        served.paths.push(url);
        response.writeHead(served.status).end();
      });
      server.listen(Number(process.env.PORT), "127.0.0.1", resolve);
    });
  },

  /** And keeps it. */
  allocate({ mebibytes }) {
    allocated.push(Buffer.alloc(mebibytes * 2 ** 20, 1));
  },

  servedSoFar: () => served.paths,

  /** Another one of this, which calls the test by itself. */
  fork({ kind, role: forked, output }) {
    const args = [script, forked, socketPath];
    const stdio = ["ignore", output, output];
    switch (kind) {
      case "group":
        spawn(process.execPath, args, { stdio });
        return;
      case "session":
        // Under its own name, as a server has one.
        spawn(process.execPath, args, { stdio, detached: true, argv0: forked });
        return;
      case "daemon":
        // A session whose leader is gone at once: the parent of what is left is init.
        spawn("/bin/sh", ["-c", '"$@" &', "sh", process.execPath, ...args], {
          stdio,
          detached: true,
        });
        return;
      case "hidden":
        // The same without an environment, and so without any mark.
        spawn("/bin/sh", ["-c", '"$@" &', "sh", process.execPath, ...args], {
          stdio,
          detached: true,
          env: {},
        });
        return;
      default:
        throw new Error(`no such kind: ${kind}`);
    }
  },

  readStdin() {
    const buffer = Buffer.alloc(1024);
    const next = () =>
      read(0, buffer, 0, buffer.length, null, (error, count) => {
        stdin.hasEnded = Boolean(error) || count === 0;
        stdin.bytes += count ?? 0;
        if (!stdin.hasEnded) next();
      });
    next();
  },

  stdinSoFar: () => stdin,

  exit({ code }) {
    process.exit(code);
  },
};

async function carryOut({ afterMs, lines, code }) {
  await sleep(afterMs);
  writeAll(1, Buffer.from(lines.map((line) => `${line}\n`).join("")));
  process.exit(code);
}

function writeAll(fd, bytes) {
  for (let left = bytes; left.length > 0; ) left = left.subarray(writeSync(fd, left));
}

/** In a thread: whoever does not read must not keep the child from answering the test. */
function writeLater(fd, bytes) {
  return new Promise((resolve, reject) => {
    write(fd, bytes, (error, written) => {
      if (error) return reject(error);
      const left = bytes.subarray(written);
      return resolve(left.length === 0 ? undefined : writeLater(fd, left));
    });
  });
}

function tell(message) {
  test.write(`${JSON.stringify(message)}\n`);
}

async function obey({ id, deed, ...order }) {
  try {
    tell({ id, value: await deeds[deed](order) });
  } catch (error) {
    tell({ id, error: String(error) });
  }
}

test.once("connect", () => {
  const { pid, ppid, env } = process;
  tell({ hello: { role, pid, ppid, env, folder: process.cwd(), args: process.argv.slice(2) } });
  createInterface({ input: test }).on("line", (line) => void obey(JSON.parse(line)));
});
test.once("error", () => process.exit(70));
test.once("close", () => process.exit(70));
