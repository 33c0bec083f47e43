/** What procman says about an instance, as Heroku phrases it: for the log, and for tools that read it. */
import { describeExit, type ExitStatus, exitCodeOf } from "./exit-status.ts";
import type { Formation } from "./formation.ts";
import { formatBytes, type MemoryUse } from "./memory.ts";
import { describeChange, describeNotice, formatDuration, type Notice } from "./notice.ts";
import { describePortTrouble, type PortTrouble } from "./port-trouble.ts";
import type { Sequel } from "./restart.ts";

/** Its lines, in order. */
export function herokuWording(notice: Notice): readonly string[] {
  switch (notice.kind) {
    case "started":
      return [`Starting process with command \`${notice.command}\` (${describeProcess(notice)})`];
    case "state":
      return [`State changed from ${notice.from} to ${notice.to}`];
    case "signalled":
      return [`Stopping all processes with ${notice.signal}`];
    case "asked":
      return [`${notice.what === "stop" ? "Stopping" : "Restarting"}, asked by ${notice.by}`];
    case "changed":
      return [`Restarting, because ${describeChange(notice)}`];
    case "ended":
      return [
        describeEnd(notice.status),
        ...describePort(notice.port),
        ...describeSequel(notice.sequel),
      ];
    case "stopped":
      return [describeEnd(notice.status)];
    case "overdue":
      return [
        `Error R12 (Exit timeout) -> At least one process failed to exit within ${Math.round(notice.graceMs / 1_000)} seconds of ${notice.askedBy}`,
        "Stopping remaining processes with SIGKILL",
      ];
    case "memory-warning":
      return [describeMemory(notice.use), "Error R14 (Memory quota exceeded)"];
    case "memory-limit":
      return [describeMemory(notice.use), "Error R15 (Memory quota vastly exceeded)"];
    case "up":
      // The change of state says it.
      return [];
    case "waiting":
    case "overlap":
    case "restarted-with":
    case "unhealthy":
    case "undrained":
    case "unreplaced":
    case "ends-all":
    case "port-cleared":
    case "poor-pipe":
    case "unanswered":
    case "swept":
    case "spared":
    case "unstoppable":
    case "output-held":
    case "stale-environment":
    case "stop-command":
    case "stop-command-failed": {
      const line = describeNotice(notice) ?? "";
      return [`${line.slice(0, 1).toUpperCase()}${line.slice(1)}`];
    }
  }
}

function describeProcess({ pid, port }: Extract<Notice, { kind: "started" }>): string {
  return port === undefined ? `pid ${pid}` : `pid ${pid}, port ${port}`;
}

function describeEnd(status: ExitStatus): string {
  switch (status.kind) {
    case "exit":
      return `Process exited with status ${status.code}${status.cause === undefined ? "" : ` (${status.cause})`}`;
    case "signal": {
      const cause = status.cause === undefined ? "" : `, ${status.cause}`;
      return `Process exited with status ${exitCodeOf(status)} (${status.signal}${cause})`;
    }
    case "unstarted":
    case "unhealthy":
      return `Process ${describeExit(status)}`;
  }
}

function describeMemory({ usedBytes, allowedBytes }: MemoryUse): string {
  const percent = ((usedBytes / allowedBytes) * 100).toFixed(1);
  return `Process running mem=${formatBytes(usedBytes)}(${percent}%)`;
}

function describeSequel(sequel: Sequel): readonly string[] {
  switch (sequel.is) {
    case "again": {
      if (sequel.onPortFree) {
        return [
          `Restarting when the port is free, in ${formatDuration(sequel.inMs)} at the latest`,
        ];
      }
      const failures = sequel.failures > 1 ? ` (failure ${sequel.failures} in a row)` : "";
      return [`Restarting in ${formatDuration(sequel.inMs)}${failures}`];
    }
    case "park":
      return [`Parked, because trying again cannot help: ${sequel.reason}`];
    case "content":
    case "scheduled":
      return [];
  }
}

function describePort(trouble: PortTrouble | undefined): readonly string[] {
  if (trouble === undefined) return [];
  const text = describePortTrouble(trouble);
  return [`P${text.slice(1)}`];
}

/** `clock@1 web@2`. */
export function herokuFormation(formation: Formation): string {
  return [...formation]
    .map(([type, quantity]) => `${type}@${quantity}`)
    .sort()
    .join(" ");
}
