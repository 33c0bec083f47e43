// The router beside haproxy and nginx with one thread each and node-foreman's proxy, all in front of two
// processes of the same program, and beside these alone: requests a second, what it adds to the time of an
// answer at half of that load, and large bodies both ways. Needs wrk and curl; takes whoever it finds.
//   BENCH_PEERS=FOLDER node bench/router.mjs [ROUNDS]
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const rounds = Number(process.argv[2] ?? 5);
const seconds = 4;
const connections = 32;
const procman = fileURLToPath(new URL("../bin/procman.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "procman-bench-"));
const basePort = 21_000;
const bodyBytes = 2 ** 30;

writeFileSync(
  join(folder, "web.mjs"),
  `import { createServer } from "node:http";
const piece = Buffer.alloc(65536);
const server = createServer((request, response) => {
  if (request.url === "/") response.end("hello");
  else if (request.method === "POST") {
    request.resume();
    request.once("end", () => response.end("got"));
  } else {
    let left = ${bodyBytes} / piece.length;
    response.setHeader("Content-Length", ${bodyBytes});
    const send = () => {
      while (left > 0) {
        left -= 1;
        if (!response.write(piece)) return void response.once("drain", send);
      }
      response.end();
    };
    send();
  }
});
server.keepAliveTimeout = 60000;
server.listen(Number(process.env.PORT), "127.0.0.1");
`,
);
writeFileSync(join(folder, "Procfile"), `web: exec '${process.execPath}' web.mjs\n`);
writeFileSync(
  join(folder, "paced.lua"),
  "local pace = 2 * tonumber(os.getenv('PACE_MS'))\nfunction delay() return math.random(0, pace) end\n",
);

const peers = process.env.BENCH_PEERS ?? "";
const nf = join(peers, "js/node_modules/foreman/nf.js");

/** Each with a block of ports of its own: where it listens, and what runs. */
const contestants = {
  direct: (port) => ({ port: port + 1, commands: upstreams(port) }),
  procman: (port) => ({
    port,
    commands: [[process.execPath, procman, "start", "web=2", "--router", port, "--port", port + 1]],
  }),
  haproxy: (port) => {
    const file = join(folder, "haproxy.cfg");
    writeFileSync(
      file,
      `global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  option http-keep-alive\nfrontend f\n  bind 127.0.0.1:${port}\n  default_backend b\nbackend b\n  balance leastconn\n  server a 127.0.0.1:${port + 1}\n  server b 127.0.0.1:${port + 2}\n`,
    );
    return { port, commands: [...upstreams(port), ["haproxy", "-f", file]] };
  },
  nginx: (port) => {
    const file = join(folder, "nginx.conf");
    writeFileSync(
      file,
      `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log /dev/null;\nevents {}\nhttp { access_log off; keepalive_requests 1000000; upstream b { least_conn; server 127.0.0.1:${port + 1}; server 127.0.0.1:${port + 2}; keepalive 64; }\nserver { listen 127.0.0.1:${port}; client_max_body_size 0; proxy_request_buffering off; proxy_buffering off; location / { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection ""; } } }\n`,
    );
    return { port, commands: [...upstreams(port), ["nginx", "-c", file, "-e", "/dev/null"]] };
  },
  "node-foreman": (port) => ({
    port,
    commands: [[process.execPath, nf, "start", "-x", port, "-p", port + 1, "web=2"]],
  }),
};

function upstreams(port) {
  return [1, 2].map((offset) => [process.execPath, "web.mjs", { PORT: String(port + offset) }]);
}

function isThere(name) {
  if (name === "node-foreman") return existsSync(nf);
  if (name === "direct" || name === "procman") return true;
  return ["/usr/sbin", "/usr/bin", "/usr/local/bin"].some((path) => existsSync(join(path, name)));
}

async function withRunning(name, index, act) {
  const { port, commands } = contestants[name](basePort + index * 100);
  const children = commands.map((words) => {
    const env = typeof words.at(-1) === "object" ? words.at(-1) : {};
    const [command, ...args] = words.filter((word) => typeof word !== "object").map(String);
    const { PORT: _, ...inherited } = process.env;
    return spawn(command, args, {
      cwd: folder,
      // Who leaves somebody behind is not to be in the way of the next one.
      detached: true,
      env: { ...inherited, ...env, PATH: `${process.env.PATH}:/usr/sbin` },
      stdio: "ignore",
    });
  });
  try {
    await untilAnswered(port);
    return await act(port, children[0].pid);
  } finally {
    for (const child of children) child.kill("SIGTERM");
    await Promise.all(children.map((child) => child.exitCode ?? once(child, "exit")));
    for (const { pid } of children) {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {}
    }
  }
}

async function untilAnswered(port) {
  for (let tried = 0; tried < 200; tried += 1) {
    const isUp = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (
      isUp &&
      curl("-o", "/dev/null", "-w", "%{http_code}", `http://127.0.0.1:${port}/`) === "200"
    ) {
      await pause(300);
      return;
    }
    await pause(50);
  }
  throw new Error(`nobody answers on ${port}`);
}

function curl(...args) {
  try {
    return execFileSync("curl", ["-sS", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}

/** For a moment before that counts: none of them is measured while it warms up. */
function wrk(port, args, env = {}) {
  wrkFor(2, port, args, env);
  const text = wrkFor(seconds, port, args, env);
  const bad = /Non-2xx[^\n]*|Socket errors[^\n]*/.exec(text)?.[0];
  if (bad) console.log(`  ${bad}`);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    p50: msOf(/ 50%\s+(\S+)/.exec(text)[1]),
    p99: msOf(/ 99%\s+(\S+)/.exec(text)[1]),
  };
}

function wrkFor(lengthS, port, args, env) {
  return execFileSync(
    "wrk",
    ["-t1", `-c${connections}`, `-d${lengthS}s`, "--latency", ...args, `http://127.0.0.1:${port}/`],
    { encoding: "utf8", env: { ...process.env, ...env } },
  );
}

function msOf(text) {
  const value = Number.parseFloat(text);
  if (text.endsWith("us")) return value / 1_000;
  return text.endsWith("ms") ? value : value * 1_000;
}

/** MiB a second through it, and by how many MiB its process grew. */
function bodies(port, pid) {
  const url = `http://127.0.0.1:${port}/large`;
  const file = join(folder, "body");
  if (!existsSync(file)) execFileSync("truncate", ["-s", String(bodyBytes), file]);
  wrkFor(2, port, [], {});
  const before = peakMiB(pid);
  const down = curl("-o", "/dev/null", "-w", "%{speed_download}", url);
  const up = curl(
    "-T",
    file,
    "-X",
    "POST",
    "-H",
    "Expect:",
    "-w",
    "%{speed_upload}",
    "-o",
    "/dev/null",
    url,
  );
  return { down: Number(down) / 2 ** 20, up: Number(up) / 2 ** 20, more: peakMiB(pid) - before };
}

function peakMiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
}

/** Of procman, the process that routes. */
function routerOf(name, pid) {
  if (name !== "procman") return pid;
  const rows = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], {
    encoding: "utf8",
  });
  return Number(
    rows
      .split("\n")
      .find((row) => row.includes("--router-process"))
      .trim()
      .split(" ")[0],
  );
}

const names = Object.keys(contestants).filter(isThere);
const samples = Object.fromEntries(names.map((name) => [name, []]));
/** The others say what a machine of few cores leaves of the time and rate of a direct connection. */
const compared = ["direct", "procman", "haproxy"].filter((name) => names.includes(name));
let index = 0;
for (let round = 0; round < rounds; round += 1) {
  const found = {};
  for (const name of names) {
    index += 1;
    found[name] = await withRunning(name, index, (port) => wrk(port, []));
  }
  // The same load on all: half of what procman takes.
  const paceMs = String(Math.max(1, Math.round((connections / (found.procman.rate / 2)) * 1_000)));
  for (const name of compared) {
    index += 1;
    found[name].paced = await withRunning(name, index, (port) =>
      wrk(port, ["-s", join(folder, "paced.lua")], { PACE_MS: paceMs }),
    );
    index += 1;
    found[name].bodies = await withRunning(name, index, (port, pid) =>
      bodies(port, routerOf(name, pid)),
    );
  }
  for (const name of names) samples[name].push(found[name]);
}
rmSync(folder, { recursive: true });

const medianOf = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const each = (name, value) => samples[name].map(value);
for (const name of names) {
  const rate = medianOf(each(name, (sample) => sample.rate));
  const ratio = medianOf(samples.procman.map((own, at) => own.rate / samples[name][at].rate));
  console.log(
    `${name}: ${Math.round(rate)} requests a second; procman ÷ ${name}: ${ratio.toFixed(2)}`,
  );
}
for (const name of compared.slice(1)) {
  const paced = (key) =>
    medianOf(samples[name].map((own, at) => own.paced[key] - samples.direct[at].paced[key]));
  const rate = Math.round(medianOf(each(name, (sample) => sample.paced.rate)));
  console.log(
    `${name} at ${rate} requests a second: p50 ${paced("p50").toFixed(2)} ms more, p99 ${paced("p99").toFixed(2)} ms more`,
  );
  for (const way of ["down", "up"]) {
    const own = medianOf(each(name, (sample) => sample.bodies[way]));
    const bound = medianOf(each("direct", (sample) => sample.bodies[way]));
    console.log(
      `${name}, 1 GiB ${way}: ${Math.round(own)} MiB/s, direct ${Math.round(bound)}: ${(own / bound).toFixed(2)}`,
    );
  }
}
const more = medianOf(each("procman", (sample) => sample.bodies.more));
console.log(`the router's memory meanwhile: ${more.toFixed(1)} MiB more`);
