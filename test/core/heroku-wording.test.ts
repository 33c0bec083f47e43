import { describe, expect, it } from "vitest";
import { herokuFormation, herokuWording } from "../../src/core/heroku-wording.ts";
import type { Notice } from "../../src/core/notice.ts";

type Kind = Notice["kind"];
type Case = readonly [name: string, notice: Notice, lines: readonly string[]];

const ended = {
  kind: "ended",
  ranMs: 1_200,
  status: { kind: "exit", code: 1 },
  sequel: { is: "again", inMs: 500, failures: 1 },
} as const;
const stopped = { kind: "stopped", tookMs: 320 } as const;

/** By kind, so that one without a line does not compile. */
const cases: { readonly [K in Kind]: readonly Case[] } = {
  started: [
    [
      "with its command",
      { kind: "started", command: "node index.js", pid: 431, port: 5006 },
      ["Starting process with command `node index.js` (pid 431, port 5006)"],
    ],
  ],
  waiting: [
    [
      "for another",
      { kind: "waiting", for: [{ type: "db", until: "ready" }] },
      ["Waits for db to be ready"],
    ],
  ],
  changed: [
    [
      "its files",
      { kind: "changed", file: "src/a.ts", others: 1 },
      ["Restarting, because src/a.ts changed, +1 more"],
    ],
  ],
  overlap: [
    [
      "skipped",
      { kind: "overlap", overlap: "skip" },
      ["Is due, but the run before is not over; skipped"],
    ],
  ],
  "restarted-with": [
    ["as another is", { kind: "restarted-with", other: "db.1" }, ["Is restarted, because db.1 is"]],
  ],
  unhealthy: [
    ["no answer", { kind: "unhealthy", reason: "late" }, ["Is unhealthy: late; stopping it"]],
  ],
  "memory-warning": [
    [
      "as Heroku counts",
      { kind: "memory-warning", use: { usedBytes: 531 * 2 ** 20, allowedBytes: 512 * 2 ** 20 } },
      ["Process running mem=531M(103.7%)", "Error R14 (Memory quota exceeded)"],
    ],
  ],
  "memory-limit": [
    [
      "as Heroku counts",
      { kind: "memory-limit", use: { usedBytes: 531 * 2 ** 20, allowedBytes: 512 * 2 ** 20 } },
      ["Process running mem=531M(103.7%)", "Error R15 (Memory quota vastly exceeded)"],
    ],
  ],
  state: [
    [
      "a change",
      { kind: "state", from: "starting", to: "up" },
      ["State changed from starting to up"],
    ],
  ],
  signalled: [
    ["SIGTERM", { kind: "signalled", signal: "SIGTERM" }, ["Stopping all processes with SIGTERM"]],
  ],
  asked: [
    [
      "to restart",
      { kind: "asked", what: "restart", by: "marc with procman restart" },
      ["Restarting, asked by marc with procman restart"],
    ],
    [
      "to stop",
      { kind: "asked", what: "stop", by: "marc with heroku-cli" },
      ["Stopping, asked by marc with heroku-cli"],
    ],
  ],
  ended: [
    ["a crash", ended, ["Process exited with status 1", "Restarting in 500 ms"]],
    [
      "the third in a row",
      { ...ended, sequel: { is: "again", inMs: 2_000, failures: 3 } },
      ["Process exited with status 1", "Restarting in 2 s (failure 3 in a row)"],
    ],
    [
      "well",
      { ...ended, status: { kind: "exit", code: 0 }, sequel: { is: "content" } },
      ["Process exited with status 0"],
    ],
    [
      "by a signal, as a shell counts it",
      { ...ended, status: { kind: "signal", signal: "SIGSEGV", number: 11 } },
      ["Process exited with status 139 (SIGSEGV)", "Restarting in 500 ms"],
    ],
    [
      "by the kernel",
      {
        ...ended,
        status: { kind: "signal", signal: "SIGKILL", number: 9, cause: "out of memory" },
      },
      ["Process exited with status 137 (SIGKILL, out of memory)", "Restarting in 500 ms"],
    ],
    [
      "for want of its port",
      {
        ...ended,
        port: {
          is: "held",
          port: 5006,
          holder: { pid: 431, command: "node\0index.js", user: "marc" },
        },
        sequel: {
          is: "again",
          inMs: 10_500,
          failures: 1,
          onPortFree: { inMs: 250, failures: 0 },
        },
      },
      [
        "Process exited with status 1",
        'Port 5006 is held by node (pid 431, user marc, "node index.js")',
        "Restarting when the port is free, in 11 s at the latest",
      ],
    ],
    [
      "by the kernel, as a shell in between says it",
      { ...ended, status: { kind: "exit", code: 137, cause: "out of memory" } },
      ["Process exited with status 137 (out of memory)", "Restarting in 500 ms"],
    ],
    [
      "a command that is not there",
      {
        ...ended,
        status: { kind: "exit", code: 127 },
        sequel: { is: "park", reason: "command not found" },
      },
      [
        "Process exited with status 127",
        "Parked, because trying again cannot help: command not found",
      ],
    ],
    [
      "before it began",
      {
        ...ended,
        status: { kind: "unstarted", reason: "no descriptors", isLasting: false },
      },
      ["Process could not be started: no descriptors", "Restarting in 500 ms"],
    ],
  ],
  stopped: [
    [
      "by the signal",
      { ...stopped, status: { kind: "signal", signal: "SIGTERM", number: 15 } },
      ["Process exited with status 143 (SIGTERM)"],
    ],
    [
      "by its own code",
      { ...stopped, status: { kind: "exit", code: 0 } },
      ["Process exited with status 0"],
    ],
  ],
  undrained: [
    [
      "undrained",
      { kind: "undrained", afterMs: 10_000 },
      ["Still has requests after 10 s; stopping it all the same"],
    ],
  ],
  unreplaced: [
    [
      "unreplaced",
      { kind: "unreplaced", reason: "the new one exited with code 1" },
      ["Stays as it was: the new one exited with code 1"],
    ],
  ],
  overdue: [
    [
      "after the grace period",
      { kind: "overdue", graceMs: 10_000, askedBy: "SIGTERM" },
      [
        "Error R12 (Exit timeout) -> At least one process failed to exit within 10 seconds of SIGTERM",
        "Stopping remaining processes with SIGKILL",
      ],
    ],
  ],
  up: [["which the state says", { kind: "up", afterMs: 320 }, []]],
  unanswered: [
    [
      "after a while",
      { kind: "unanswered", afterMs: 10_000 },
      ["Does not answer on its port after 10 s; taken for up all the same"],
    ],
  ],
  "ends-all": [
    [
      "with --no-restart",
      { kind: "ends-all", by: "--no-restart" },
      ["Has ended, and with --no-restart all others are stopped for that"],
    ],
  ],
  "port-cleared": [
    [
      "of a straggler",
      { kind: "port-cleared", port: 5006, processes: ["node a.js (pid 7)"] },
      ["Had what an earlier procman had left on its port 5006: node a.js (pid 7); ended"],
    ],
  ],
  "poor-pipe": [
    [
      "no FIFO",
      { kind: "poor-pipe", reason: "ENOENT" },
      [
        "Has a socket for its output, because no FIFO could be made (ENOENT); what it prints right before it exits may be lost",
      ],
    ],
  ],
  swept: [
    [
      "two",
      { kind: "swept", processes: ["node a.js (pid 7)", "node b.js (pid 8)"] },
      ["Left node a.js (pid 7), node b.js (pid 8) behind; ended"],
    ],
  ],
  spared: [
    [
      "a server",
      { kind: "spared", processes: ["watchman (pid 8)"] },
      [
        "Left watchman (pid 8) running; that is a background server, stop it yourself if you want to",
      ],
    ],
  ],
  unstoppable: [
    [
      "somebody else's",
      { kind: "unstoppable", processes: ["sudo (pid 9)"] },
      ["Could not stop sudo (pid 9); it is not procman's to kill, stop it yourself"],
    ],
  ],
  "stop-command": [
    [
      "a stop command",
      { kind: "stop-command", command: "docker rm -f x" },
      ["Is stopped by: docker rm -f x"],
    ],
  ],
  "stop-command-failed": [
    [
      "a stop command that fails",
      { kind: "stop-command-failed", command: "docker rm -f x", reason: "exited with code 1" },
      ["Its stop command exited with code 1: docker rm -f x"],
    ],
  ],
  "output-held": [
    [
      "by another process",
      { kind: "output-held" },
      ["Has ended, but another process holds its output open; not waiting for it"],
    ],
  ],
  "stale-environment": [
    [
      "an invalid file",
      { kind: "stale-environment", problem: ".env:3:1: error: no end of the quote" },
      ["Is started with the environment it had before: .env:3:1: error: no end of the quote"],
    ],
  ],
};

describe.each(Object.entries(cases))("%s", (kind, rows) => {
  it.each(rows)("%s", (_, notice, lines) => {
    expect(notice.kind).toBe(kind);
    expect(herokuWording(notice)).toEqual(lines);
  });
});

describe("a formation, as Heroku's log has it", () => {
  it.each<[name: string, quantities: Readonly<Record<string, number>>, text: string]>([
    ["sorted", { web: 2, clock: 0, worker: 10 }, "clock@0 web@2 worker@10"],
    ["one", { web: 1 }, "web@1"],
    ["none", {}, ""],
  ])("%s", (_, quantities, text) => {
    expect(herokuFormation(new Map(Object.entries(quantities)))).toBe(text);
  });
});
