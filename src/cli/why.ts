/** `procman why`: how a process came to be as it is, and what to do about it. */
import { Buffer } from "node:buffer";
import { logFolderOf } from "../control/own-folder.ts";
import { parseHerokuLine } from "../core/log-format.ts";
import { diskAtOnce } from "../logs/disk.ts";
import { createDisplay } from "../logs/display.ts";
import { readHistory } from "../logs/read-history.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { stdoutKind } from "./options.ts";
import { print } from "./print.ts";
import { complain } from "./report.ts";
import { explain, findRunning } from "./running.ts";
import { type Account, formatAccounts, hasFailed } from "./why-text.ts";

const shownLines = 8;
/** A process may print a megabyte in a line. */
const maxBytes = 256 * 2 ** 10;

export async function why(names: readonly string[], options: Options): Promise<number> {
  const running = await findRunning(options, "why");
  if (typeof running === "number") return running;
  const query = new URLSearchParams(
    names.map((name): [string, string] => ["name", name]),
  ).toString();
  const answer = await running.client.ask("GET", `/procman/v1/why?${query}`);
  if (answer.is !== "answered") return explain(running, answer);
  const known = answer.body as readonly Omit<Account, "lines">[];
  const isJson = options.has("json");
  const show = createDisplay({
    form: "lines",
    terminal: isJson ? "none" : stdoutKind(options),
    types: [],
  });
  const folder = logFolderOf(running.folder);
  const accounts = await Promise.all(
    known.map(async (account) => ({ ...account, lines: await readLines(folder, account, show) })),
  );
  if (isJson) await print(`${JSON.stringify(accounts, undefined, 2)}\n`);
  else await print(formatAccounts(accounts, now()) || explainNothing(names));
  return exitCodes.done;
}

function now() {
  return { timeMs: Date.now(), offsetMinutes: -new Date().getTimezoneOffset() };
}

/** Types of which there are no processes. */
function explainNothing(names: readonly string[]): string {
  const [type = "web"] = names;
  return `nothing runs of ${names.join(", ") || "this app"}; start it with: procman scale ${type}=1\n`;
}

// -- The log -----------------------------------------------------------------------------------

/** The last that a process printed in the run that has failed. */
async function readLines(
  folder: string,
  account: Omit<Account, "lines">,
  show: (text: string) => string,
): Promise<Account["lines"]> {
  const { name, last_end: end } = account;
  if (end === null || !hasFailed(account)) return [];
  const query = {
    types: [],
    names: [name],
    source: "app",
    sinceMs: Date.parse(end.started_at),
    untilMs: Date.parse(end.ended_at),
    pattern: undefined,
  } as const;
  try {
    const { text } = await readHistory(folder, query, shownLines, maxBytes, diskAtOnce);
    return linesOf(show(text));
  } catch (error) {
    complain(`cannot read the log: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

/** Without what stands before them in the log, and with the pieces of each put together. */
function linesOf(text: string): Account["lines"] {
  const lines: { readonly time: string; readonly text: string }[] = [];
  for (const row of text.split("\n")) {
    const line = parseHerokuLine(Buffer.from(row, "latin1").toString("utf8"));
    if (line === undefined) continue;
    const begun = line.isContinued ? lines.pop() : undefined;
    const { time, text: before } = begun ?? { time: line.isoTime, text: "" };
    lines.push({ time, text: `${before}${line.text}` });
  }
  return lines;
}
