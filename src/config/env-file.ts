/**
 * Reads .env files in the dialect of the dotenv package. A scan of our own finds the assignments,
 * and what in them will surprise their author; the package then gives each one its value.
 * Values are secrets: no message shows one, nor a line that could be part of one.
 */
import { type Diagnostic, isError, type Result } from "../core/diagnostic.ts";

/** One assignment. Where a key comes again, the later one counts. */
export interface EnvEntry {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly value: string;
  /** It stands in single quotes: `expandVariables` leaves it alone. */
  readonly isLiteral: boolean;
}

const maxBytes = 1024 * 1024;
/** Of warnings. Nobody reads more; the rest is counted. */
const maxShown = 50;
const maxShownKey = 60;

/**
 * The assignments in the order of the file; a key that is given twice is there twice. With
 * `willExpand`, only those references are warned of that `expandVariables` leaves alone.
 */
export async function parseEnvFile(
  bytes: Uint8Array,
  file: string,
  { willExpand = false }: { readonly willExpand?: boolean } = {},
): Promise<Result<readonly EnvEntry[]>> {
  if (bytes.length > maxBytes) {
    const message = "the file is larger than 1 MiB";
    const hint = "keep a large value in a file of its own";
    return { ok: false, diagnostics: [{ severity: "error", file, message, hint }] };
  }
  const text = toText(bytes);
  const illegible = findIllegible(bytes, text);
  const context = { file, text, willExpand };
  if (illegible !== undefined) {
    return { ok: false, diagnostics: [toDiagnostic(illegible, { start: 0, line: 1 }, context)] };
  }
  const statements = scan(text);
  const diagnostics = review(statements, context);
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
    isLiteral: isSingleQuoted(value),
  }));
  return { ok: true, value: entries, diagnostics };
}

// -- Bytes to text ---------------------------------------------------------------------------

/** Without a byte order mark, and with the line ends that the package makes before all else. */
function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\r\n?/g, "\n");
}

/** What makes the file unreadable as a whole. */
function findIllegible(bytes: Uint8Array, text: string): Complaint | undefined {
  if (isUtf16(bytes)) return mistake("the file is UTF-16", "save it as UTF-8");
  const invalid = findInvalidByte(bytes);
  if (invalid !== -1) {
    const at = toText(bytes.subarray(0, invalid)).length;
    return mistake("a byte that is not UTF-8", "save the file as UTF-8", at);
  }
  const nul = text.indexOf("\0");
  if (nul !== -1) return mistake("a NUL byte", "remove it: no variable can hold one", nul);
  // To the package they end a line in one place and not in the next.
  const separator = text.search(/[\u2028\u2029]/);
  if (separator === -1) return;
  return mistake("an invisible line separator (U+2028 or U+2029)", "remove it", separator);
}

/** By its mark or, without one, by its first character: in ASCII, one of its two bytes is zero. */
function isUtf16([first, second]: Uint8Array): boolean {
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return hasMark || (second !== undefined && (first === 0) !== (second === 0));
}

function findInvalidByte(bytes: Uint8Array): number {
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  const repaired = new TextEncoder().encode(lenient.decode(bytes));
  return repaired.findIndex((byte, index) => byte !== bytes[index]);
}

// -- Text to statements ----------------------------------------------------------------------

/** A stray is a line that is not blank, not a comment, and not part of an assignment. */
type Statement = Assignment | Stray;

interface Stray {
  /** An offset into the text, like the numbers of `Value`. */
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
  /** The first character that is not blank; `end` if there is none. */
  readonly first: number;
  /** Behind the closing quote, at the `#` of a comment, or at the end of the line. */
  readonly end: number;
  /** `followed`: closed, but with more behind it than a comment, and so not quoted at all. */
  readonly form: "plain" | "quoted" | "followed" | "unclosed";
  /** What it begins with, in every form but `plain`. */
  readonly quote?: string;
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
  let start = endOfMatch(blanks, text, 0);
  let line = 1 + countLineEnds(text, 0, start);
  while (start < text.length) {
    const statement = scanStatement(text, start, line);
    if (text[start] !== "#") statements.push(statement);
    const value = isAssignment(statement) ? statement.value : undefined;
    // What is behind an open quote is perhaps its value: nothing is said about it.
    if (value?.form === "unclosed") break;
    const lineEnd = endOfMatch(restOfLine, text, value?.end ?? start);
    const next = endOfMatch(blanks, text, lineEnd);
    line += countLineEnds(text, start, next);
    start = next;
  }
  return statements;
}

function scanStatement(text: string, start: number, line: number): Statement {
  const [whole, prefix, key] = matchAt(head, text, start) ?? [];
  if (whole === undefined || prefix === undefined || key === undefined) return { start, line };
  const keyStart = start + prefix.length;
  const keyLine = line + countLineEnds(text, start, keyStart);
  return { start: keyStart, line: keyLine, key, value: scanValue(text, start + whole.length) };
}

function scanValue(text: string, from: number): Value {
  // A quote may open on a later line than the `=`; any other value is on the same one.
  const first = endOfMatch(blanks, text, from);
  const end = endOfMatch(unquoted, text, from);
  const quote = /['"`]/.exec(text.charAt(first))?.[0];
  if (quote === undefined) return { from, first: Math.min(first, end), end, form: "plain" };
  const closing = findClosingQuote(text, quote, first);
  if (closing !== -1) return { from, first, end: closing + 1, form: "quoted", quote };
  if (first >= end) return { from, first: end, end, form: "plain" };
  const line = text.slice(first, endOfMatch(restOfLine, text, first));
  const isFollowed = /^(['"`])(?:.*[^\\])?\1/.test(line);
  return { from, first, end, form: isFollowed ? "followed" : "unclosed", quote };
}

/**
 * The first quote without a backslash before it or, when more than a comment is behind that one,
 * the last one before it that does end its line: `"C:\dir\"` is closed.
 */
function findClosingQuote(text: string, quote: string, opening: number): number {
  let closing = -1;
  let at = text.indexOf(quote, opening + 1);
  while (at !== -1) {
    if (matchAt(nothingButComment, text, at + 1) !== null) closing = at;
    if (text[at - 1] !== "\\") return closing;
    at = text.indexOf(quote, at + 1);
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

function isAssignment(statement: Statement): statement is Assignment {
  return "key" in statement;
}

function isSingleQuoted({ form, quote }: Value): boolean {
  return form === "quoted" && quote === "'";
}

// -- Statements to diagnostics ---------------------------------------------------------------

interface Complaint {
  readonly severity: Diagnostic["severity"];
  readonly message: string;
  readonly hint: string;
  /** An offset into the text; absent when it is about the whole file. */
  readonly at?: number | undefined;
}

function mistake(message: string, hint: string, at?: number): Complaint {
  return { severity: "error", message, hint, at };
}

function surprise(message: string, hint: string, at: number): Complaint {
  return { severity: "warning", message, hint, at };
}

interface Context {
  readonly file: string;
  readonly text: string;
  readonly willExpand: boolean;
}

function review(statements: readonly Statement[], context: Context): readonly Diagnostic[] {
  const findings: Findings = { shown: [], warnings: 0 };
  const lines = new Map<string, number>();
  for (const statement of statements) {
    for (const complaint of complain(statement, lines, context)) {
      note(findings, complaint.severity, () => toDiagnostic(complaint, statement, context));
    }
    if (isAssignment(statement)) lines.set(statement.key, statement.line);
  }
  return withHidden(findings);
}

/** `lines` has the last line of each key before this statement. */
function complain(
  statement: Statement,
  lines: ReadonlyMap<string, number>,
  { text, willExpand }: Context,
): readonly Complaint[] {
  if (!isAssignment(statement)) return [aboutStray(statement, text)];
  return [
    aboutRepetition(statement, lines.get(statement.key)),
    aboutLaterLine(statement, text),
    aboutQuotes(statement),
    aboutEscape(statement, text),
    aboutReference(statement, text, willExpand),
    aboutComment(statement, text),
  ].filter((complaint) => complaint !== undefined);
}

// In order: the first that fits speaks.
const likelyFixes: readonly (readonly [RegExp, string])[] = [
  [/^(?:<{7}|={7}|>{7}|\|{7})/, "resolve the merge conflict, and remove its markers"],
  [/^(?:\/\/|;)/, 'begin a comment with "#"'],
  [/^(?:export\s+)?[\w.-]+\s*:/, "write NAME=value, or NAME: value with the blank after the colon"],
  [/^[^=]*=[^=]/, "a name has only letters, digits, _, . and -, and only export before it"],
];

function aboutStray({ start }: Stray, text: string): Complaint {
  const line = text.slice(start, endOfMatch(restOfLine, text, start));
  const fix = likelyFixes.find(([expression]) => expression.test(line))?.[1];
  const hint = fix ?? 'write NAME=value, quote a value of several lines, begin a comment with "#"';
  return surprise("the line is not NAME=value and is ignored", hint, start);
}

function aboutRepetition({ start, line, key }: Assignment, before?: number): Complaint | undefined {
  if (before === undefined) return;
  const message = `${quoteKey(key)} is on line ${before} and again on line ${line}, which counts`;
  return surprise(message, "remove one of them", start);
}

function aboutLaterLine(
  { start, line, key, value }: Assignment,
  text: string,
): Complaint | undefined {
  if (value.first === value.end || countLineEnds(text, start, value.first) === 0) return;
  const message = `this is taken for the value of ${quoteKey(key)} on line ${line}`;
  return surprise(message, 'write both on one line, or "" for an empty value', value.first);
}

function aboutQuotes({ key, value }: Assignment): Complaint | undefined {
  const { first, form, quote } = value;
  if (form === "unclosed") {
    const message = `the value of ${quoteKey(key)} opens with ${quote} and is not closed`;
    const hint = `end it with ${quote}, and write nothing but a comment behind that`;
    return mistake(message, hint, first);
  }
  if (form !== "followed") return;
  const message = `the value of ${quoteKey(key)} goes on behind its closing ${quote}, and counts as unquoted`;
  return surprise(message, "put the whole value in quotes", first);
}

function aboutComment({ key, value }: Assignment, text: string): Complaint | undefined {
  const isComment = value.form !== "quoted" && text[value.end] === "#";
  if (!isComment || /\s/.test(text.charAt(value.end - 1))) return;
  const message = `the value of ${quoteKey(key)} ends here: "#" begins a comment`;
  const hint = 'quote the value if the "#" is part of it, or write a blank before the comment';
  return surprise(message, hint, value.end);
}

function aboutEscape({ key, value }: Assignment, text: string): Complaint | undefined {
  if (value.form !== "quoted") return;
  const inside = text.slice(value.first + 1, value.end - 1);
  const index = inside.indexOf(`\\${value.quote}`);
  if (index === -1) return;
  const message = `the backslash before a quote stays in the value of ${quoteKey(key)}`;
  const hint = "put another kind of quotes around the value, and no backslashes in it";
  return surprise(message, hint, value.first + 1 + index);
}

function aboutReference(
  { key, value }: Assignment,
  text: string,
  willExpand: boolean,
): Complaint | undefined {
  if (isSingleQuoted(value)) return;
  const reference = willExpand ? /\$[A-Za-z_]/ : /\$\{?[A-Za-z_]/;
  const index = text.slice(value.first, value.end).search(reference);
  if (index === -1) return;
  const message = `"$" in the value of ${quoteKey(key)} stays as it is: no variable is put in`;
  const way = `write \${NAME}${willExpand ? "" : " and use --env-expand"}`;
  const hint = `put the value in single quotes if that is meant, or else ${way}`;
  return surprise(message, hint, value.first + index);
}

function quoteKey(key: string): string {
  return `"${key.length > maxShownKey ? `${key.slice(0, maxShownKey)}…` : key}"`;
}

function toDiagnostic(
  { severity, message, hint, at }: Complaint,
  { start, line }: Stray,
  { file, text }: Context,
): Diagnostic {
  if (at === undefined) return { severity, file, message, hint };
  const before = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  const place = { line: line + countLineEnds(text, start, at), column: [...before].length + 1 };
  return { severity, file, ...place, message, hint };
}

interface Findings {
  readonly shown: Diagnostic[];
  warnings: number;
}

function note(
  findings: Findings,
  severity: Diagnostic["severity"],
  describe: () => Diagnostic,
): void {
  if (severity === "warning") findings.warnings += 1;
  if (severity === "error" || findings.warnings <= maxShown) findings.shown.push(describe());
}

function withHidden({ shown, warnings }: Findings): readonly Diagnostic[] {
  const file = shown.at(-1)?.file;
  if (file === undefined || warnings <= maxShown) return shown;
  return [
    ...shown,
    { severity: "warning", file, message: `and ${warnings - maxShown} more warnings` },
  ];
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  let at = text.indexOf("\n", from);
  while (at !== -1 && at < to) {
    count += 1;
    at = text.indexOf("\n", at + 1);
  }
  return count;
}

// -- --env-expand ------------------------------------------------------------------------------

/**
 * What `name` stands for, `earlier` being what the entries before made of it. Which of that and
 * the outer environment goes first is the caller's to say.
 */
export type Lookup = (name: string, earlier: string | undefined) => string | undefined;

/**
 * The variables of one or more files, with `${NAME}` and `${NAME:-default}` replaced; as in sh, an
 * empty variable gets the default too. `\${` becomes `${`. `$NAME` and values in single quotes
 * stay as they are, and what was put in is not expanded again.
 */
export function expandVariables(
  entries: readonly EnvEntry[],
  lookup: Lookup,
): Result<ReadonlyMap<string, string>> {
  const variables = new Map<string, string>();
  const findings: Findings = { shown: [], warnings: 0 };
  let room = maxBytes;
  for (const { file, line, key, value, isLiteral } of entries) {
    const find = (name: string) => lookup(name, variables.get(name));
    const replace = (reference: string): string => {
      const { text, problem } = resolve(reference, key, find);
      if (problem !== undefined) {
        note(findings, "warning", () => ({ severity: "warning", file, line, ...problem }));
      }
      room -= text.length;
      return room < 0 ? "" : text;
    };
    variables.set(key, isLiteral ? value : value.replace(references, replace));
    if (room >= 0) continue;
    // Thirty lines that each name the one before them twice would make a gigabyte.
    const message = `with ${quoteKey(key)}, more than 1 MiB of variables is put into values`;
    const hint = "refer to fewer variables, or to smaller ones";
    note(findings, "error", () => ({ severity: "error", file, line, message, hint }));
    return { ok: false, diagnostics: withHidden(findings) };
  }
  return { ok: true, value: variables, diagnostics: withHidden(findings) };
}

// Without a closing brace it goes to the end of the value, so that none is looked for twice.
const references = /\\\$\{|\$\{[^}]*\}?/g;
const parameter = /^\$\{([A-Za-z_]\w*)(?::-(.*))?\}$/s;

interface Replacement {
  readonly text: string;
  readonly problem?: { readonly message: string; readonly hint: string };
}

function resolve(
  reference: string,
  key: string,
  find: (name: string) => string | undefined,
): Replacement {
  if (reference.startsWith("\\")) return { text: reference.slice(1) };
  const [, name, fallback] = parameter.exec(reference) ?? [];
  if (name === undefined || fallback?.includes("${")) {
    const message = `"\${" in the value of ${quoteKey(key)} stays as it is: it begins no reference`;
    const hint = `write \${NAME} or \${NAME:-default}, with no other in it, or \\\${ if that is meant`;
    return { text: reference, problem: { message, hint } };
  }
  const found = find(name);
  if (fallback !== undefined) return { text: found || fallback };
  if (found !== undefined) return { text: found };
  const message = `${quoteKey(name)}, which the value of ${quoteKey(key)} refers to, is not set`;
  return { text: "", problem: { message, hint: `set it, or write \${${name}:-default}` } };
}
