import { describe, expect, it } from "vitest";
import {
  type Dyno,
  formatProcesses,
  formatSince,
  formatWide,
  type Now,
} from "../../src/cli/ps-table.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const startMs = Date.UTC(2026, 10, 21, 14, 32, 1);
const utc = (afterMs: number): Now => ({ timeMs: startMs + afterMs, offsetMinutes: 0 });

function dyno(name: string, given: Partial<Dyno> = {}): Dyno {
  return {
    name,
    type: name.replace(/\.\d+$/, ""),
    state: "up",
    updated_at: new Date(startMs).toISOString(),
    pid: 431,
    port: 5006,
    restarts: 0,
    last_exit: null,
    restart_in_ms: null,
    reason: null,
    ...given,
  };
}

const web = { type: "web", command: "node index.js", quantity: 2 };
const worker = { type: "worker", command: "node worker.js", quantity: 1 };
const clock = { type: "clock", command: "node clock.js", quantity: 0 };

describe("processes in Heroku's layout", () => {
  it("are grouped by type, in the order of the Procfile", () => {
    const later = new Date(startMs + 14 * minute + 59 * second).toISOString();
    const dynos = [
      dyno("web.1"),
      dyno("web.2", { state: "starting", updated_at: later }),
      dyno("worker.1"),
    ];
    expect(formatProcesses([web, worker, clock], dynos, utc(15 * minute))).toBe(
      `=== web: node index.js (2)

web.1: up 2026/11/21 14:32:01 +0000 (~ 15m ago)
web.2: starting 2026/11/21 14:47:00 +0000 (~ 1s ago)

=== worker: node worker.js (1)

worker.1: up 2026/11/21 14:32:01 +0000 (~ 15m ago)

=== clock: node clock.js (0)

`,
    );
  });

  it.each<[name: string, given: Partial<Dyno>, row: string]>([
    [
      "a stopped one",
      { state: "down", pid: null },
      "web.1: down 2026/11/21 14:32:01 +0000 (~ 3s ago)",
    ],
    [
      "a crashed one with the time left",
      { state: "crashed", restart_in_ms: 12_900 },
      "web.1: crashed 2026/11/21 14:32:01 +0000 (~ 3s ago), again in 12s",
    ],
    [
      "a crashed one that is due",
      { state: "crashed", restart_in_ms: 0 },
      "web.1: crashed 2026/11/21 14:32:01 +0000 (~ 3s ago), again in 0s",
    ],
    [
      "a parked one with the reason",
      { state: "parked", reason: "command not found" },
      "web.1: parked (command not found) 2026/11/21 14:32:01 +0000 (~ 3s ago)",
    ],
    [
      "a scheduled one that has not run yet",
      { state: "scheduled", next_run_at: "2026-11-22T03:00:00.000Z", last_run: null },
      "web.1: scheduled 2026/11/21 14:32:01 +0000 (~ 3s ago), next 2026/11/22 03:00:00 +0000",
    ],
    [
      "one that ran",
      {
        state: "up",
        next_run_at: null,
        last_run: { text: "exited with code 1", ended_at: "2026-11-21T14:32:02.000Z" },
      },
      "web.1: up 2026/11/21 14:32:01 +0000 (~ 3s ago), next never, last exited with code 1 2026/11/21 14:32:02 +0000 (~ 2s ago)",
    ],
  ])("shows %s", (_, given, row) => {
    const text = formatProcesses([web], [dyno("web.1", given)], utc(3 * second));
    expect(text.split("\n")[2]).toBe(row);
  });

  it("are nothing where there is no type", () => {
    expect(formatProcesses([], [], utc(0))).toBe("");
  });
});

describe("since when", () => {
  it.each<[name: string, afterMs: number, age: string]>([
    ["now", 0, " (~ 0s ago)"],
    ["rounded down", 59 * second + 999, " (~ 59s ago)"],
    ["a minute", minute, " (~ 1m ago)"],
    ["an hour less a second", hour - second, " (~ 59m ago)"],
    ["an hour", hour, " (~ 1h ago)"],
    ["a day", 24 * hour, " (~ 24h ago)"],
    ["as long as Heroku counts", 25 * hour - 1, " (~ 24h ago)"],
    ["more than that", 25 * hour, ""],
    ["a clock that was set back", -5 * second, " (~ 0s ago)"],
  ])("%s", (_, afterMs, age) => {
    expect(formatSince(startMs, utc(afterMs))).toBe(`2026/11/21 14:32:01 +0000${age}`);
  });

  it.each<[offsetMinutes: number, date: string]>([
    [60, "2026/11/21 15:32:01 +0100"],
    [-210, "2026/11/21 11:02:01 -0330"],
    [-30, "2026/11/21 14:02:01 -0030"],
    [345, "2026/11/21 20:17:01 +0545"],
    [840, "2026/11/22 04:32:01 +1400"],
  ])("in local time, %i minutes from UTC", (offsetMinutes, date) => {
    const now = { timeMs: startMs + 48 * hour, offsetMinutes };
    expect(formatSince(startMs, now)).toBe(date);
  });
});

describe("processes in a wide table", () => {
  it("have all that is known in columns", () => {
    const dynos = [
      dyno("web.1", {
        pid: 43_110,
        ports: [5_006, 9_229],
        cpu_percent: 12.34,
        memory_bytes: 50 * 2 ** 20,
      }),
      dyno("web.2", { port: 5_007, ports: [], cpu_percent: 0, memory_bytes: 2 ** 19, restarts: 3 }),
      dyno("worker.1", {
        state: "crashed",
        pid: null,
        port: 5_106,
        restarts: 12,
        restart_in_ms: 8_000,
        last_exit: { text: "exited with code 1" },
      }),
      dyno("clock.1", { state: "parked", pid: null, port: 5_206, reason: "command not found" }),
    ];
    expect(formatWide(dynos, utc(90 * minute))).toBe(
      [
        "NAME      STATE                       PID    PORT       CPU    MEMORY    RESTARTS  SINCE  LAST EXIT",
        "web.1     up                          43110  5006,9229  12.3%  50.0 MiB  0         1h     -",
        "web.2     up                          431    (5007)     0.0%   0.5 MiB   3         1h     -",
        "worker.1  crashed, again in 8s        -      (5106)     -      -         12        1h     exited with code 1",
        "clock.1   parked (command not found)  -      (5206)     -      -         0         1h     -",
        "",
      ].join("\n"),
    );
  });

  it("say when a scheduled one is next", () => {
    const next = new Date(startMs + 5 * hour).toISOString();
    const text = formatWide([dyno("job.1", { state: "scheduled", next_run_at: next })], utc(0));
    expect(text).toContain("job.1  scheduled, next in 5h  ");
  });

  it("are a heading when there are none", () => {
    expect(formatWide([], utc(0))).toBe(
      "NAME  STATE  PID  PORT  CPU  MEMORY  RESTARTS  SINCE  LAST EXIT\n",
    );
  });
});
