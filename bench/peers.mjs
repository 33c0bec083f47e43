// The other process managers, and how each is told to run what all are given. A peer reads the Procfile
// unless it says otherwise, and is left out when it is not on this machine.
import { readdirSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import { findCommand } from "./find-command.mjs";

const log = { merges: true, prefixes: true };

const known = [
  { name: "hivemind", language: "Go", ...log, args: () => ["Procfile"] },
  {
    name: "overmind",
    language: "Go",
    ...log,
    restarts: true,
    args: ({ restart, processes }) => [
      ...["start", "-f", "Procfile"],
      ...(restart ? ["-r", processes.map((one) => one.name).join(",")] : []),
    ],
    env: (folder) => ({ OVERMIND_SOCKET: join(folder, "overmind.sock"), OVERMIND_NO_PORT: "1" }),
    asks: { ps: ["ps"] },
  },
  {
    name: "goreman",
    language: "Go",
    ...log,
    version: ["version"],
    args: () => ["-rpc-server=false", "-f", "Procfile", "start"],
  },
  {
    name: "forego",
    language: "Go",
    ...log,
    version: ["version"],
    restarts: true,
    args: ({ restart }) => ["start", "-f", "Procfile", ...(restart ? ["-r"] : [])],
  },
  {
    name: "process-compose",
    language: "Go",
    ...log,
    version: ["version"],
    restarts: true,
    configure: ({ processes, restart }) => [
      "process-compose.yaml",
      processCompose(processes, restart),
    ],
    args: () => ["-t=false", "-p", "18573", "-f", "process-compose.yaml"],
    asks: { ps: ["-p", "18573", "process", "list"] },
  },
  { name: "foreman", language: "Ruby", ...log },
  { name: "honcho", language: "Python", ...log },
  {
    name: "node-foreman",
    command: "nf",
    language: "Node",
    ...log,
    args: () => ["start", "-j", "Procfile"],
  },
  {
    name: "concurrently",
    language: "Node",
    ...log,
    restarts: true,
    args: ({ processes, restart }) => [
      ...(restart ? ["--restart-tries", "-1", "--restart-after", "0"] : []),
      ...["-n", processes.map((one) => one.name).join(",")],
      ...processes.map((one) => one.command),
    ],
  },
  {
    name: "npm-run-all2",
    command: "run-p",
    language: "Node",
    ...log,
    // It runs an npm for each.
    most: 10,
    configure: ({ processes }) => [
      "package.json",
      JSON.stringify({
        name: "bench",
        version: "1.0.0",
        scripts: Object.fromEntries(processes.map((one) => [one.name, one.command])),
      }),
    ],
    args: ({ processes }) => ["-l", "-s", ...processes.map((one) => one.name)],
    env: () => ({ npm_config_update_notifier: "false" }),
  },
  {
    name: "pm2",
    command: "pm2-runtime",
    language: "Node",
    ...log,
    restarts: true,
    configure: ({ folder, processes, restart }) => [
      "apps.config.cjs",
      pm2(folder, processes, restart),
    ],
    args: () => ["start", "apps.config.cjs", "--formatted"],
    env: (folder) => ({ PM2_HOME: join(folder, "pm2"), PM2_DISABLE_VERSION_CHECK: "true" }),
    control: "pm2",
    asks: { ps: ["ls"] },
    grow: (count) => ["scale", "p1", String(count)],
  },
  {
    name: "supervisord",
    language: "Python",
    merges: true,
    restarts: true,
    configure: ({ folder, processes, restart }) => [
      "supervisord.conf",
      supervisord(folder, processes, restart),
    ],
    args: () => ["-c", "supervisord.conf"],
    control: "supervisorctl",
    asks: { ps: ["-c", "supervisord.conf", "status"] },
  },
  {
    name: "mprocs",
    language: "Rust",
    restarts: true,
    find: findMprocs,
    configure: ({ processes, restart }) => ["mprocs.yaml", mprocs(processes, restart)],
    args: () => [],
    // It needs a terminal, and `script` makes one.
    wrap: (words) => [
      "script",
      "-qfec",
      `stty rows 40 cols 120; exec ${words.join(" ")}`,
      "/dev/null",
    ],
    leader: "mprocs",
    ignores: ["script"],
  },
];

/** Those that are here, as contestants, and the names of those that are not. */
export function findPeers() {
  const all = known.map((peer) => ({
    peer,
    words: (peer.find ?? findCommand)(peer.command ?? peer.name),
  }));
  return {
    found: all.filter(({ words }) => words).map(({ peer, words }) => contestant(peer, words)),
    missing: all.filter(({ words }) => !words).map(({ peer }) => peer.name),
  };
}

function contestant(peer, words) {
  const { name, language, merges, prefixes, restarts, most, leader, ignores, wrap, grow } = peer;
  const control = peer.control ? findCommand(peer.control) : words;
  return {
    ...{ name, language, merges, prefixes, restarts, most },
    version: [...words, ...(peer.version ?? ["--version"])],
    asks: control && peer.asks && { ps: [...control, ...peer.asks.ps] },
    grow: control && grow && ((count) => [...control, ...grow(count)]),
    prepare(run) {
      const [file, text] = peer.configure?.(run) ?? ["Procfile", procfile(run.processes)];
      writeFileSync(join(run.folder, file), text);
      const argv = [...words, ...(peer.args?.(run) ?? ["start", "-f", "Procfile"])];
      return { argv: wrap ? wrap(argv) : argv, env: peer.env?.(run.folder), leader, ignores };
    },
  };
}

export function procfile(processes) {
  return processes.map((one) => `${one.name}: ${one.command}\n`).join("");
}

function processCompose(processes, restart) {
  const lines = processes.flatMap((one) => [
    `  ${one.name}:`,
    `    command: ${JSON.stringify(one.command)}`,
    ...(restart ? ["    availability:", '      restart: "always"'] : []),
  ]);
  return ['version: "0.5"', "processes:", ...lines, ""].join("\n");
}

function pm2(folder, processes, restart) {
  const apps = processes.map((one) => ({
    name: one.name,
    script: "./w",
    args: [one.kind, String(one.id)],
    interpreter: "none",
    env: { BENCH_ROLE: "work" },
    autorestart: restart,
    cwd: folder,
    out_file: "/dev/null",
    error_file: "/dev/null",
  }));
  return `module.exports = ${JSON.stringify({ apps })};`;
}

function supervisord(folder, processes, restart) {
  const socket = `unix://${join(folder, "supervisor.sock")}`;
  const programs = processes.flatMap((one) => [
    `[program:${one.name}]`,
    `command=${folder}/w ${one.kind} ${one.id}`,
    'environment=BENCH_ROLE="work"',
    `directory=${folder}`,
    "startsecs=0",
    "startretries=100",
    `autorestart=${restart}`,
    "stdout_logfile=/dev/fd/1",
    "stdout_logfile_maxbytes=0",
    "redirect_stderr=true",
  ]);
  return [
    "[supervisord]",
    "nodaemon=true",
    `logfile=${folder}/supervisord.log`,
    `pidfile=${folder}/supervisord.pid`,
    `childlogdir=${folder}`,
    "minfds=4096",
    "[unix_http_server]",
    `file=${folder}/supervisor.sock`,
    "[rpcinterface:supervisor]",
    "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
    "[supervisorctl]",
    `serverurl=${socket}`,
    ...programs,
    "",
  ].join("\n");
}

function mprocs(processes, restart) {
  const procs = Object.fromEntries(
    processes.map((one) => [
      one.name,
      { shell: one.command, ...(restart && { autorestart: true }) },
    ]),
  );
  return JSON.stringify({ procs });
}

/** npm brings a program for each system, and a script that starts the right one. */
function findMprocs(name) {
  const words = findCommand(name);
  if (words === undefined || words.length === 1) return words;
  const folder = dirname(words[1]);
  const machine = { x64: "x86_64", arm64: "aarch64" }[arch()];
  const system = readdirSync(folder).find((entry) => entry.includes(`linux-${machine}`));
  return system && [join(folder, system, name)];
}
