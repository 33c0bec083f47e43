/**
 * Reads .env files in the dialect of the dotenv package. A scan of our own finds the assignments,
 * and what in them will surprise their author; the package then gives each one its value.
 * Values are secrets: no message shows one, nor a line that could be part of one.
 */
import { collectFindings, type Diagnostic, isError, type Result } from "../core/diagnostic.ts";
import type { EnvEntry } from "../core/expand-variables.ts";
import { decodeText, placeOf, quote } from "../core/text-file.ts";

/**
 * The assignments in the order of the file; a key that is given twice is there twice. With
 * `willExpand`, only those references are warned of that `expandVariables` leaves alone.
 */
export async function parseEnvFile(
  bytes: Uint8Array,
  file: string,
  { willExpand = false }: { readonly willExpand?: boolean } = {},
): Promise<Result<readonly EnvEntry[]>> {
  const decoded = readText(bytes, file);
  if (!decoded.ok) return decoded;
  const text = decoded.value;
  const statements = scan(text);
  const diagnostics = review(statements, { file, text, willExpand, lines: new Map() });
  if (diagnostics.some(isError)) return { ok: false, diagnostics };

  // Loaded only here: an app without a .env file starts without it.
  const { parse } = await import("dotenv");
  const entries = statements.filter(isAssignment).map(({ line, key, value }) => ({
    file,
    line,
    key,
    // One by one, and under a name of ours. Given a whole file, the package can take quadratic
    // time (empty lines are enough), loses the key `__proto__` and puts keys like `1` first.
    value: parse(`V=${text.slice(value.from, value.end)}`)["V"] ?? "",
    isLiteral: isSingleQuoted(value, text),
  }));
  return { ok: true, value: entries, diagnostics };
}

function readText(bytes: Uint8Array, file: string): Result<string> {
  const decoded = decodeText(bytes, file);
  const text = decoded.ok ? decoded.value : "";
  // To the package, the separators end a line in one place and not in the next.
  const at = text.search(/[\ufffd\u2028\u2029]/);
  if (at === -1) return decoded;
  const [message, hint] =
    text[at] === "\ufffd"
      ? ["a byte that is not UTF-8", "save the file as UTF-8"]
      : ["an invisible line separator (U+2028 or U+2029)", "remove it"];
  const place = placeOf(text, at);
  return { ok: false, diagnostics: [{ severity: "error", file, ...place, message, hint }] };
}

// -- Text to statements ----------------------------------------------------------------------

/** A stray is a line that is not blank, not a comment, and not part of an assignment. */
type Statement = Assignment | Stray;

interface Stray {
  /** An offset into the text, like those of `Value`. */
  readonly start: number;
  /** From 1. */
  readonly line: number;
}

/** It starts where its key does, behind `export`. */
interface Assignment extends Stray {
  readonly key: string;
  readonly value: Value;
}

interface Value {
  /** Behind the `=`. */
  readonly from: number;
  /** The first character that is not blank; not before `end` if the value is empty. */
  readonly first: number;
  /** Behind the closing quote, at the `#` of a comment, or at the end of the line. */
  readonly end: number;
  /** `followed`: closed, but with more behind it than a comment, and so not quoted at all. */
  readonly form: "plain" | "quoted" | "followed" | "unclosed";
}

// The package's grammar. `export`, the key and the `=` may stand on lines of their own, and the
// blank that has to follow a colon may be the end of the line.
const blanks = /\s*/y;
const head = /((?:export\s+)?)([\w.-]+)(?:\s*=|:\s)/y;
const unquoted = /[^#\n]*/y;
const restOfLine = /.*/y;
const nothingButComment = /[^\S\n]*(?:#|\n|$)/y;

/** In linear time, whatever the text is. */
function scan(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  const lineAt = countLines(text);
  let start = endOfMatch(blanks, text, 0);
  while (start < text.length) {
    const statement = scanStatement(text, start, lineAt);
    if (text[start] !== "#") statements.push(statement);
    const value = isAssignment(statement) ? statement.value : undefined;
    // What is behind an open quote is perhaps its value: nothing is said about it.
    if (value?.form === "unclosed") break;
    start = endOfMatch(blanks, text, endOfMatch(restOfLine, text, value?.end ?? start));
  }
  return statements;
}

function scanStatement(text: string, from: number, lineAt: (offset: number) => number): Statement {
  const [whole = "", prefix = "", key] = matchAt(head, text, from) ?? [];
  const start = from + prefix.length;
  const line = lineAt(start);
  if (key === undefined) return { start, line };
  return { start, line, key, value: scanValue(text, from + whole.length) };
}

function scanValue(text: string, from: number): Value {
  // A quote may open on a later line than the `=`; any other value is on the same one.
  const first = endOfMatch(blanks, text, from);
  const end = endOfMatch(unquoted, text, from);
  const hasQuote = /['"`]/.test(text.charAt(first));
  const closing = hasQuote ? findClosingQuote(text, first) : -1;
  if (closing !== -1) return { from, first, end: closing + 1, form: "quoted" };
  if (!hasQuote || first >= end) return { from, first, end, form: "plain" };
  const line = text.slice(first, endOfMatch(restOfLine, text, first));
  const isFollowed = /^(['"`])(?:.*[^\\])?\1/.test(line);
  return { from, first, end, form: isFollowed ? "followed" : "unclosed" };
}

/**
 * The first quote without a backslash before it or, when more than a comment is behind that one,
 * the last one before it that does end its line: `"C:\dir\"` is closed.
 */
function findClosingQuote(text: string, opening: number): number {
  const mark = text.charAt(opening);
  let closing = -1;
  let at = text.indexOf(mark, opening + 1);
  while (at !== -1) {
    if (matchAt(nothingButComment, text, at + 1) !== null) closing = at;
    if (text[at - 1] !== "\\") return closing;
    at = text.indexOf(mark, at + 1);
  }
  return closing;
}

/** For a sticky expression: it matches there or nowhere. */
function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}

function endOfMatch(expression: RegExp, text: string, at: number): number {
  return at + (matchAt(expression, text, at)?.[0].length ?? 0);
}

/** Answers with the line of an offset, and has to be asked in the order of the text. */
function countLines(text: string): (offset: number) => number {
  let line = 1;
  let end = text.indexOf("\n");
  return (offset) => {
    for (; end !== -1 && end < offset; end = text.indexOf("\n", end + 1)) line += 1;
    return line;
  };
}

function isAssignment(statement: Statement): statement is Assignment {
  return "key" in statement;
}

function isSingleQuoted({ first, form }: Value, text: string): boolean {
  return form === "quoted" && text[first] === "'";
}

// -- Statements to diagnostics ---------------------------------------------------------------

interface Context {
  readonly file: string;
  readonly text: string;
  readonly willExpand: boolean;
  /** The last line of each key so far. */
  readonly lines: Map<string, number>;
}

interface Complaint {
  readonly severity?: "error";
  /** An offset into the text. */
  readonly at: number;
  readonly message: string;
  readonly hint: string;
}

function review(statements: readonly Statement[], context: Context): readonly Diagnostic[] {
  const { file, text, lines } = context;
  const findings = collectFindings();
  for (const statement of statements) {
    const complaints = isAssignment(statement)
      ? complain(statement, context)
      : [ignored(statement)];
    for (const { severity = "warning", at, ...said } of complaints) {
      findings.add(severity, () => ({ file, ...placeOf(text, at), ...said }));
    }
    if (isAssignment(statement)) lines.set(statement.key, statement.line);
  }
  return findings.all();
}

function ignored({ start }: Stray): Complaint {
  const hint = 'write NAME=value, quote a value of several lines, begin a comment with "#"';
  return { at: start, message: "the line is not NAME=value and is ignored", hint };
}

function* complain(assignment: Assignment, context: Context): Generator<Complaint> {
  const { start, line, key, value } = assignment;
  const { first, end, form } = value;
  const { text, willExpand, lines } = context;
  const what = `the value of ${quote(key)}`;
  const before = lines.get(key);
  if (before !== undefined) {
    const message = `${quote(key)} is on line ${before} and again on line ${line}, which counts`;
    yield { at: start, message, hint: "remove one of them" };
  }
  if (first < end && text.slice(start, first).includes("\n")) {
    const message = `this is taken for ${what} on line ${line}`;
    yield { at: first, message, hint: 'write both on one line, or "" for an empty value' };
  }
  if (form === "unclosed") {
    const message = `${what} opens with ${text[first]} and is not closed`;
    const hint = `end it with ${text[first]}, and write nothing but a comment behind that`;
    yield { severity: "error", at: first, message, hint };
  }
  if (form === "followed") {
    const message = `${what} goes on behind its closing ${text[first]}, and counts as unquoted`;
    yield { at: first, message, hint: "put the whole value in quotes" };
  }
  const reference = text.slice(first, end).search(willExpand ? /\$[A-Za-z_]/ : /\$\{?[A-Za-z_]/);
  if (reference !== -1 && !isSingleQuoted(value, text)) {
    const message = `"$" in ${what} stays as it is: no variable is put in`;
    const way = `write \${NAME}${willExpand ? "" : " and use --env-expand"}`;
    const hint = `put the value in single quotes if that is meant, or else ${way}`;
    yield { at: first + reference, message, hint };
  }
  if (form !== "quoted" && text[end] === "#" && /\S/.test(text.charAt(end - 1))) {
    const message = `${what} ends here: "#" begins a comment`;
    const hint = 'quote the value if the "#" is part of it, or write a blank before the comment';
    yield { at: end, message, hint };
  }
}
