/**
 * What procman says about an instance: everything worth a line, as one union, and the line itself.
 */

import type { EndsAll } from "./ends-all.ts";
import { describeExit, type ExitStatus, findLastingCause, isSuccess } from "./exit-status.ts";
import { describeUse, type MemoryUse } from "./memory.ts";
import { describeObstacles, type Obstacle } from "./obstacle.ts";
import { describePortTrouble, type PortTrouble } from "./port-trouble.ts";
import type { Sequel } from "./restart.ts";
import type { Overlap } from "./schedule-rule.ts";
import type { StateName } from "./state-name.ts";
import type { FileChange } from "./watch-rule.ts";

export type Notice =
  | {
      readonly kind: "started";
      readonly command: string;
      readonly pid: number;
      readonly port: number | undefined;
    }
  | { readonly kind: "poor-pipe"; readonly reason: string }
  /** It is not started before something else. */
  | { readonly kind: "waiting"; readonly for: readonly Obstacle[] }
  /** It is due, and the run before goes on. */
  | { readonly kind: "overlap"; readonly overlap: Overlap }
  /** It goes with another one that is. */
  | { readonly kind: "restarted-with"; readonly other: string }
  | { readonly kind: "up"; readonly afterMs: number }
  /** It is stopped for that, and is started anew. */
  | { readonly kind: "unhealthy"; readonly reason: string }
  | { readonly kind: "memory-warning"; readonly use: MemoryUse }
  /** It is stopped for that, and is started anew. */
  | { readonly kind: "memory-limit"; readonly use: MemoryUse }
  /** Nobody has answered on its port; it is taken for up all the same. */
  | { readonly kind: "unanswered"; readonly afterMs: number }
  /** It ended by itself. */
  | {
      readonly kind: "ended";
      readonly status: ExitStatus;
      readonly ranMs: number;
      /** What may be the reason. */
      readonly port?: PortTrouble | undefined;
      readonly sequel: Sequel;
    }
  /** What an earlier procman had left on its port, and is ended. */
  | { readonly kind: "port-cleared"; readonly port: number; readonly processes: readonly string[] }
  /** Of its end all others are stopped. */
  | { readonly kind: "ends-all"; readonly by: EndsAll }
  /** It still has requests, and is stopped all the same. */
  | { readonly kind: "undrained"; readonly afterMs: number }
  /** Another was to take its place, and was not up to it. */
  | { readonly kind: "unreplaced"; readonly reason: string }
  /** `askedBy` is a signal, or its stop command. */
  | { readonly kind: "overdue"; readonly graceMs: number; readonly askedBy: string }
  /** It ended because it was asked to. */
  | { readonly kind: "stopped"; readonly status: ExitStatus; readonly tookMs: number }
  /** Processes that were left behind, in the group or out of it, and ended. */
  | { readonly kind: "swept"; readonly processes: readonly string[] }
  /** Background servers known to outlive whoever started them, left alone. */
  | { readonly kind: "spared"; readonly processes: readonly string[] }
  /** What could not be ended, for it belongs to somebody else or hangs in the kernel. */
  | { readonly kind: "unstoppable"; readonly processes: readonly string[] }
  /** Somebody outside keeps the output open; it is not waited for. */
  | { readonly kind: "output-held" }
  /** The environment files are invalid now; the last good values are used. */
  | { readonly kind: "stale-environment"; readonly problem: string }
  /** A person asked for it; `by` is `marc with procman restart`. */
  | { readonly kind: "asked"; readonly what: "restart" | "stop"; readonly by: string }
  /** It is restarted for its files. */
  | ({ readonly kind: "changed" } & FileChange)
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "stop-command"; readonly command: string }
  /** The stop command did not do it. */
  | { readonly kind: "stop-command-failed"; readonly command: string; readonly reason: string }
  | { readonly kind: "state"; readonly from: StateName; readonly to: StateName };

/**
 * One line for a person who looks on, without the instance's name and without a final stop;
 * undefined for what other lines say already.
 */
export function describeNotice(notice: Notice): string | undefined {
  switch (notice.kind) {
    case "started":
      return `started with pid ${notice.pid}${describeOwnPort(notice.port)}: ${notice.command}`;
    case "poor-pipe":
      return `has a socket for its output, because no FIFO could be made (${notice.reason}); what it prints right before it exits may be lost`;
    case "waiting":
      return `waits ${describeObstacles(notice.for)}`;
    case "overlap":
      return describeOverlap(notice.overlap);
    case "restarted-with":
      return `is restarted, because ${notice.other} is`;
    case "unhealthy":
      return `is unhealthy: ${notice.reason}; stopping it`;
    case "memory-warning":
      return `takes ${describeUse(notice.use, "warn")}`;
    case "memory-limit":
      return `takes ${describeUse(notice.use, "limit")}; stopping it`;
    case "up":
      return `is up after ${formatDuration(notice.afterMs)}`;
    case "unanswered":
      return `does not answer on its port after ${formatDuration(notice.afterMs)}; taken for up all the same`;
    case "ended":
      return `${describeEnd(notice)}${describeSequel(notice.sequel, notice.status)}`;
    case "port-cleared":
      return `had what an earlier procman had left on its port ${notice.port}: ${list(notice.processes)}; ended`;
    case "ends-all":
      return describeEndsAll(notice.by);
    case "undrained":
      return `still has requests after ${formatDuration(notice.afterMs)}; stopping it all the same`;
    case "unreplaced":
      return `stays as it was: ${notice.reason}`;
    case "overdue":
      return `did not stop within ${formatDuration(notice.graceMs)}; killing it`;
    case "stopped":
      return describeStop(notice);
    case "swept":
      return `left ${list(notice.processes)} behind; ended`;
    case "spared":
      return `left ${list(notice.processes)} running; that is a background server, stop it yourself if you want to`;
    case "unstoppable":
      return `could not stop ${list(notice.processes)}; it is not procman's to kill, stop it yourself`;
    case "output-held":
      return "has ended, but another process holds its output open; not waiting for it";
    case "stale-environment":
      return `is started with the environment it had before: ${notice.problem}`;
    case "asked":
      return `${notice.what === "stop" ? "is stopped" : "is restarted"} by ${notice.by}`;
    case "changed":
      return `is restarted, because ${describeChange(notice)}`;
    case "stop-command":
      return `is stopped by: ${notice.command}`;
    case "stop-command-failed":
      return `its stop command ${notice.reason}: ${notice.command}`;
    case "signalled":
    case "state":
      return undefined;
  }
}

type Ended = Extract<Notice, { kind: "ended" }>;
type Stopped = Extract<Notice, { kind: "stopped" }>;

function describeEnd(notice: Ended): string {
  return `${describeExit(notice.status)}${describeRan(notice)}${describePort(notice.port)}`;
}

function describeStop({ status, tookMs }: Stopped): string {
  if (status.kind === "unstarted") return "was stopped before it had started";
  return `stopped after ${formatDuration(tookMs)} (${describeExit(status)})`;
}

/** The end of a run, whatever came of it: `exited with code 127 after 5 ms: command not found`. */
export function describeRunEnd(notice: Ended | Stopped): string {
  if (notice.kind === "stopped") return describeStop(notice);
  const { status } = notice;
  const cause = status.kind === "unstarted" ? undefined : findLastingCause(status);
  return `${describeEnd(notice)}${cause === undefined ? "" : `: ${cause}`}`;
}

function describeEndsAll(by: EndsAll): string {
  switch (by) {
    case "release":
      return "has failed, so nothing else is started";
    case "--no-restart":
      return `has ended, and with ${by} all others are stopped for that`;
    case "essential: true":
      return "has ended, and as it is essential all others are stopped for that";
    case "--exit-on parked":
      return `is parked, and with ${by} all others are stopped for that`;
  }
}

function describeOverlap(overlap: Overlap): string {
  switch (overlap) {
    case "skip":
      return "is due, but the run before is not over; skipped";
    case "queue":
      return "is due, but the run before is not over; started after it";
    case "kill":
      return "is due, but the run before is not over; stopping that";
  }
}

/** `src/a.ts changed`, `src/a.ts changed, +3 more`. */
export function describeChange({ file, others }: FileChange): string {
  return `${file} changed${others > 0 ? `, +${others} more` : ""}`;
}

function describeRan(notice: { readonly status: ExitStatus; readonly ranMs: number }): string {
  return notice.status.kind === "unstarted" ? "" : ` after ${formatDuration(notice.ranMs)}`;
}

function describeSequel(sequel: Sequel, status: ExitStatus): string {
  switch (sequel.is) {
    case "again": {
      if (sequel.onPortFree) {
        return `; starting it again when that is free, in ${formatDuration(sequel.inMs)} at the latest`;
      }
      return `; starting it again in ${formatDuration(sequel.inMs)}${sequel.failures > 1 ? ` (failure ${sequel.failures} in a row)` : ""}`;
    }
    case "park":
      return status.kind === "unstarted"
        ? "; parked, because trying again cannot help"
        : ` (${sequel.reason}); parked, because trying again cannot help`;
    case "content":
      return isSuccess(status) ? "" : "; not started again";
    case "scheduled": {
      const cause = findLastingCause(status);
      const why = cause === undefined || status.kind === "unstarted" ? "" : ` (${cause})`;
      return isSuccess(status) ? "" : `${why}; not started again before it is due`;
    }
  }
}

function describeOwnPort(port: number | undefined): string {
  return port === undefined ? "" : ` on port ${port}`;
}

function describePort(trouble: PortTrouble | undefined): string {
  return trouble === undefined ? "" : `, and its ${describePortTrouble(trouble)}`;
}

function list(processes: readonly string[]): string {
  return processes.join(", ");
}

/** `320 ms`, `1.2 s`, `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, Math.round(durationMs));
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, "")} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
