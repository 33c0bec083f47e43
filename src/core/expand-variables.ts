/**
 * `--env-expand`: puts variables into the values of .env files. Values are secrets: no message
 * shows one.
 */
import { collectFindings, type Result } from "./diagnostic.ts";
import { quote, show } from "./text-file.ts";

/** One assignment of a .env file. Where a key comes again, the later one counts. */
export interface EnvEntry {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly value: string;
  /** It stands in single quotes, and is left alone. */
  readonly isLiteral: boolean;
}

/**
 * What `name` stands for, `earlier` being what the entries before made of it. Which of that and
 * the outer environment goes first is the caller's to say.
 */
export type Lookup = (name: string, earlier: string | undefined) => string | undefined;

/** Of what is put in. Thirty lines that each name the one before them twice make a gigabyte. */
const maxLength = 1024 * 1024;

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
  const findings = collectFindings();
  let room = maxLength;
  for (const { file, line, key, value, isLiteral } of entries) {
    const find = (name: string) => lookup(name, variables.get(name));
    const replace = (reference: string): string => {
      const { text, problem } = resolve(reference, key, find);
      if (problem !== undefined) findings.add("warning", () => ({ file, line, ...problem }));
      room -= text.length;
      return room < 0 ? "" : text;
    };
    variables.set(key, isLiteral ? value : value.replace(references, replace));
    if (room >= 0) continue;
    const message = `with ${quote(key)}, more than 1 MiB of variables is put into values`;
    const hint = "refer to fewer variables, or to smaller ones";
    findings.add("error", () => ({ file, line, message, hint }));
    return { ok: false, diagnostics: findings.all() };
  }
  return { ok: true, value: variables, diagnostics: findings.all() };
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
    const message = `"\${" in the value of ${quote(key)} stays as it is: it begins no reference`;
    const hint = `write \${NAME} or \${NAME:-default}, with no other in it, or \\\${ if that is meant`;
    return { text: reference, problem: { message, hint } };
  }
  const found = find(name);
  if (fallback !== undefined) return { text: found || fallback };
  if (found !== undefined) return { text: found };
  const message = `${quote(name)}, which the value of ${quote(key)} refers to, is not set`;
  return { text: "", problem: { message, hint: `set it, or write \${${show(name)}:-default}` } };
}
