/**
 * What a line outside the Procfile's grammar was probably meant to be, and how to write it. It
 * only words a mistake: that there is one is decided in procfile.ts.
 */
import { quote, show, toCodePoint } from "./text-file.ts";

export interface Advice {
  readonly message: string;
  readonly hint: string;
  /** Which character of the line it is about, from 0, where that is not the first. */
  readonly at?: number;
}

/** Enough to tell what a line was meant to be; none of the patterns can be slow on so little. */
const maxExcerpt = 256;

type Likeness = readonly [
  pattern: RegExp,
  advise: (whole: string, first: string, second: string) => Advice,
];

// The first that fits speaks.
const marks: readonly Likeness[] = [
  [
    /^([\w-]*[ \t]*)\uff1a/,
    (_, before) => ({
      at: before.length,
      message: `"\uff1a" (U+FF1A) where a colon belongs`,
      hint: 'type it as ":"',
    }),
  ],
  [
    /^([\w-]*[ \t]*)((?! )[\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}])[^ \t:]*/u,
    (name, before, character) => ({
      at: before.length,
      message: `${toCodePoint(character)}, which cannot be seen, in the name ${quote(name)}`,
      hint: "delete it, or type the name again",
    }),
  ],
  [
    /^([\w-]*)(\P{ASCII})[^ \t:]*/u,
    (name, before, character) => ({
      at: before.length,
      message: `${quote(character)} (${toCodePoint(character)}) in the name ${quote(name)} is not ASCII`,
      hint: "type the name again, with only the letters A-Z and a-z, digits, _ and -",
    }),
  ],
  [
    /^(?:<{7}|\|{7}|={7}|>{7})/,
    (marker) => ({
      message: `${quote(marker)} is a conflict marker of a merge`,
      hint: "keep the lines that are right, and remove the markers",
    }),
  ],
  [/^\/\//, () => ({ message: '"//" does not begin a comment', hint: 'begin it with "#"' })],
  [
    /^---(?:[ \t]|$)/,
    () => ({ message: '"---" is YAML', hint: "a Procfile is not YAML: remove the line" }),
  ],
  [
    /^-[ \t]+(.*)/,
    (_, rest) => ({
      message: "a dash before the name is YAML",
      hint: `a Procfile is not YAML: write: ${show(rest)}`,
    }),
  ],
  [/^\{\\rtf/, () => ({ message: "the file is Rich Text", hint: "save it as plain text" })],
  [
    /^:[ \t]*(.*)/,
    (_, rest) => ({
      message: "no name before the colon",
      hint: `write one, as in: web: ${show(rest) || "node server.js"}`,
    }),
  ],
  [
    /^(\w[\w-]*)[ \t]*=[ \t]*(.*)/,
    (_, name, rest) => ({
      message: `"=" after ${quote(name)} where a colon belongs`,
      hint: `put it into .env if it is a variable, or write: ${show(`${name}: ${rest}`)}`,
    }),
  ],
];

const words: readonly Likeness[] = [
  [
    /^(\w[\w-]*[ \t]+[\w-]+)[ \t]*:(?:[ \t]|$)/,
    (_, name) => ({
      message: `a blank in the name ${quote(name)}`,
      hint: `name it ${quote(name.replace(/[ \t]+/, "-"))}`,
    }),
  ],
  [
    /^(\w[\w-]*)[ \t]+(.*)/,
    (_, name, rest) => ({
      message: `no colon after ${quote(name)}`,
      hint: `begin the line with "#" if it is no process, or write: ${show(`${name}: ${rest}`)}`,
    }),
  ],
  [
    /^([^ \t:]+)[ \t]*:/,
    (_, name) => ({
      message: `${quote(name)} cannot be a name`,
      hint: "a name has only the letters A-Z and a-z, digits, _ and -",
    }),
  ],
];

/** `above` is the process that an indented line may belong to. */
export function adviseOnLine(
  line: string,
  above: { readonly name: string; readonly line: number } | undefined,
): Advice {
  const text = excerpt(line);
  const asMark = findLikeness(marks, text);
  if (asMark !== undefined) return asMark;
  const message = text.includes(":")
    ? `${quote(text)} is not NAME: COMMAND`
    : `no colon in ${quote(text)}`;
  if (above !== undefined && !/^[^ \t]*:/.test(text)) {
    const hint = `if it belongs to the command of ${quote(above.name)}, write it on line ${above.line}`;
    return { message, hint };
  }
  const hint = 'write a line like "web: node server.js", or begin it with "#" if it is a comment';
  return findLikeness(words, text) ?? { message, hint };
}

/** On a line below a name without a command, and further in. */
export function adviseOnNested(line: string, parent: string): Advice {
  const text = excerpt(line);
  const command = text.replace(/^(?:command|cmd|run)[ \t]*:[ \t]*/, "");
  return {
    message: `${quote(text)} is indented below ${quote(parent)}, which is YAML`,
    hint: /^[\w-]+[ \t]*:(?:[ \t]|$)/.test(command)
      ? "a Procfile is not YAML: it has lines of NAME: COMMAND, and nothing below them"
      : `a Procfile is not YAML: write: ${show(`${parent}: ${command}`)}`,
  };
}

function excerpt(line: string): string {
  return line.slice(0, maxExcerpt).replace(/[ \t]+$/, "");
}

function findLikeness(likenesses: readonly Likeness[], text: string): Advice | undefined {
  for (const [pattern, advise] of likenesses) {
    const match = pattern.exec(text);
    if (match !== null) return advise(match[0], match[1] ?? "", match[2] ?? "");
  }
  return undefined;
}
