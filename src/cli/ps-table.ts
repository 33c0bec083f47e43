/** What runs, as text: in Heroku's layout, or as a table with all that is known. Pure. */
import { formatLocalTime } from "../schedule/local-time.ts";

/** What is there of who has a schedule. */
export interface Scheduled {
  readonly next_run_at?: string | null;
  readonly last_run?: { readonly text: string; readonly ended_at: string } | null;
}

/** A process as the API has it, as far as it is shown. */
export interface Dyno extends Scheduled {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly updated_at: string;
  readonly pid: number | null;
  readonly port: number | null;
  readonly restarts: number;
  readonly last_exit: { readonly text: string } | null;
  readonly restart_in_ms: number | null;
  readonly reason: string | null;
  readonly cpu_percent?: number;
  readonly memory_bytes?: number;
  readonly ports?: readonly number[];
}

export interface ProcessTypeRow {
  readonly type: string;
  readonly command: string;
  readonly quantity: number;
}

/** Wall clock, and how far the local time is ahead of UTC. */
export interface Now {
  readonly timeMs: number;
  readonly offsetMinutes: number;
}

export function formatProcesses(
  types: readonly ProcessTypeRow[],
  dynos: readonly Dyno[],
  now: Now,
): string {
  const groups = types.map(({ type, command, quantity }) => {
    const own = dynos.filter((dyno) => dyno.type === type);
    const rows = own.map((dyno) => `${dyno.name}: ${stateOf(dyno)} ${since(dyno, now)}\n`);
    return `=== ${type}: ${command} (${quantity})\n\n${rows.join("")}`;
  });
  return groups.join("\n");
}

function stateOf({ state, reason }: Dyno): string {
  return reason === null ? state : `${state} (${reason})`;
}

function since(dyno: Dyno, now: Now): string {
  const { updated_at: updatedAt, restart_in_ms: restartInMs } = dyno;
  const again = restartInMs === null ? "" : `, again in ${formatAge(restartInMs)}`;
  const runs = describeRuns(dyno, now);
  const schedule = runs === undefined ? "" : `, ${runs}`;
  return `${formatSince(Date.parse(updatedAt), now)}${again}${schedule}`;
}

/** `2026/11/21 14:32:01 +0000 (~ 15m ago)`, without the age when it is more than a day. */
export function formatSince(timeMs: number, now: Now): string {
  const ageMs = now.timeMs - timeMs;
  const age = ageMs < dayMs ? ` (~ ${formatAge(ageMs)} ago)` : "";
  return `${formatLocalTime(timeMs, now.offsetMinutes)}${age}`;
}

/** `next 2026/11/21 14:32:01 +0000, last exited with code 0 2026/11/21 14:31:01 +0000 (~ 5s ago)`. */
export function describeRuns(
  { next_run_at: nextAt, last_run: last }: Scheduled,
  now: Now,
): string | undefined {
  if (nextAt === undefined) return undefined;
  const next = nextAt === null ? "never" : formatLocalTime(Date.parse(nextAt), now.offsetMinutes);
  const before = last ? `, last ${last.text} ${formatSince(Date.parse(last.ended_at), now)}` : "";
  return `next ${next}${before}`;
}

const dayMs = 25 * 3_600_000;

/** `5s`, `15m`, `3h`: rounded down, as Heroku has it. */
function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return `${Math.floor(seconds / 3_600)}h`;
}

const headings = [
  "NAME",
  "STATE",
  "PID",
  "PORT",
  "CPU",
  "MEMORY",
  "RESTARTS",
  "SINCE",
  "LAST EXIT",
];

export function formatWide(dynos: readonly Dyno[], now: Now): string {
  const rows = dynos.map((dyno) => [
    dyno.name,
    `${stateOf(dyno)}${dyno.restart_in_ms === null ? "" : `, again in ${formatAge(dyno.restart_in_ms)}`}${nextIn(dyno, now)}`,
    dyno.pid === null ? "-" : String(dyno.pid),
    portsOf(dyno),
    dyno.cpu_percent === undefined ? "-" : `${dyno.cpu_percent.toFixed(1)}%`,
    dyno.memory_bytes === undefined ? "-" : formatMebibytes(dyno.memory_bytes),
    String(dyno.restarts),
    formatAge(now.timeMs - Date.parse(dyno.updated_at)),
    dyno.last_exit?.text ?? "-",
  ]);
  const table = [headings, ...rows];
  const widths = headings.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

function nextIn({ next_run_at: nextAt }: Dyno, now: Now): string {
  return nextAt ? `, next in ${formatAge(Date.parse(nextAt) - now.timeMs)}` : "";
}

/** Those it really listens on; its own `PORT` in brackets, as long as nobody listens there. */
function portsOf({ port, ports = [] }: Dyno): string {
  if (ports.length > 0) return ports.join(",");
  return port === null ? "" : `(${port})`;
}

function formatMebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
