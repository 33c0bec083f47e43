/** Why a process is as it is, as text. Pure. */
import { formatDuration } from "../core/notice.ts";
import { describeRuns, formatSince, type Now, type Scheduled } from "./ps-table.ts";

/** As the API has it, as far as it is shown. */
export interface Account extends Scheduled {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly updated_at: string;
  readonly restarts: number;
  readonly restart_in_ms: number | null;
  readonly reason: string | null;
  readonly failures: number;
  readonly last_end: {
    /** Of a process that ended with one. */
    readonly code?: number;
    readonly cause: string;
    readonly asked: boolean;
    readonly started_at: string;
    readonly ended_at: string;
  } | null;
  /** `until` is null when it does now. */
  readonly ran_well: { readonly until: string | null } | null;
  readonly changes: {
    readonly command: { readonly before: string; readonly now: string } | null;
    readonly environment: Readonly<Record<"added" | "removed" | "changed", readonly string[]>>;
  } | null;
  /** The last it printed before its last end. */
  readonly lines: readonly { readonly time: string; readonly text: string }[];
}

/** Its last end was not asked for, and not well. */
export function hasFailed({ last_end: end }: Pick<Account, "last_end">): boolean {
  return end !== null && !end.asked && end.code !== 0;
}

const worstFirst = [
  ...["parked", "crashed", "exited", "scheduled", "waiting", "down", "starting", "stopping", "up"],
];

/** Those that have something to tell, the worst first; all, each in a line, when none has. */
export function formatAccounts(accounts: readonly Account[], now: Now): string {
  const failed = accounts.filter(hasFailed);
  if (failed.length === 0) return accounts.map((account) => `${summary(account, now)}\n`).join("");
  const rank = ({ state }: Account) => worstFirst.indexOf(state);
  return failed
    .toSorted((one, other) => rank(one) - rank(other))
    .map((account) => formatFailed(account, now))
    .join("\n");
}

function summary(account: Account, now: Now): string {
  const { name, state, updated_at: updatedAt, reason } = account;
  const since = formatSince(Date.parse(updatedAt), now);
  const again = `start it again with: procman restart ${name}`;
  switch (state) {
    case "exited":
      return `${name} has ended well, ${since}; ${again}`;
    case "scheduled":
      return `${name} is scheduled, ${describeRuns(account, now)}`;
    case "waiting":
      return `${name} waits ${reason} since ${since}`;
    case "down":
      return `${name} is stopped since ${since}; ${again}`;
    default:
      return `${name} is ${state} since ${since}; nothing is wrong with it`;
  }
}

function formatFailed(account: Account, now: Now): string {
  const { name, state, restarts, failures, last_end: end, lines } = account;
  const inARow = failures > 1 ? `, ${failures} failures in a row` : "";
  const rows: readonly (readonly [label: string, texts: readonly string[]])[] = [
    ["cause", [end?.cause ?? ""]],
    ["ended", [end === null ? "" : formatSince(Date.parse(end.ended_at), now)]],
    ["restarts", [`${restarts}${inARow}`]],
    ["next", [nextOf(account, now)]],
    ["changed", describeChanges(account, now)],
    ["printed", lines.length === 0 ? ["nothing that the log has kept"] : lines.map(shorten)],
  ];
  const text = rows.map(([label, texts]) => `${label.padEnd(width)}${texts.join(indented)}\n`);
  return `=== ${name}: ${state}\n${text.join("")}`;
}

const maxLength = 1_000;

function shorten({ text }: { readonly text: string }): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

const width = "restarts  ".length;
const indented = `\n${" ".repeat(width)}`;

function nextOf(account: Account, now: Now): string {
  const { name, state, updated_at: updatedAt, restart_in_ms: restartInMs, reason } = account;
  const restart = `procman restart ${name}`;
  switch (state) {
    case "crashed":
      return `started again in ${formatDuration(restartInMs ?? 0)}; at once with: ${restart}`;
    case "parked":
      return `none, because trying again cannot help; mend what is wrong, then: ${restart}`;
    case "waiting":
      return `started when it need not wait ${reason}`;
    case "scheduled":
      return `when it is due, ${describeRuns(account, now)}; at once with: ${restart}`;
    case "exited":
    case "down":
      return `none; start it with: ${restart}`;
    default:
      return `none; it is ${state} since ${formatSince(Date.parse(updatedAt), now)}`;
  }
}

function describeChanges({ ran_well: ranWell, changes }: Account, now: Now): readonly string[] {
  if (ranWell === null || changes === null) return ["unknown; it has not run well yet"];
  const since =
    ranWell.until === null
      ? "it runs well now"
      : `it ran well until ${formatSince(Date.parse(ranWell.until), now)}`;
  const { command, environment } = changes;
  const differences = [
    ...(command === null ? [] : [`command: ${command.before}`, `    now: ${command.now}`]),
    ...(["added", "removed", "changed"] as const).flatMap((how) => {
      const keys = environment[how];
      return keys.length === 0 ? [] : [`environment: ${keys.join(", ")} ${how}`];
    }),
  ];
  const what = "neither its command nor its environment has changed";
  return differences.length === 0 ? [`${since}; ${what}`] : [since, ...differences];
}
