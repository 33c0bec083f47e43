/** `procman logs`, as data. */
import type { CommandSpec } from "./call.ts";

export const logsCommand: CommandSpec = {
  name: "logs",
  words: "",
  summary: "print the last lines of the log, whether the app runs or not",
  takesAll: false,
  options: [
    {
      name: "num",
      short: "n",
      value: "N",
      help: "how many lines (default: 100; with --since: all)",
    },
    {
      name: "ps",
      short: "p",
      value: "TYPE",
      isList: true,
      help: "only those of this process type; may be given several times, also with commas",
    },
    {
      name: "dyno",
      short: "d",
      value: "NAME",
      isList: true,
      help: "only those of this instance, as web.1; may be given several times",
    },
    {
      name: "source",
      short: "s",
      value: "app|procman|router|heroku",
      help: "only those of this source; heroku is all but app",
    },
    {
      name: "since",
      value: "TIME",
      help: "only those of the last 30s, 10m, 2h or 1d, or since 2026-11-21T14:32",
    },
    { name: "grep", value: "RE", help: "only those in which this regular expression is found" },
    { name: "tail", short: "t", help: "go on with every line that comes" },
    { name: "follow", short: "f", help: "the same as --tail" },
  ],
  after:
    "-d and -f mean here what is listed above; the app's folder is --root, and a Procfile --procfile.\n\n" +
    "Examples:\n" +
    "  $ procman logs -n 500\n" +
    "  $ procman logs --tail -p worker -p clock\n" +
    "  $ procman logs -d web.1 --since 10m --grep 'error|timeout'\n" +
    "  $ procman logs -s procman --json\n",
  run: async (_words, options) => (await import("./logs.ts")).logs(options),
};
