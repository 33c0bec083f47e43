/**
 * How a command is given to the shell, and when `exec` may stand in front of it, so that no shell
 * stays between procman and the process. That saves a process and gives true exit signals; being
 * right does not depend on it, because signals go to the group. Pure.
 */

export const systemShell = "/bin/sh";

/**
 * The arguments with which the system's shell runs a command: by itself, or by another `shell`, as
 * in `bash -lc` or `fish`. `before` is a line of sh that comes first.
 */
export function shellArguments(
  command: string,
  shell: string | undefined,
  before = "",
): readonly string[] {
  if (shell === undefined) return ["-c", "--", `${before}${withExec(command)}`];
  const words = /\s/.test(shell) ? shell : `${shell} -c`;
  return ["-c", "--", `${before}exec ${words} "$1"`, systemShell, command];
}

/** `exec` cannot run these, or would run another program of that name. */
const notPrograms = new Set(
  (
    ". : [ alias bg bind break builtin caller case cd chdir command compgen complete compopt " +
    "continue coproc declare dirs disown do done echo elif else enable esac eval exec exit " +
    "export false fc fg fi for function getopts hash help history if in jobs kill let local " +
    "logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt " +
    "source suspend test then time times trap true type typeset ulimit umask unalias unset " +
    "until wait while"
  ).split(" "),
);

/** The command with `exec` before its program when it is one simple command, else unchanged. */
export function withExec(command: string): string {
  const words = splitSimpleCommand(command);
  const program = words?.find((word) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word.text));
  if (program === undefined || !isProgram(program.text)) return command;
  return `${command.slice(0, program.start)}exec ${command.slice(program.start)}`;
}

function isProgram(word: string): boolean {
  return /^[A-Za-z0-9_./@+:,][A-Za-z0-9_./@%+:,-]*$/.test(word) && !notPrograms.has(word);
}

interface Word {
  readonly start: number;
  /** As it is written, quotes and all. */
  readonly text: string;
}

/** The words of a command line, or undefined when it is more than one simple command. */
function splitSimpleCommand(command: string): readonly Word[] | undefined {
  const words: Word[] = [];
  let at = 0;
  while (at < command.length) {
    if (isBlank(command[at])) {
      at += 1;
      continue;
    }
    const end = endOfWord(command, at);
    if (end === undefined || command[at] === "#") return undefined;
    words.push({ start: at, text: command.slice(at, end) });
    at = end;
  }
  return words;
}

function isBlank(char: string | undefined): boolean {
  return char === " " || char === "\t";
}

/** Undefined when something in the word makes the line more than a simple command. */
function endOfWord(command: string, start: number): number | undefined {
  let at = start;
  while (at < command.length && !isBlank(command[at])) {
    const next = afterPiece(command, at);
    if (next === undefined) return undefined;
    at = next;
  }
  return at;
}

/** Where a character, an escape or a quoted part ends. */
function afterPiece(command: string, at: number): number | undefined {
  switch (command[at]) {
    case "\\":
      return at + 1 < command.length ? at + 2 : undefined;
    case "'": {
      const end = command.indexOf("'", at + 1);
      return end < 0 ? undefined : end + 1;
    }
    case '"':
      return afterDoubleQuotes(command, at + 1);
    case "&":
      // `2>&1` is a redirection, every other `&` ends the simple command.
      return command[at - 1] === ">" || command[at - 1] === "<" ? at + 1 : undefined;
    case "$":
      return afterDollar(command, at);
    case "<":
      return command[at + 1] === "<" ? undefined : at + 1;
    case ";":
    case "|":
    case "(":
    case ")":
    case "`":
    case "\n":
      return undefined;
    default:
      return at + 1;
  }
}

function afterDoubleQuotes(command: string, start: number): number | undefined {
  let at: number | undefined = start;
  while (at !== undefined && at < command.length) {
    const char: string | undefined = command[at];
    if (char === '"') return at + 1;
    if (char === "`") return undefined;
    if (char === "$") at = afterDollar(command, at);
    else at += char === "\\" ? 2 : 1;
  }
  return undefined;
}

/** `${NAME}` and `${NAME:-plain}`, but nothing in braces that could hold blanks or commands. */
const plainBraces = /\$\{\w+(:?[-=+?][\w./:@%+,=-]*)?\}/y;

function afterDollar(command: string, at: number): number | undefined {
  if (command[at + 1] === "(") return undefined;
  if (command[at + 1] !== "{") return at + 1;
  plainBraces.lastIndex = at;
  return plainBraces.test(command) ? plainBraces.lastIndex : undefined;
}

/** The command with these arguments at its end, but before a comment, in which they would be lost. */
export function withArguments(command: string, words: readonly string[]): string {
  const end = findComment(command);
  const parts = [command.slice(0, end), ...words.map(quoteWord), command.slice(end)];
  return parts.filter((part) => part !== "").join(" ");
}

/** Where the comment begins that the command ends with, or its length. */
function findComment(command: string): number {
  let closing: string | undefined;
  for (let at = 0; at < command.length; at += 1) {
    const char = command[at] ?? "";
    if (char === "\\" && closing !== "'") at += 1;
    else if (closing !== undefined) closing = char === closing ? undefined : closing;
    else if (char === "#" && isWordStart(command, at)) return at;
    else closing = closingOf(command, at);
  }
  return command.length;
}

/** What ends the quoted part, or the braces, that begin here. */
function closingOf(command: string, at: number): string | undefined {
  const char = command[at];
  if (char === "$" && command[at + 1] === "{") return "}";
  return char === "'" || char === '"' || char === "`" ? char : undefined;
}

function isWordStart(command: string, at: number): boolean {
  return at === 0 || /[\s;&|()]/.test(command[at - 1] ?? "");
}

/** A word that sh reads back as exactly this text. */
export function quoteWord(text: string): string {
  return /^[A-Za-z0-9_./@%+:,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
