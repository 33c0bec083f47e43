/** procman.yml: from its text to the settings that it gives, each checked, with its place. */
import type * as Yaml from "yaml";
import type { Node, Pair, Scalar } from "yaml";
import {
  collectFindings,
  type Diagnostic,
  type Findings,
  type Result,
  resultOf,
} from "../core/diagnostic.ts";
import { strictDuration } from "../core/duration.ts";
import { findNearest } from "../core/nearest.ts";
import {
  describeKind,
  type Kind,
  readScalar,
  type ScalarKind,
  type SettingTable,
} from "../core/schema.ts";
import { type AppSettings, settingsSchema } from "../core/settings-schema.ts";
import { decodeText, quote } from "../core/text-file.ts";
import { describeYamlError } from "./yaml-error.ts";

export interface SettingsFile {
  readonly values: AppSettings;
  /** Where a setting stands, as in `["types", "web", "stop"]`; or else the one it is in. */
  readonly placeOf: (path: readonly string[]) => Place;
}

export type Place = Pick<Diagnostic, "file" | "line" | "column">;

/** The parser's time grows with the square of the length. */
const maxBytes = 64 * 1_024;

export async function parseSettingsFile(
  bytes: Uint8Array,
  file: string,
): Promise<Result<SettingsFile>> {
  if (bytes.length > maxBytes) {
    const message = "the file is larger than 64 KiB";
    const hint = "is it the right one?";
    return { ok: false, diagnostics: [{ severity: "error", file, message, hint }] };
  }
  const text = decodeText(bytes, file);
  return text.ok ? readSettingsFile(text.value, file) : text;
}

async function readSettingsFile(text: string, file: string): Promise<Result<SettingsFile>> {
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines });
  const findings = collectFindings();
  const placeAt = (offset: number): Place => {
    const { line, col: column } = lines.linePos(offset);
    return { file, line, column };
  };
  let lastLine: number | undefined;
  for (const { pos, message } of document.errors) {
    const place = placeAt(pos[0]);
    // One mistake makes several of what follows it.
    if (place.line === lastLine) continue;
    lastLine = place.line;
    const hint = hintForAlias(message);
    findings.add("error", () => ({ ...place, message: describeYamlError(message), ...hint }));
  }
  const places = new Map<string, Place>();
  const walk: Walk = {
    yaml,
    findings,
    placeAt,
    places,
    resolve: (node) => (yaml.isAlias(node) ? node.resolve(document) : node),
  };
  const values =
    document.errors.length === 0 && document.contents !== null
      ? (readNode(walk, settingsSchema, document.contents, []) as AppSettings | undefined)
      : undefined;
  const placeOf = (path: readonly string[]): Place => {
    for (let length = path.length; length > 0; length -= 1) {
      const place = places.get(keyOf(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return { file };
  };
  return resultOf({ values: values ?? {}, placeOf }, findings.all());
}

/** Who writes a cron expression without quotes knows nothing of aliases. */
function hintForAlias(message: string): Pick<Diagnostic, "hint"> {
  return /alias/i.test(message)
    ? { hint: 'a text with * at its beginning needs quotes: "*…"' }
    : {};
}

interface Walk {
  readonly yaml: typeof Yaml;
  readonly findings: Findings;
  readonly placeAt: (offset: number) => Place;
  readonly places: Map<string, Place>;
  /** What an alias stands for. */
  readonly resolve: (node: unknown) => unknown;
}

type Path = readonly string[];
type Value =
  | string
  | number
  | boolean
  | RegExp
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | Values;
interface Values {
  readonly [name: string]: Value;
}

function keyOf(path: Path): string {
  return path.join("\0");
}

/** Undefined when it is wrong, which has been said then, or empty. */
function readNode(walk: Walk, kind: Kind, found: unknown, path: Path): Value | undefined {
  const node = walk.resolve(found);
  if (node === undefined && found !== undefined) {
    complain(walk, found, path, {
      message: `no ${quote(`&${String(found).slice(1)}`)} is above it`,
    });
    return undefined;
  }
  switch (kind.is) {
    case "text":
    case "value":
    case "switch":
    case "count":
    case "amount":
    case "duration":
    case "size":
    case "choice":
    case "pattern":
      return readScalarNode(walk, kind, node, path);
    case "list":
      return readList(walk, kind.of, node, path);
    case "map":
      return readMap(walk, kind, node, path);
    case "record":
      return readRecord(walk, kind, node, path);
  }
}

function readScalarNode(
  walk: Walk,
  kind: ScalarKind,
  node: unknown,
  path: Path,
): Value | undefined {
  const text = walk.yaml.isScalar(node) ? textOf(node) : undefined;
  const read = text === undefined ? undefined : readScalar(kind, text);
  if (read?.is === "value") return read.value;
  const isEmpty = text === undefined || text === "";
  const message = isEmpty
    ? `${nameOf(path)} needs ${describeKind(kind)}`
    : `${quote(text)} is not ${describeKind(kind)}`;
  const hint = isEmpty ? undefined : hintFor(kind, text);
  complain(walk, node, path, { message, ...(hint !== undefined && { hint }) });
  return undefined;
}

function hintFor(kind: ScalarKind, text: string): string | undefined {
  if (kind.is === "choice") {
    const nearest = findNearest(text, kind.of);
    return nearest && `did you mean "${nearest}"?`;
  }
  if (kind.is === "duration" && strictDuration.test(text)) {
    return `it goes from ${kind.leastMs === undefined ? "0s" : `${kind.leastMs}ms`} to 24d`;
  }
  if (!/^\d+$/.test(text)) return undefined;
  if (kind.is === "duration") return `it needs a unit, as in ${text}s`;
  return kind.is === "size" ? `it needs a unit, as in ${text}M` : undefined;
}

function readList(walk: Walk, of: Kind, node: unknown, path: Path): readonly Value[] | undefined {
  const { yaml } = walk;
  const nodes = yaml.isSeq(node) ? node.items : [node];
  const values = nodes.map((one, index) => {
    const place = [...path, String(index)];
    if (yaml.isNode(one)) walk.places.set(keyOf(place), walk.placeAt(one.range?.[0] ?? 0));
    return readNode(walk, of, one, place);
  });
  return values.filter((value) => value !== undefined);
}

type MapKind = Extract<Kind, { is: "map" }>;
type RecordKind = Extract<Kind, { is: "record" }>;

function readMap(walk: Walk, kind: MapKind, node: unknown, path: Path): Value | undefined {
  const pairs = pairsOf(walk, kind, node, path);
  if (pairs === undefined) return undefined;
  const values = new Map<string, Value>();
  for (const { name, value } of pairs) {
    const read = readNode(walk, kind.of, value, [...path, name]);
    if (read !== undefined) values.set(name, read);
  }
  return values;
}

function readRecord(walk: Walk, kind: RecordKind, node: unknown, path: Path): Value | undefined {
  const { settings, short } = kind;
  const shorthand = short === undefined ? undefined : settings[short];
  const isAlone =
    walk.yaml.isScalar(node) || (walk.yaml.isSeq(node) && shorthand?.kind.is === "list");
  if (short !== undefined && shorthand !== undefined && isAlone) {
    const place = [...path, short];
    walk.places.set(keyOf(place), walk.placeAt(node.range?.[0] ?? 0));
    const value = readNode(walk, shorthand.kind, node, place);
    return value === undefined ? undefined : { [short]: value };
  }
  const pairs = pairsOf(walk, kind, node, path);
  if (pairs === undefined) return undefined;
  checkChoice(walk, kind, pairs, path);
  const values: [string, Value][] = [];
  for (const { name, key, value } of pairs) {
    const setting = settings[name];
    if (setting === undefined || !Object.hasOwn(settings, name)) {
      complain(walk, key, path, explainUnknown(name, settings, path));
      continue;
    }
    const read = readNode(walk, setting.kind, value, [...path, name]);
    if (read !== undefined) values.push([name, read]);
  }
  return Object.fromEntries(values);
}

function checkChoice(
  walk: Walk,
  { oneOf }: RecordKind,
  pairs: readonly NamedPair[],
  path: Path,
): void {
  if (oneOf === undefined) return;
  const [, second] = pairs.filter(({ name }) => oneOf.includes(name));
  const isMissing = !pairs.some(({ name }) => oneOf.includes(name));
  if (second === undefined && !isMissing) return;
  complain(walk, second?.key, path, {
    message: `${nameOf(path)} needs ${isMissing ? "" : "only "}one of ${oneOf.join(", ")}`,
  });
}

interface NamedPair {
  readonly name: string;
  readonly key: Scalar;
  /** Undefined where nothing stands behind the name. */
  readonly value: unknown;
}

/** Undefined when it is no map, which has been said then. */
function pairsOf(
  walk: Walk,
  kind: MapKind | RecordKind,
  node: unknown,
  path: Path,
): readonly NamedPair[] | undefined {
  const { yaml } = walk;
  if (yaml.isMap<Node, Node | null>(node)) {
    return node.items.flatMap((pair) => namedPair(walk, pair, path));
  }
  // A name with nothing behind it is a map of nothing.
  if (node === undefined || (yaml.isScalar(node) && node.value === null)) return [];
  complain(walk, node, path, { message: `${nameOf(path)} needs ${describeKind(kind)}` });
  return undefined;
}

function namedPair(
  walk: Walk,
  { key: found, value }: Pair<Node, Node | null>,
  path: Path,
): NamedPair | [] {
  const key = walk.resolve(found);
  if (!walk.yaml.isScalar(key)) {
    complain(walk, found, path, { message: "a name must be a text" });
    return [];
  }
  const name = textOf(key);
  walk.places.set(keyOf([...path, name]), walk.placeAt(key.range?.[0] ?? 0));
  return { name, key, value: value ?? undefined };
}

function explainUnknown(
  name: string,
  settings: SettingTable,
  path: Path,
): Pick<Diagnostic, "message" | "hint"> {
  const known = Object.keys(settings);
  const nearest = findNearest(name, known);
  const where = path.length === 0 ? "" : ` in ${path.join(".")}`;
  return {
    message: `there is no setting ${quote(name)}${where}`,
    hint: nearest ? `did you mean "${nearest}"?` : `there are ${known.join(", ")}`,
  };
}

function complain(
  walk: Walk,
  node: unknown,
  path: Path,
  problem: Pick<Diagnostic, "message" | "hint">,
): void {
  const { yaml, findings, placeAt, places } = walk;
  const offset = yaml.isNode(node) ? node.range?.[0] : undefined;
  const place = offset === undefined ? places.get(keyOf(path)) : placeAt(offset);
  findings.add("error", () => ({ ...(place ?? placeAt(0)), ...problem }));
}

/** As it is written: 1.10 is no number here, and 0123 has four digits. */
function textOf(scalar: Scalar): string {
  return scalar.source ?? String(scalar.value ?? "");
}

function nameOf(path: Path): string {
  return path.length === 0 ? "the file" : quote(path.join("."));
}
