/**
 * Every setting of procman.yml: what it takes, what it is for, and what holds without it. The one
 * source of the checks, the types, the JSON Schema and the reference page.
 */
import type { Kind, SettingTable, ValueOf, ValuesOf } from "./schema.ts";

const text = { is: "text" } as const;
const toggle = { is: "switch" } as const;
const duration = { is: "duration" } as const;
/** Without it nothing would be done but that. */
const pause = { is: "duration", leastMs: 1 } as const;
const size = { is: "size" } as const;
const texts = { is: "list", of: text } as const;
const variables = { is: "map", keys: "variable", of: { is: "value" } } as const;

const stop = {
  is: "record",
  settings: {
    signal: {
      kind: {
        is: "choice",
        of: ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGKILL"],
      },
      about: "The signal that asks a process to stop.",
      default: "SIGTERM",
    },
    timeout: {
      kind: duration,
      about: "How long it has from then on until it is killed.",
      default: "that of --timeout, 10s",
    },
    scope: {
      kind: { is: "choice", of: ["group", "leader"] },
      about:
        "Whether the whole process group gets the signal, or at first only the process that was started.",
      default: "group",
    },
    command: {
      kind: text,
      about: "A command to run instead of sending the signal.",
    },
  },
} as const;

const restart = {
  is: "record",
  short: "policy",
  settings: {
    policy: {
      kind: { is: "choice", of: ["on-failure", "always", "never"] },
      about: "Whether a process that has ended by itself is started again.",
      default: "on-failure",
    },
    max: {
      kind: { is: "count", least: 0, most: 1_000_000 },
      about: "How often in a row, before it is parked.",
      default: "no limit",
    },
    backoff: {
      kind: duration,
      about: "The pause after the first failure; it doubles with each that follows, up to 30s.",
      default: "500ms",
    },
  },
} as const;

const checks = {
  http: {
    kind: text,
    about:
      "A path on its own port, or a URL, that is asked for: any answer below 400 will do, redirections are not followed.",
  },
  tcp: {
    kind: text,
    about: "A port of this machine, or HOST:PORT, that takes a connection, as $PORT.",
  },
  log: { kind: { is: "pattern" }, about: "What a line that it prints has to match." },
  command: {
    kind: text,
    about: "A command that is run where it runs, and has to exit with code 0.",
  },
} as const satisfies SettingTable;
const checkNames = ["http", "tcp", "log", "command"] as const;

const ready = {
  is: "record",
  oneOf: checkNames,
  settings: {
    ...checks,
    timeout: {
      kind: pause,
      about: "Not ready by then, it is stopped and started anew, as after a crash.",
      default: "60s",
    },
    interval: {
      kind: pause,
      about: "The pause between two looks.",
      default: "15ms for 5s and growing then; of a command 15ms at first",
    },
  },
} as const;

const live = {
  is: "record",
  oneOf: checkNames,
  settings: {
    ...checks,
    interval: { kind: pause, about: "The pause between two looks.", default: "10s" },
    timeout: { kind: pause, about: "How long an answer may take.", default: "5s" },
    failures: {
      kind: { is: "count", least: 1, most: 1_000 },
      about: "So many in a row, and it is stopped and started anew, as after a crash.",
      default: "3",
    },
  },
} as const;

const dependsOn = {
  is: "map",
  keys: "process type",
  of: {
    is: "record",
    short: "until",
    settings: {
      until: {
        kind: { is: "choice", of: ["ready", "completed"] },
        about: "ready: all of its processes are up. completed: they have ended with code 0.",
        default: "ready",
      },
      restart_with: {
        kind: toggle,
        about: "Whether it is started anew whenever the other is.",
        default: "false",
      },
    },
  },
} as const;

const watch = {
  is: "record",
  short: "paths",
  settings: {
    paths: {
      kind: texts,
      about: "Globs, folders and files that are watched, seen from the app's folder.",
    },
    ignore: {
      kind: texts,
      about: "Globs, folders and files that are left out, as in **/*.test.js.",
    },
    debounce: {
      kind: duration,
      about: "How long nothing more has to change until it is restarted.",
      default: "300ms",
    },
  },
} as const;

const autoscale = {
  is: "record",
  settings: {
    min: {
      kind: { is: "count", least: 0, most: 100_000 },
      about: "How many there are at least.",
      default: "1",
    },
    max: {
      kind: { is: "count", least: 1, most: 100_000 },
      about: "How many there are at most. Needed.",
    },
    every: {
      kind: { is: "duration", leastMs: 100 },
      about: "The pause between two looks.",
      default: "10s",
    },
    metric: {
      kind: text,
      about: "A command whose last line is a number, as the length of a queue. Needed.",
    },
    per: { kind: { is: "amount" }, about: "How much of that one process takes. Needed." },
  },
} as const;

const memory = {
  is: "record",
  short: "limit",
  settings: {
    warn: { kind: size, about: "Above it, that is told: once, and again after it has come down." },
    limit: { kind: size, about: "Above it, it is stopped as always, and started anew." },
  },
} as const;

const schedule = {
  is: "record",
  short: "cron",
  settings: {
    cron: {
      kind: text,
      about:
        "A cron expression: minute, hour, day of the month, month, day of the week; with six fields, seconds come first. Or @hourly, @daily and the like. In quotes.",
    },
    tz: {
      kind: text,
      about: "The time zone that it is meant in, as in Europe/Berlin.",
      default: "the system's",
    },
    overlap: {
      kind: { is: "choice", of: ["skip", "queue", "kill"] },
      about:
        "What comes of a run that is due before the last one is over. skip: nothing. queue: it follows at once. kill: that one is stopped.",
      default: "skip",
    },
  },
} as const;

const router = {
  is: "record",
  short: "port",
  settings: {
    port: {
      kind: { is: "count", least: 1, most: 65_535 },
      about: "The port it listens on.",
      default: "the one below the first port of web, 5005",
    },
    host: {
      kind: text,
      about: "The address it listens on, or several with commas between, as 0.0.0.0.",
      default: "127.0.0.1,::1",
    },
    shared: {
      kind: toggle,
      about:
        "Whether it is the one that several apps share, procman router, under a name of their own each.",
      default: "false",
    },
    tls: {
      kind: toggle,
      about: "Whether it speaks HTTPS, with a certificate that procman makes, and HTTP/2.",
      default: "false",
    },
    cert: { kind: text, about: "A certificate in PEM to do so with, seen from the app's folder." },
    key: { kind: text, about: "Its private key in PEM." },
    sticky: {
      kind: toggle,
      about: "Whether a client comes back to the process it came to first, by a cookie.",
      default: "false",
    },
    timeout: {
      kind: pause,
      about: "How long a process may take to begin its answer.",
      default: "30s",
    },
    drain: {
      kind: duration,
      about: "How long requests in flight may take before their process is stopped.",
      default: "10s",
    },
  },
} as const;

export const colourNames = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;
export type ColourName = (typeof colourNames)[number];

export const typeSettings = {
  env: { kind: variables, about: "Variables of its environment, above those of the shell." },
  env_file: {
    kind: texts,
    about: "Files like .env, for it alone, above the shell and below env.",
  },
  cwd: {
    kind: text,
    about: "The folder it runs in, seen from that of the app.",
    default: "the app's folder",
  },
  shell: { kind: text, about: "The shell that runs its command.", default: "that of the app" },
  port: {
    kind: { is: "choice", of: ["none"] },
    about: "none: it listens nowhere, and gets no PORT.",
    default: "its place in the app's block of ports",
  },
  ready: {
    kind: ready,
    about: "When it counts as up.",
    default: "web: its port takes connections, or 10s have passed; others: it has run for 500ms",
  },
  live: { kind: live, about: "What is asked as long as it is up; a lasting no is like a crash." },
  depends_on: {
    kind: dependsOn,
    about: "Other process types that have to be ready or completed before it is started.",
  },
  once: {
    kind: toggle,
    about:
      "Whether it has work to do and ends with it: code 0 is success, and a failure stays one.",
    default: "false",
  },
  schedule: {
    kind: schedule,
    about:
      "When it is run: then, and at no other time. A failure is told, and not tried again unless restart says so.",
  },
  stop: { kind: stop, about: "How it is stopped." },
  restart: { kind: restart, about: "What happens when it has ended by itself." },
  watch: {
    kind: watch,
    about:
      "Files for which it is restarted when they change. What .gitignore names is left out, and so are node_modules and .git, unless they are named.",
  },
  autoscale: {
    kind: autoscale,
    about: "How many there are, by the number that a command prints.",
    default: "as many as are asked for",
  },
  surge: {
    kind: { is: "count", least: 0, most: 1 },
    about:
      "1: where it is replaced, a new process is started beside the old one, and that one stopped when the new one is up. 0: the old one is stopped first.",
    default: "1 for several of web behind the router, else 0",
  },
  memory: {
    kind: memory,
    about: "How much memory it may take, with all that it has started. Looked at every 5s.",
    default: "no limit",
  },
  essential: {
    kind: toggle,
    about: "Whether the app ends when one of its processes has ended for good.",
    default: "false",
  },
  color: {
    kind: { is: "choice", of: colourNames },
    about: "The colour of its name in the terminal.",
    default: "the next one that is free",
  },
  quiet: {
    kind: toggle,
    about: "Whether its output is left out in the terminal; the log on disk has it.",
    default: "false",
  },
} as const satisfies SettingTable;

export const appSettings = {
  name: { kind: text, about: "What the app is called.", default: "the folder's name" },
  procfile: { kind: text, about: "The Procfile, seen from this folder.", default: "Procfile" },
  env: {
    kind: texts,
    about: "The files that are read in place of .env, lowest first.",
    default: ".env",
  },
  port: {
    kind: { is: "count", least: 1, most: 65_535 },
    about: "The port of web, where those of the others begin.",
    default: "5006",
  },
  formation: {
    kind: {
      is: "map",
      keys: "process type",
      of: { is: "count", least: 0, most: 100_000 },
    },
    about: "How many of each process type are started; all stands for the others.",
    default: "1 of each",
  },
  timestamps: {
    kind: { is: "choice", of: ["time", "iso", "off"] },
    about: "The time before each line in the terminal.",
    default: "time",
  },
  shell: { kind: text, about: "The shell that runs the commands.", default: "/bin/sh -c" },
  include: {
    kind: { is: "map", keys: "name", of: text },
    about:
      "Other apps that are run as a part of this one, each by its folder: web of the one that is named api is api:web.",
  },
  dyno: {
    kind: toggle,
    about: "Whether each process gets its name as DYNO, as on Heroku, too.",
    default: "false",
  },
  router: {
    kind: router,
    about: "One URL in front of all processes of web. {} takes it as it is.",
    default: "none",
  },
  log: {
    kind: {
      is: "record",
      short: "keep",
      settings: {
        keep: {
          kind: toggle,
          about: "Whether what the processes print is kept on disk.",
          default: "true",
        },
        size: { kind: size, about: "How large a file of it gets.", default: "10M" },
        files: {
          kind: { is: "count", least: 2, most: 1_000 },
          about: "How many of them there are at most.",
          default: "5",
        },
      },
    },
    about: "The log on disk.",
  },
  types: {
    kind: {
      is: "map",
      keys: "process type",
      of: { is: "record", settings: typeSettings },
    },
    about: "What is special to a process type, by its name in the Procfile.",
  },
} as const satisfies SettingTable;

export const settingsSchema = {
  is: "record",
  settings: appSettings,
} as const satisfies Kind;

/** As they are in the file. Nothing is there that it does not say. */
export type AppSettings = ValueOf<typeof settingsSchema>;
export type TypeSettings = ValuesOf<typeof typeSettings>;
