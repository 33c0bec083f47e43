/** `procman logs`: the last lines of the log, and with `--tail` those that come. */
import { type Root, type RootRequest, readRunningRoot } from "../config/root.ts";
import { findOwnFolder, logFolderOf } from "../control/own-folder.ts";
import type { LogQuery } from "../core/log-query.ts";
import { findNearest } from "../core/nearest.ts";
import { diskAtOnce } from "../logs/disk.ts";
import { createDisplay } from "../logs/display.ts";
import { followLog, type NewLines } from "../logs/follow-log.ts";
import { startOfLog } from "../logs/position.ts";
import { type History, readHistory } from "../logs/read-history.ts";
import type { Options } from "./call.ts";
import { exitCodes } from "./exit-codes.ts";
import { type LogRequest, otherNames, readLogRequest } from "./log-request.ts";
import { rootRequest, stdoutKind } from "./options.ts";
import { type Write, writeAtOnce, writeInTime } from "./print.ts";
import { readTypeNames } from "./read-type-names.ts";
import { complain, reportDiagnostics } from "./report.ts";
import { exitCodeAfter } from "./stop-signals.ts";

export async function logs(options: Options): Promise<number> {
  const request = readLogRequest(options, Date.now());
  if ("problem" in request) {
    complain(request.problem);
    return exitCodes.usage;
  }
  const place = rootRequest(options);
  const root = await readRunningRoot(place);
  reportDiagnostics(root.diagnostics);
  const own = findOwnFolder(root.root);
  if (own === undefined) return complainOfNothing(root);
  try {
    return await showLog(logFolderOf(own), request, options, { place, root });
  } catch (error) {
    complain(`cannot read the log: ${error instanceof Error ? error.message : error}`);
    return exitCodes.failed;
  }
}

function complainOfNothing({ root }: Root): number {
  complain(`procman is not running in ${root}; start it with: procman start`);
  return exitCodes.notRunning;
}

async function showLog(
  folder: string,
  request: LogRequest,
  options: Options,
  { place, root }: { readonly place: RootRequest; readonly root: Root },
): Promise<number> {
  const { query, lines, isFollowed } = request;
  const { text, position } = await readAtOnce(folder, query, lines);
  if (position === startOfLog) return complainOfNothing(root);
  const terminal = stdoutKind(options);
  const asked = [...query.types, ...query.names];
  const isOfUse = asked.length > 0 || terminal === "colour";
  const types = isOfUse ? await readTypeNames(place, root) : undefined;
  const unknown = types && (await findUnknown(folder, asked, types));
  if (unknown !== undefined) {
    complain(unknown);
    return exitCodes.usage;
  }
  const form = options.has("json") ? "json" : "lines";
  const display = createDisplay({ form, terminal, types: types ?? [] });
  const print = createPrinter(display, isFollowed ? await writeInTime() : writeAtOnce);
  if (isFollowed) {
    return orInterrupted(() => printAll(print, text, followLog(folder, query, position, never)));
  }
  await print(text);
  return exitCodes.done;
}

function readAtOnce(folder: string, query: LogQuery, lines: number): Promise<History> {
  return readHistory(folder, query, lines, Number.POSITIVE_INFINITY, diskAtOnce);
}

/** procman ends, and with it whatever it follows. */
const never = new AbortController().signal;

// -- Names -------------------------------------------------------------------------------------

/** What to say about the first that neither the Procfile nor the log has. */
async function findUnknown(
  folder: string,
  asked: readonly string[],
  types: readonly string[],
): Promise<string | undefined> {
  for (const word of asked) {
    const [type = ""] = word.split(".", 1);
    const isKnown = types.includes(type) || otherNames.includes(word);
    if (isKnown || (await isInLog(folder, word))) continue;
    const nearest = findNearest(type, types);
    const hint = nearest ? `did you mean "${nearest}"?` : `there is ${types.join(", ")}`;
    return `"${word}" is in neither the Procfile nor the log; ${hint}`;
  }
  return undefined;
}

async function isInLog(folder: string, word: string): Promise<boolean> {
  const asked = word.includes(".") ? { types: [], names: [word] } : { types: [word], names: [] };
  const all = { source: undefined, sinceMs: undefined, pattern: undefined };
  return (await readAtOnce(folder, { ...asked, ...all }, 1)).text !== "";
}

// -- Printing ----------------------------------------------------------------------------------

/** False when nobody reads any more. */
type Print = (text: string) => Promise<boolean>;

const pieceBytes = 2 ** 18;

function createPrinter(display: (text: string) => string, write: Write): Print {
  return async (text) => {
    try {
      for (let from = 0; from < text.length; ) {
        const end = text.indexOf("\n", from + pieceBytes) + 1 || text.length;
        await write(display(text.slice(from, end)));
        from = end;
      }
      return true;
    } catch {
      return false;
    }
  };
}

/** Until nobody reads any more. */
async function printAll(
  print: Print,
  history: string,
  news: AsyncIterable<NewLines>,
): Promise<number> {
  if (!(await print(history))) return exitCodes.done;
  for await (const { text } of news) {
    if (!(await print(text))) break;
  }
  return exitCodes.done;
}

/** Ctrl-C, also while nobody reads, and from the first byte on. */
function orInterrupted(act: () => Promise<number>): Promise<number> {
  const interrupted = new Promise<number>((resolve) => {
    process.once("SIGINT", () => resolve(exitCodeAfter("SIGINT")));
  });
  return Promise.race([act(), interrupted]);
}
