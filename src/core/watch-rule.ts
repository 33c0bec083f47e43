/** For which files a process type is restarted when they change, as procman.yml has it. */

export interface WatchRule {
  /** Globs, folders and files, seen from the app's folder. */
  readonly paths: readonly string[];
  readonly ignore: readonly string[];
  /** So long nothing more has to change. */
  readonly debounceMs: number;
}

export const defaultDebounceMs = 300;

/** What made somebody start it anew. */
export interface FileChange {
  /** Seen from the app's folder. */
  readonly file: string;
  /** How many more have changed. */
  readonly others: number;
}

const closing: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

export interface GlobProblem {
  /** Goes on behind the glob: `has a { without its }`. */
  readonly message: string;
  readonly hint: string;
}

/** What would not do what it looks like. */
export function findGlobProblem(glob: string): GlobProblem | undefined {
  if (glob.startsWith("!") && !glob.startsWith("!(")) {
    return { message: "begins with !", hint: "list what is left out in ignore, without the !" };
  }
  const open = findUnclosed(glob);
  if (open === undefined) return undefined;
  const message = `has a ${open} without its ${closing.get(open)}`;
  return { message, hint: `close it, or write \\${open} for the letter` };
}

/** The first bracket that is never closed. Between [ and ] all others are letters. */
function findUnclosed(glob: string): string | undefined {
  const open: string[] = [];
  for (const [letter] of glob.matchAll(/\\.|[()[\]{}]/gs)) {
    const inner = open.at(-1);
    if (letter === closing.get(inner ?? "")) open.pop();
    else if (inner !== "[" && closing.has(letter)) open.push(letter);
  }
  return open[0];
}
