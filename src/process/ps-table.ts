/** The process table as `ps` prints it, for systems without /proc. */
import { execFile } from "node:child_process";
import { signalProcess } from "./signal.ts";
import { type Found, outerMark, type Trace } from "./trace.ts";

/** A `ProcessTable`. Who has a pipe open is not to be seen in it. */
export function psTable() {
  return {
    async members(pgid: number): Promise<readonly number[]> {
      const rows = await ps(["-A", "-o", "pid=,pgid=,stat="]);
      return rows
        .map((row) => row.trim().split(/\s+/))
        .filter(([, group, stat]) => Number(group) === pgid && !stat?.startsWith("Z"))
        .map(([pid]) => Number(pid));
    },
    async find(traces: readonly Trace[]): Promise<ReadonlyMap<Trace, readonly Found[]>> {
      // `E` and `e` add the environment behind the command.
      const all = process.platform === "darwin" ? ["-A", "-E", "-ww"] : ["axeww"];
      const rows = await ps([...all, "-o", `pid=,stat=,sess=,${startColumn},command=`]);
      const processes = rows.flatMap((row) => parseRow(row) ?? []);
      return new Map(traces.map((trace) => [trace, processes.filter(isTraced(trace))]));
    },
    async findCommand(pid: number): Promise<string | undefined> {
      const [row] = await ps(["-o", "command=", "-p", String(pid)]);
      return row?.trim() || undefined;
    },
    async findParent(pid: number): Promise<number | undefined> {
      const [row] = await ps(["-o", "ppid=", "-p", String(pid)]);
      return row === undefined ? undefined : Number(row);
    },
    async findStart(pid: number): Promise<number | undefined> {
      const [row] = await ps(["-o", startColumn, "-p", String(pid)]);
      return row === undefined ? undefined : Date.parse(row);
    },
  };
}

const startColumn = "lstart=";

interface Row extends Found {
  readonly session: number;
  /** The command, and the environment behind it. */
  readonly words: string;
}

/** `lstart` is `Tue Nov 25 17:52:05 2025`. */
const rowPattern = /^\s*(\d+)\s+(\S+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+) (.*)$/;

function parseRow(row: string): Row | undefined {
  const [, pid, stat, session, start = "", words = ""] = rowPattern.exec(row) ?? [];
  if (stat?.startsWith("Z") || Number(pid) === process.pid) return undefined;
  return { pid: Number(pid), session: Number(session), start: Date.parse(start), words };
}

function isTraced({ mark, session, since = 0 }: Trace): (row: Row) => boolean {
  // A number that somebody has now is that of another session.
  const isSession = session !== undefined && signalProcess(session, 0) === "gone";
  return (row) => {
    const isMarked = ` ${row.words} `.includes(` ${mark} `) || row.words.includes(outerMark(mark));
    return row.start >= since && (isMarked || (isSession && row.session === session));
  };
}

/** No `ps`, no rows: the group alone then has to do. */
function ps(args: readonly string[]): Promise<readonly string[]> {
  // The names of days and months would be those of the person's language otherwise.
  const words = ["LC_ALL=C", "ps", ...args];
  return new Promise((resolve) => {
    execFile("env", words, { maxBuffer: 64 * 2 ** 20 }, (_error, stdout) =>
      resolve(stdout.split("\n").filter((row) => row !== "")),
    );
  });
}
