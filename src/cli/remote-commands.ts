/** The commands that ask a running procman, as data. */
import type { CommandSpec, OptionSpec } from "./call.ts";

const waitOption: OptionSpec = { name: "wait", help: "return when what was started is up" };

export const remoteCommands: readonly CommandSpec[] = [
  {
    name: "ps",
    aliases: ["status"],
    words: "[TYPE...]",
    summary: "show what runs",
    takesAll: false,
    options: [
      { name: "wide", help: "show pid, ports, processor, memory, restarts and last exit too" },
      { name: "watch", short: "w", help: "show it again every second" },
    ],
    after: "Example:\n  $ procman ps --wide\n",
    run: async (words, options) => (await import("./ps.ts")).ps(words, options),
  },
  {
    name: "why",
    words: "[NAME...]",
    summary:
      "tell why a type or process, or any, has failed, and what has changed since it ran well",
    takesAll: false,
    options: [],
    after: "Example:\n  $ procman why web.1\n",
    run: async (words, options) => (await import("./why.ts")).why(words, options),
  },
  {
    name: "scale",
    aliases: ["ps:scale"],
    words: "[TYPE=N...]",
    summary: "change how many of each type run, or print it",
    takesAll: false,
    options: [waitOption],
    after:
      "TYPE+N and TYPE-N add and take away. All is changed, or nothing.\n\n" +
      "Example:\n  $ procman scale web=2 worker+1\n",
    run: async (words, options) => (await import("./scale.ts")).scale(words, options),
  },
  {
    name: "restart",
    aliases: ["ps:restart"],
    words: "[NAME...]",
    summary: "restart types or processes, or all, with what the files say now",
    takesAll: false,
    options: [
      {
        name: "rolling",
        help: "one after the other, each stopped when the one in its place is up (usual for several of web behind the router)",
      },
      waitOption,
    ],
    after:
      "Examples:\n  $ procman restart\n  $ procman restart worker web.2\n  $ procman restart web --rolling\n",
    run: async (words, options) => (await import("./restart.ts")).restart(words, options),
  },
  {
    name: "stop",
    aliases: ["ps:stop", "kill"],
    words: "[NAME...]",
    summary: "stop types or processes; without a name the app, and procman itself",
    takesAll: false,
    options: [],
    after: "Examples:\n  $ procman stop\n  $ procman stop worker.2\n",
    run: async (words, options) => (await import("./stop.ts")).stop(words, options),
  },
  {
    name: "reload",
    aliases: [],
    words: "",
    summary: "take over what has changed in the files, and touch nothing else",
    takesAll: false,
    options: [{ name: "dry-run", help: "only say what would be done" }, waitOption],
    after: "Example:\n  $ procman reload --dry-run\n",
    run: async (_words, options) => (await import("./reload.ts")).reload(options),
  },
  {
    name: "wait",
    aliases: ["ps:wait"],
    words: "[NAME...]",
    summary: "return when types or processes, or all, are ready",
    takesAll: false,
    options: [
      {
        name: "timeout",
        value: "DURATION",
        help: "give up after this long, with exit code 124 (default: 60s)",
      },
    ],
    after: "Example:\n  $ procman wait web --timeout 30s && curl localhost:5006\n",
    run: async (words, options) => (await import("./wait.ts")).wait(words, options),
  },
];
