import { describe, expect, it } from "vitest";
import {
  describeNotice,
  describeRunEnd,
  formatDuration,
  type Notice,
} from "../../src/core/notice.ts";

type Kind = Notice["kind"];
type Case = readonly [name: string, notice: Notice, line: string | undefined];

const ended = { kind: "ended", ranMs: 1_200, status: { kind: "exit", code: 1 } } as const;

/** By kind, so that one without a line does not compile. */
const cases: { readonly [K in Kind]: readonly Case[] } = {
  started: [
    [
      "started",
      { kind: "started", command: "node index.js", pid: 431, port: 5006 },
      "started with pid 431 on port 5006: node index.js",
    ],
  ],
  "poor-pipe": [
    [
      "no FIFO",
      { kind: "poor-pipe", reason: "ENOENT" },
      "has a socket for its output, because no FIFO could be made (ENOENT); what it prints right before it exits may be lost",
    ],
  ],
  up: [["up", { kind: "up", afterMs: 320 }, "is up after 320 ms"]],
  waiting: [
    [
      "for another",
      { kind: "waiting", for: [{ type: "db", until: "ready" }] },
      "waits for db to be ready",
    ],
    [
      "in vain",
      {
        kind: "waiting",
        for: [
          { type: "db", until: "ready" },
          { type: "migrate", until: "completed", failure: "migrate.1 exited with code 1" },
        ],
      },
      "waits for migrate to complete, but migrate.1 exited with code 1",
    ],
  ],
  overlap: [
    [
      "skipped",
      { kind: "overlap", overlap: "skip" },
      "is due, but the run before is not over; skipped",
    ],
    [
      "queued",
      { kind: "overlap", overlap: "queue" },
      "is due, but the run before is not over; started after it",
    ],
    [
      "in its place",
      { kind: "overlap", overlap: "kill" },
      "is due, but the run before is not over; stopping that",
    ],
  ],
  "restarted-with": [
    ["as another is", { kind: "restarted-with", other: "db.1" }, "is restarted, because db.1 is"],
  ],
  unhealthy: [
    [
      "no answer",
      { kind: "unhealthy", reason: "GET http://localhost:5006/ answered 500" },
      "is unhealthy: GET http://localhost:5006/ answered 500; stopping it",
    ],
  ],
  "memory-warning": [
    [
      "more than that",
      { kind: "memory-warning", use: { usedBytes: 531 * 2 ** 20, allowedBytes: 512 * 2 ** 20 } },
      "takes 531M of memory, over its warn of 512M",
    ],
  ],
  "memory-limit": [
    [
      "more than it may",
      { kind: "memory-limit", use: { usedBytes: 531 * 2 ** 20, allowedBytes: 512 * 2 ** 20 } },
      "takes 531M of memory, over its limit of 512M; stopping it",
    ],
  ],
  unanswered: [
    [
      "nobody answers",
      { kind: "unanswered", afterMs: 10_000 },
      "does not answer on its port after 10 s; taken for up all the same",
    ],
  ],
  ended: [
    [
      "the first crash",
      { ...ended, sequel: { is: "again", inMs: 500, failures: 1 } },
      "exited with code 1 after 1.2 s; starting it again in 500 ms",
    ],
    [
      "the third crash in a row",
      { ...ended, sequel: { is: "again", inMs: 2_000, failures: 3 } },
      "exited with code 1 after 1.2 s; starting it again in 2 s (failure 3 in a row)",
    ],
    [
      "a crash after a stable run",
      { ...ended, ranMs: 3_600_000, sequel: { is: "again", inMs: 250, failures: 0 } },
      "exited with code 1 after 1 h 0 min; starting it again in 250 ms",
    ],
    [
      "ended by a signal",
      {
        ...ended,
        status: { kind: "signal", signal: "SIGSEGV", number: 11 },
        sequel: { is: "again", inMs: 500, failures: 1 },
      },
      "was ended by SIGSEGV after 1.2 s; starting it again in 500 ms",
    ],
    [
      "done",
      { ...ended, status: { kind: "exit", code: 0 }, sequel: { is: "content" } },
      "exited with code 0 after 1.2 s",
    ],
    [
      "failed, and that is all",
      { ...ended, sequel: { is: "content" } },
      "exited with code 1 after 1.2 s; not started again",
    ],
    [
      "held up by somebody else's port",
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
      'exited with code 1 after 1.2 s, and its port 5006 is held by node (pid 431, user marc, "node index.js"); starting it again when that is free, in 11 s at the latest',
    ],
    [
      "held up by nobody, but the past",
      {
        ...ended,
        port: { is: "time-wait", port: 5006, leftMs: 41_200 },
        sequel: { is: "again", inMs: 500, failures: 1 },
      },
      "exited with code 1 after 1.2 s, and its port 5006 is in TIME_WAIT for 42 s more, which keeps out a server that does not set SO_REUSEADDR; starting it again in 500 ms",
    ],
    [
      "parked",
      {
        ...ended,
        status: { kind: "exit", code: 127 },
        ranMs: 5,
        sequel: { is: "park", reason: "command not found" },
      },
      "exited with code 127 after 5 ms (command not found); parked, because trying again cannot help",
    ],
    [
      "parked without a start",
      {
        ...ended,
        status: { kind: "unstarted", reason: "there is no folder x", isLasting: true },
        sequel: { is: "park", reason: "there is no folder x" },
      },
      "could not be started: there is no folder x; parked, because trying again cannot help",
    ],
    [
      "no start for now",
      {
        ...ended,
        status: { kind: "unstarted", reason: "too many files", isLasting: false },
        sequel: { is: "again", inMs: 1_000, failures: 1 },
      },
      "could not be started: too many files; starting it again in 1 s",
    ],
  ],
  "port-cleared": [
    [
      "a straggler on the port",
      { kind: "port-cleared", port: 5006, processes: ["node a.js (pid 7)"] },
      "had what an earlier procman had left on its port 5006: node a.js (pid 7); ended",
    ],
  ],
  "ends-all": [
    [
      "ends all",
      { kind: "ends-all", by: "--no-restart" },
      "has ended, and with --no-restart all others are stopped for that",
    ],
    [
      "ends all when it is parked",
      { kind: "ends-all", by: "--exit-on parked" },
      "is parked, and with --exit-on parked all others are stopped for that",
    ],
  ],
  undrained: [
    [
      "undrained",
      { kind: "undrained", afterMs: 10_000 },
      "still has requests after 10 s; stopping it all the same",
    ],
  ],
  unreplaced: [
    [
      "unreplaced",
      { kind: "unreplaced", reason: "the new one exited with code 1" },
      "stays as it was: the new one exited with code 1",
    ],
  ],
  overdue: [
    [
      "overdue",
      { kind: "overdue", graceMs: 10_000, askedBy: "SIGTERM" },
      "did not stop within 10 s; killing it",
    ],
  ],
  stopped: [
    [
      "stopped",
      { kind: "stopped", status: { kind: "signal", signal: "SIGTERM", number: 15 }, tookMs: 45 },
      "stopped after 45 ms (was ended by SIGTERM)",
    ],
  ],
  swept: [
    [
      "swept",
      { kind: "swept", processes: ["node a.js (pid 7)", "sh (pid 8)"] },
      "left node a.js (pid 7), sh (pid 8) behind; ended",
    ],
  ],
  spared: [
    [
      "spared",
      { kind: "spared", processes: ["watchman (pid 7)"] },
      "left watchman (pid 7) running; that is a background server, stop it yourself if you want to",
    ],
  ],
  unstoppable: [
    [
      "unstoppable",
      { kind: "unstoppable", processes: ["sudo x (pid 7)"] },
      "could not stop sudo x (pid 7); it is not procman's to kill, stop it yourself",
    ],
  ],
  "stop-command": [
    [
      "a stop command",
      { kind: "stop-command", command: "docker rm -f x" },
      "is stopped by: docker rm -f x",
    ],
  ],
  "stop-command-failed": [
    [
      "a stop command that fails",
      { kind: "stop-command-failed", command: "docker rm -f x", reason: "exited with code 1" },
      "its stop command exited with code 1: docker rm -f x",
    ],
  ],
  "output-held": [
    [
      "output held",
      { kind: "output-held" },
      "has ended, but another process holds its output open; not waiting for it",
    ],
  ],
  "stale-environment": [
    [
      "stale environment",
      { kind: "stale-environment", problem: ".env:3:1: error: no end" },
      "is started with the environment it had before: .env:3:1: error: no end",
    ],
  ],
  asked: [
    [
      "a restart is asked for",
      { kind: "asked", what: "restart", by: "marc with procman restart" },
      "is restarted by marc with procman restart",
    ],
    [
      "a stop is asked for",
      { kind: "asked", what: "stop", by: "marc with procman stop" },
      "is stopped by marc with procman stop",
    ],
  ],
  changed: [
    [
      "a file has changed",
      { kind: "changed", file: "src/a.ts", others: 0 },
      "is restarted, because src/a.ts changed",
    ],
    [
      "several files have changed",
      { kind: "changed", file: "src/a.ts", others: 3 },
      "is restarted, because src/a.ts changed, +3 more",
    ],
  ],
  signalled: [["the stop signal", { kind: "signalled", signal: "SIGTERM" }, undefined]],
  state: [["a change of state", { kind: "state", from: "starting", to: "up" }, undefined]],
};

describe("a notice is a line, or said by others already", () => {
  it.each(Object.values(cases).flat())("%s", (_, notice, line) => {
    expect(describeNotice(notice)).toBe(line);
  });
});

describe("formatDuration", () => {
  it.each([
    [-1, "0 ms"],
    [0, "0 ms"],
    [0.4, "0 ms"],
    [1, "1 ms"],
    [320, "320 ms"],
    [999, "999 ms"],
    [999.5, "1 s"],
    [1_000, "1 s"],
    [1_049, "1 s"],
    [1_200, "1.2 s"],
    [9_949, "9.9 s"],
    [9_950, "10 s"],
    [10_000, "10 s"],
    [45_000, "45 s"],
    [59_499, "59 s"],
    [59_500, "1 min 0 s"],
    [60_000, "1 min 0 s"],
    [200_000, "3 min 20 s"],
    [3_599_499, "59 min 59 s"],
    [3_599_500, "1 h 0 min"],
    [3_600_000, "1 h 0 min"],
    [7_500_000, "2 h 5 min"],
    [360_000_000, "100 h 0 min"],
  ])("%d ms: %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("the end of a run", () => {
  const sequel = { is: "content" } as const;
  it.each<[name: string, notice: Parameters<typeof describeRunEnd>[0], text: string]>([
    ["a code", { ...ended, sequel }, "exited with code 1 after 1.2 s"],
    [
      "a command that is not there",
      { ...ended, sequel, status: { kind: "exit", code: 127, reason: "command not found: x" } },
      "exited with code 127 after 1.2 s: command not found: x",
    ],
    [
      "nothing that could be started",
      { ...ended, sequel, status: { kind: "unstarted", reason: "no folder x", isLasting: true } },
      "could not be started: no folder x",
    ],
    [
      "a stop",
      {
        kind: "stopped",
        tookMs: 320,
        status: { kind: "signal", signal: "SIGTERM", number: 15 },
      },
      "stopped after 320 ms (was ended by SIGTERM)",
    ],
  ])("%s", (_, notice, text) => {
    expect(describeRunEnd(notice)).toBe(text);
  });
});
