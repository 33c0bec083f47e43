/** Every command and option, as data, so that what parses them and what explains them agree. */
import { bareValue } from "../core/router-settings.ts";
import type { CommandSpec, OptionSpec } from "./call.ts";
import { logsCommand } from "./logs-command.ts";
import { remoteCommands } from "./remote-commands.ts";

/** They stand before or after a command's name. */
export const globalOptions: readonly OptionSpec[] = [
  {
    name: "root",
    short: "d",
    value: "DIR",
    help: "the app's folder (default: the nearest upward with a Procfile)",
  },
  { name: "procfile", short: "f", value: "FILE", help: "the Procfile" },
  { name: "app", value: "NAME", help: "the app's name (default: its folder's)" },
  { name: "json", help: "print data, for programs" },
  { name: "no-color", help: "print no colours" },
];

/** All that may stand behind a command's name. A letter of its own means what the command says. */
export function optionsOf({ options }: CommandSpec): readonly OptionSpec[] {
  const letters = new Set(options.map(({ short }) => short));
  const others = globalOptions.map(({ short, ...option }) =>
    short === undefined || letters.has(short) ? option : { ...option, short },
  );
  return [...others, ...options];
}

const environmentOptions: readonly OptionSpec[] = [
  { name: "env", short: "e", value: "FILE,...", help: "read these instead of .env" },
  { name: "no-env", help: "read no .env file" },
  { name: "env-override", help: "let .env beat the shell" },
  { name: "env-expand", help: "put variables in for NAME in braces behind a $ in .env" },
];

export const commands: readonly CommandSpec[] = [
  {
    name: "start",
    words: "[TYPE[=N]...]",
    summary: "run the app, in this terminal or in the background",
    takesAll: false,
    options: [
      {
        name: "formation",
        short: "m",
        value: "TYPE=N,...",
        help: "how many of each; all=1 stands for every other type",
      },
      { name: "concurrency", short: "c", value: "TYPE=N,...", help: "the same as --formation" },
      { name: "except", short: "x", value: "TYPE,...", help: "leave these out" },
      { name: "release", help: "run the release first, and start nothing when that fails" },
      {
        name: "port",
        short: "p",
        value: "N|auto",
        help: "the port of web, from which the others are counted (default: 5006)",
      },
      {
        name: "timeout",
        short: "t",
        value: "SECONDS",
        help: "from the stop signal to SIGKILL (default: 10)",
      },
      {
        name: "no-restart",
        help: "when any process ends, stop the rest and exit with its code",
      },
      {
        name: "exit-on",
        value: "all|parked",
        help: "parked: when any process is parked, stop the rest and exit with its code (default: all)",
      },
      {
        name: "timestamps",
        value: "time|iso|off",
        help: "what stands before each line (default: time)",
      },
      { name: "no-prefix", help: "print the lines as they are" },
      {
        name: "log-format",
        value: "text|heroku|json",
        help: "the form of the lines (default: text, with --json: json)",
      },
      {
        name: "router",
        value: "PORT|shared",
        bare: { value: /^(\d+|shared)$/, given: bareValue },
        help: "serve all processes of web under one URL (default: on the port below theirs); shared: by procman router",
      },
      {
        name: "router-host",
        value: "ADDRESS,...",
        help: "where the router listens (default: 127.0.0.1,::1)",
      },
      {
        name: "router-tls",
        value: "CERT,KEY",
        bare: { value: /,/, given: bareValue },
        help: "with HTTPS and HTTP/2 (default: a certificate that procman makes)",
      },
      { name: "cgroup", help: "keep each run in a cgroup of its own, where one may be made" },
      { name: "no-log", help: "keep no output on disk, where procman logs finds it" },
      { name: "no-watch", help: "restart nothing because its files have changed" },
      { name: "quiet", short: "q", value: "TYPE,...", help: "do not show the output of these" },
      ...environmentOptions,
      {
        name: "daemon",
        short: "D",
        help: "run it in the background: returns when it is ready, else stops it and exits with 1",
      },
      {
        name: "api",
        value: "127.0.0.1:PORT",
        help: "serve the control API there too, as Heroku's own CLI can use it",
      },
    ],
    after: "Example:\n  $ procman start web worker=2 --port 3000\n",
    run: async (words, options) => (await import("./start.ts")).start(words, options),
  },
  {
    name: "run",
    words: "<COMMAND> [ARG...]",
    summary: "run a command once in the app's environment, on this terminal",
    takesAll: true,
    options: environmentOptions,
    after:
      "A process type's name stands for its command, with the arguments behind it.\n\n" +
      "Examples:\n  $ procman run rake db:migrate\n  $ procman run worker --once\n",
    run: async (words, options) => (await import("./run.ts")).run(words, options),
  },
  logsCommand,
  {
    name: "router",
    words: "[PORT]",
    summary: "serve all apps that were started with --router shared, as http://APP.localhost:PORT",
    takesAll: false,
    options: [
      {
        name: "host",
        value: "ADDRESS,...",
        help: "where it listens (default: 127.0.0.1,::1)",
      },
      {
        name: "tls",
        value: "CERT,KEY",
        bare: { value: /,/, given: bareValue },
        help: "with HTTPS and HTTP/2 (default: a certificate that procman makes)",
      },
    ],
    after: "Example:\n  $ procman router 8080\n",
    run: async (words, options) => (await import("./router.ts")).router(words, options),
  },
  {
    name: "check",
    words: "",
    summary: "read everything, start nothing, print every mistake",
    takesAll: false,
    options: environmentOptions,
    after: "Example:\n  $ procman check -f Procfile.dev\n",
    run: async (_words, options) => (await import("./check.ts")).check(options),
  },
  ...remoteCommands,
];
