/** By what the processes of one run are known when they have left its group. */
import type { Cgroups } from "./cgroup.ts";
import type { OpenPipe } from "./open-pipe.ts";

export interface Trace {
  /**
   * `NAME=value` in the environment that a process was started with, or had from a procman around
   * its own.
   */
  readonly mark: string;
  /** The start of the run. Who was there before it is not its, whatever else speaks for that. */
  readonly since?: number | undefined;
  /** By the pid of its leader, which is gone. */
  readonly session?: number | undefined;
  /** Whoever can write to it. */
  readonly pipe?: OpenPipe | undefined;
  readonly cgroup?: Cgroups | undefined;
}

/** A process as it was found. Its pid may be another's later, its start then is another one, too. */
export interface Found {
  readonly pid: number;
  /** In what unit the system likes: to be compared only. */
  readonly start: number;
}

/**
 * All that can be a mark in an environment, as /proc shows it, or the value of one from a procman
 * around its own. Only what `shared` stands in is looked at.
 */
export function marksIn(environ: string, shared: string): ReadonlySet<string> {
  if (!environ.includes(shared)) return noMarks;
  const variables = environ.split("\0").filter((variable) => variable.includes(shared));
  // Between blanks, as `outerMark` has it.
  const words = variables.flatMap((variable) => variable.split(" ").slice(1, -1));
  return new Set([...variables, ...words]);
}

const noMarks: ReadonlySet<string> = new Set();

/** Its value is a word among the marks of outer procmans. */
export function outerMark(mark: string): string {
  return ` ${markValue(mark)} `;
}

export function markValue(mark: string): string {
  return mark.slice(mark.indexOf("=") + 1);
}

/** With which all of them begin. */
export function sharedBeginning([first = "", ...others]: readonly string[]): string {
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length -= 1;
  }
  return first.slice(0, length);
}
