/** What runs, as text: in Heroku's layout, or as a table with all that is known. Pure. */

/** A process as the API has it, as far as it is shown. */
export interface Dyno {
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

function since({ updated_at: updatedAt, restart_in_ms: restartInMs }: Dyno, now: Now): string {
  const again = restartInMs === null ? "" : `, again in ${formatAge(restartInMs)}`;
  return `${formatSince(Date.parse(updatedAt), now)}${again}`;
}

/** `2026/11/21 14:32:01 +0000 (~ 15m ago)`, without the age when it is more than a day. */
export function formatSince(timeMs: number, now: Now): string {
  const local = new Date(timeMs + now.offsetMinutes * 60_000).toISOString();
  const date = `${local.slice(0, 10).replaceAll("-", "/")} ${local.slice(11, 19)}`;
  const ageMs = now.timeMs - timeMs;
  const age = ageMs < dayMs ? ` (~ ${formatAge(ageMs)} ago)` : "";
  return `${date} ${formatOffset(now.offsetMinutes)}${age}`;
}

const dayMs = 25 * 3_600_000;

/** `5s`, `15m`, `3h`: rounded down, as Heroku has it. */
function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return `${Math.floor(seconds / 3_600)}h`;
}

function formatOffset(minutes: number): string {
  const sign = minutes < 0 ? "-" : "+";
  const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0");
  return `${sign}${hours}${String(Math.abs(minutes) % 60).padStart(2, "0")}`;
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
    `${stateOf(dyno)}${dyno.restart_in_ms === null ? "" : `, again in ${formatAge(dyno.restart_in_ms)}`}`,
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

/** Those it really listens on; its own `PORT` in brackets, as long as nobody listens there. */
function portsOf({ port, ports = [] }: Dyno): string {
  if (ports.length > 0) return ports.join(",");
  return port === null ? "" : `(${port})`;
}

function formatMebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
