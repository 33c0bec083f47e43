/**
 * Procfile text to process types. Every line is part of a process type, blank, a comment or named
 * in a diagnostic; a command loses the blanks around it and the line ends that a backslash takes
 * away, nothing else.
 */
import {
  collectFindings,
  type Diagnostic,
  type Findings,
  isError,
  type Result,
  resultOf,
} from "./diagnostic.ts";
import { type Advice, adviseOnLine, adviseOnNested } from "./procfile-advice.ts";
import { decodeText, quote, show } from "./text-file.ts";
import type { Traits } from "./traits.ts";

export interface ProcessType extends Traits {
  readonly name: string;
  readonly command: string;
  /** Where it is defined, from 1. */
  readonly line: number;
}

/** `file` is how the person names it; it appears in the diagnostics only. */
export function parseProcfile(bytes: Uint8Array, file: string): Result<readonly ProcessType[]> {
  const text = decodeText(bytes, file);
  if (!text.ok) return text;
  const types = new Map<string, ProcessType>();
  const findings = collectFindings();
  const parse: Parse = { file, types, findings, parent: undefined };
  for (const line of joinLines(text.value)) parseLine(parse, line);
  if (types.size === 0 && !findings.all().some(isError)) {
    const hint = 'write at least one line like "web: node server.js"';
    findings.add("error", () => ({ file, message: "no process in the file", hint }));
  }
  return resultOf([...types.values()], findings.all());
}

interface Parse {
  readonly file: string;
  /** By name, each as it is given first. */
  readonly types: Map<string, ProcessType>;
  readonly findings: Findings;
  /** A name without a command, while the lines are indented below it: somebody wrote YAML. */
  parent: Name | undefined;
}

// -- Lines -----------------------------------------------------------------------------------

/** One line of the file, or several that backslashes join. */
interface Line {
  readonly text: string;
  /** Of the first, from 1, and how many there are. */
  readonly number: number;
  readonly count: number;
}

/** Joins as sh does: the backslash and the line end go, and nothing else. */
function* joinLines(text: string): Generator<Line> {
  const lines = text.split("\n");
  // Behind the last line end there is no line.
  if (lines.at(-1) === "") lines.pop();
  let number = 1;
  let joined = "";
  let count = 0;
  for (const line of lines) {
    count += 1;
    const isLast = number + count > lines.length;
    const goesOn = !isLast && isOpen(line) && !isEmpty(line);
    joined += goesOn ? line.slice(0, -1) : line;
    if (goesOn) continue;
    yield { text: joined, number, count };
    number += count;
    joined = "";
    count = 0;
  }
}

/** Does it end in an odd number of backslashes? Of an even one, each stands for itself. */
function isOpen(text: string): boolean {
  let end = text.length;
  while (text.endsWith("\\", end)) end -= 1;
  return (text.length - end) % 2 === 1;
}

/** Is it blank or a comment? */
function isEmpty(text: string): boolean {
  return /^[ \t]*(?:#|$)/.test(text);
}

/** By hand, as an expression that looks for the end can take quadratic time. */
function withoutBlanksAtEnd(text: string): string {
  let end = text.length;
  while (text.endsWith(" ", end) || text.endsWith("\t", end)) end -= 1;
  return text.slice(0, end);
}

// -- The grammar -----------------------------------------------------------------------------

interface Name {
  readonly text: string;
  /** Where it begins and where its colon is, from 0. */
  readonly indent: number;
  readonly colon: number;
}

function parseLine(parse: Parse, line: Line): void {
  noteJoins(parse, line);
  const { text } = line;
  if (isEmpty(text)) return;
  const indent = text.search(/[^ \t]/);
  // What decoding leaves of a byte that is not UTF-8. Nobody means it where it is written.
  const invalid = text.indexOf("\ufffd");
  const name = findName(text, indent);
  const { parent } = parse;
  if (name !== undefined) noteBlanks(parse, line, name);
  if (invalid !== -1) {
    const hint = "save the file as UTF-8";
    note(parse, "error", line, invalid, () => ({ message: "a byte that is not UTF-8", hint }));
  } else if (parent !== undefined && indent > parent.indent) {
    note(parse, "error", line, indent, () => adviseOnNested(text.slice(indent), parent.text));
  } else if (name !== undefined) {
    parseProcessType(parse, line, name);
  } else {
    parse.parent = undefined;
    note(parse, "error", line, indent, () => {
      const above = indent > 0 ? [...parse.types.values()].at(-1) : undefined;
      return adviseOnLine(text.slice(indent), above);
    });
  }
}

function findName(line: string, indent: number): Name | undefined {
  const colon = line.indexOf(":");
  const text = withoutBlanksAtEnd(line.slice(indent, Math.max(indent, colon)));
  return text === "" || /[^\w-]/.test(text) ? undefined : { text, indent, colon };
}

function parseProcessType(parse: Parse, line: Line, name: Name): void {
  const { text, indent } = name;
  const command = readCommand(parse, line, name);
  const first = parse.types.get(text);
  if (first === undefined) {
    parse.types.set(text, { name: text, command, line: line.number });
  } else {
    note(parse, "error", line, indent, () => ({
      message: `${quote(text)} is defined on line ${first.line} and again on line ${line.number}`,
      hint: "give one of them another name, as both were probably meant to run",
    }));
  }
  parse.parent = command === "" ? name : undefined;
  if (command !== "") return;
  note(parse, "error", line, indent, () => ({
    message: `${quote(text)} has no command`,
    hint: `write it after the colon, as in: ${show(text)}: node server.js`,
  }));
}

function readCommand(parse: Parse, line: Line, { colon }: Name): string {
  const rest = line.text.slice(colon + 1).replace(/^[ \t]+/, "");
  const command = withoutBlanksAtEnd(rest);
  if (command === rest || !isOpen(command)) return command;
  note(parse, "warning", line, line.text.length - rest.length + command.length - 1, () => ({
    message: "a blank after the backslash at the end of the line",
    hint: "if the command goes on in the next line, remove the blank",
  }));
  // The backslash makes it part of an argument.
  return rest.slice(0, command.length + 1);
}

// -- What is found ---------------------------------------------------------------------------

/** `at` counts from 0 in the line's text. */
function note(
  { file, findings }: Parse,
  severity: Diagnostic["severity"],
  { number }: Line,
  at: number,
  describe: () => Advice,
): void {
  findings.add(severity, () => {
    const { at: further = 0, ...advice } = describe();
    return { file, line: number, column: at + further + 1, ...advice };
  });
}

function noteJoins(parse: Parse, line: Line): void {
  const { text, number, count } = line;
  if (count > 1) {
    note(parse, "warning", line, 0, () => ({
      message: `lines ${number} to ${number + count - 1} are joined by the backslashes at their ends`,
      hint: "Heroku would not join them: write the command on one line",
    }));
  }
  if (isOpen(text) && !isEmpty(text)) {
    note(parse, "error", line, text.length - 1, () => ({
      message: "a backslash at the end, but no line that the command could go on in",
      hint: "remove the backslash, or write the rest of the command, with no comment in between",
    }));
  }
}

function noteBlanks(parse: Parse, line: Line, { text, indent, colon }: Name): void {
  const end = indent + text.length;
  if (indent === 0 && end === colon) return;
  note(parse, "warning", line, indent > 0 ? 0 : end, () => ({
    message: `a blank before the ${indent > 0 ? "name" : "colon of"} ${quote(text)}`,
    hint: "remove it, as Foreman drops such a line",
  }));
}
