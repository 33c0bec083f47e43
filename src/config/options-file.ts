/** The `.foreman` file: options by their long names, in YAML, as Foreman reads them. */
import { collectFindings, type Diagnostic, type Result, resultOf } from "../core/diagnostic.ts";
import { findNearest } from "../core/nearest.ts";
import { type Given, type GivenSettings, settingNames } from "../core/settings.ts";
import { decodeText, quote } from "../core/text-file.ts";
import { describeYamlError } from "./yaml-error.ts";

export const optionsFileName = ".foreman";

export interface FileOptions {
  readonly settings: GivenSettings;
  readonly root?: Given | undefined;
  readonly procfile?: Given | undefined;
  /** `false` where no file shall be read. */
  readonly env?: Given | undefined;
  readonly app?: Given | undefined;
  readonly filesWin: boolean;
  readonly expand: boolean;
}

export const noOptions: FileOptions = { settings: {}, filesWin: false, expand: false };

/** Foreman's names for what has another one here. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["concurrency", "formation"],
  ["timestamp", "timestamps"],
]);
const knownNames = [
  ...settingNames,
  ...["root", "procfile", "env", "app", "env-override", "env-expand"],
];
/** `no-restart: true` is `restart: false`. */
const switches = new Map(["restart", "prefix", "log", "env"].map((name) => [`no-${name}`, name]));

/** All options with their longest values need less, and the parser's time grows with the square. */
const maxBytes = 64 * 1024;

interface Row {
  readonly name: string;
  readonly value: unknown;
  /** Offset of the name. */
  readonly at: number;
}

export async function parseOptionsFile(
  bytes: Uint8Array,
  file: string,
): Promise<Result<FileOptions>> {
  const text = readText(bytes, file);
  return text.ok ? readOptions(text.value, file) : text;
}

async function readOptions(text: string, file: string): Promise<Result<FileOptions>> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const { contents, errors } = parseDocument(text, { lineCounter: lines });
  const place = (at: number) => {
    const { line, col: column } = lines.linePos(at);
    return { file, line, column };
  };
  const toRow = ({ key, value }: { key: unknown; value: unknown }): Row => ({
    name: isScalar(key) ? String(key.value) : "",
    value: isScalar(value) ? value.value : undefined,
    at: isScalar(key) ? (key.range?.[0] ?? 0) : 0,
  });
  const findings = collectFindings();
  for (const { pos, message } of errors) {
    findings.add("error", () => ({ ...place(pos[0]), message: describeYamlError(message) }));
  }
  const rows = isMap(contents) ? contents.items.map(toRow) : [];
  if (contents !== null && !isMap(contents)) {
    findings.add("error", () => ({ ...place(0), message: "not a list of NAME: VALUE" }));
  }
  const given = new Map<string, Given>();
  for (const { name, value, at } of rows) {
    const option = aliases.get(name) ?? switches.get(name) ?? name;
    const problem = given.has(option)
      ? givenTwice(name, option)
      : findRowProblem(option, name, value);
    if (problem) findings.add(problem.severity, () => ({ ...place(at), ...problem }));
    else if (isValue(value)) {
      const source = `${file}:${place(at).line}`;
      given.set(option, { value: switches.has(name) ? value !== true : value, source });
    }
  }
  const settings = Object.fromEntries(settingNames.map((name) => [name, given.get(name)]));
  const value = {
    settings,
    root: given.get("root"),
    procfile: given.get("procfile"),
    env: given.get("env"),
    app: given.get("app"),
    filesWin: given.get("env-override")?.value === true,
    expand: given.get("env-expand")?.value === true,
  };
  return resultOf(value, findings.all());
}

function readText(bytes: Uint8Array, file: string): Result<string> {
  if (bytes.length <= maxBytes) return decodeText(bytes, file);
  const message = "the file is larger than 64 KiB";
  const hint = "is it the right one?";
  return { ok: false, diagnostics: [{ severity: "error", file, message, hint }] };
}

function givenTwice(name: string, option: string): Pick<Diagnostic, "severity" | "message"> {
  const message = `${quote(name)} is given twice, the first time as ${quote(option)}`;
  return { severity: "error", message };
}

function findRowProblem(
  option: string,
  name: string,
  value: unknown,
): Pick<Diagnostic, "severity" | "message" | "hint"> | undefined {
  if (!knownNames.includes(option)) {
    const nearest = findNearest(name, knownNames);
    const hint = nearest ? `did you mean "${nearest}"?` : "it is an option of another tool";
    return { severity: "warning", message: `${quote(name)} is not used by procman`, hint };
  }
  if (isValue(value)) return undefined;
  return { severity: "error", message: `${quote(name)} needs one value behind it` };
}

function isValue(value: unknown): value is Given["value"] {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
