/**
 * The kinds of values that a settings file may hold, and what each of them becomes: a schema is a
 * value, from which come the checks, the types, the JSON Schema that editors use, and the defaults
 * that are documented. Says nothing about YAML.
 */
import { readStrictDurationMs } from "./duration.ts";

export type Kind =
  | { readonly is: "text" }
  /** A text that may be empty. */
  | { readonly is: "value" }
  | { readonly is: "switch" }
  | { readonly is: "count"; readonly least: number; readonly most: number }
  /** A number above 0. */
  | { readonly is: "amount" }
  /** Up to 24 days. Without `leastMs` also none at all. */
  | { readonly is: "duration"; readonly leastMs?: number }
  | { readonly is: "size" }
  | { readonly is: "choice"; readonly of: readonly string[] }
  /** `/a regular expression/i`, or a text that stands for itself. */
  | { readonly is: "pattern" }
  /** One alone needs no brackets. */
  | { readonly is: "list"; readonly of: Kind }
  /** `about` is what the keys are, as in `variable`. */
  | { readonly is: "map"; readonly keys: string; readonly of: Kind }
  /** A value or list alone is that of the setting `short`. Of those in `oneOf` there must be exactly one. */
  | {
      readonly is: "record";
      readonly settings: SettingTable;
      readonly short?: string;
      readonly oneOf?: readonly string[];
    };

export interface Setting {
  readonly kind: Kind;
  /** A sentence for the editor and the reference page. */
  readonly about: string;
  /** As a person would write it. Absent where there is nothing to say. */
  readonly default?: string;
}

export interface SettingTable {
  readonly [name: string]: Setting;
}

/** Durations are in milliseconds, sizes in bytes. */
export type ValueOf<K> = K extends { is: "text" | "value" }
  ? string
  : K extends { is: "switch" }
    ? boolean
    : K extends { is: "count" | "amount" | "duration" | "size" }
      ? number
      : K extends { is: "pattern" }
        ? RegExp
        : K extends { is: "choice"; of: readonly (infer C)[] }
          ? C
          : K extends { is: "list"; of: infer E }
            ? readonly ValueOf<E>[]
            : K extends { is: "map"; of: infer E }
              ? ReadonlyMap<string, ValueOf<E>>
              : K extends { is: "record"; settings: infer T }
                ? ValuesOf<T>
                : never;

/** All may be absent. */
export type ValuesOf<T> = {
  readonly [N in keyof T]?: T[N] extends { kind: infer K } ? ValueOf<K> : never;
};

/** A kind that one word can stand for. */
export type ScalarKind = Exclude<Kind, { is: "list" | "map" | "record" }>;

export type ReadScalar =
  | { readonly is: "value"; readonly value: string | number | boolean | RegExp }
  | { readonly is: "wrong" };

const wrong: ReadScalar = { is: "wrong" };
export const switches: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["on", true],
  ["yes", true],
  ["false", false],
  ["off", false],
  ["no", false],
]);

export function readScalar(kind: ScalarKind, text: string): ReadScalar {
  switch (kind.is) {
    case "text":
      return text === "" ? wrong : { is: "value", value: text };
    case "value":
      return { is: "value", value: text };
    case "switch":
      return valueOr(switches.get(text.toLowerCase()));
    case "count": {
      const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
      return count >= kind.least && count <= kind.most ? { is: "value", value: count } : wrong;
    }
    case "amount": {
      const amount = amountPattern.test(text) ? Number(text) : 0;
      return amount > 0 ? { is: "value", value: amount } : wrong;
    }
    case "duration":
      return valueOr(readDuration(text, kind.leastMs));
    case "size":
      return valueOr(readBytes(text));
    case "choice":
      return kind.of.includes(text) ? { is: "value", value: text } : wrong;
    case "pattern":
      return valueOr(readPattern(text));
  }
}

const amountPattern = /^\d{1,9}(?:\.\d{1,9})?$/;

function valueOr(value: string | number | boolean | RegExp | undefined): ReadScalar {
  return value === undefined ? wrong : { is: "value", value };
}

function readDuration(text: string, leastMs = 0): number | undefined {
  const ms = readStrictDurationMs(text);
  return ms !== undefined && ms >= leastMs ? ms : undefined;
}

/** `64K`, `512M`, `1.5G`, each 1,024 of the one before; `MB` and `MiB` are the same. */
export const sizePattern = /^(\d{1,9}(?:\.\d{1,3})?) ?([Bb]|[KMGkmg](?:[Ii]?[Bb])?)$/;
const sizeUnits = ["B", "K", "M", "G"];

function readBytes(text: string): number | undefined {
  const [, amount, unit = ""] = sizePattern.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Math.round(Number(amount) * 1_024 ** sizeUnits.indexOf(unit.charAt(0).toUpperCase()));
}

/** Flags that make a regular expression remember where it was make no sense for one line. */
function readPattern(text: string): RegExp | undefined {
  const [, source, flags = ""] = /^\/(.+)\/([imsu]*)$/.exec(text) ?? [];
  if (source === undefined && (text === "" || text.startsWith("/"))) return undefined;
  try {
    return new RegExp(source ?? text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), flags);
  } catch {
    return undefined;
  }
}

/** What is wanted, for a message: `a duration such as 500ms, 10s or 5m`. */
export function describeKind(kind: Kind): string {
  switch (kind.is) {
    case "text":
    case "value":
      return "a text";
    case "switch":
      return "true or false";
    case "count":
      return `a whole number from ${kind.least} to ${kind.most}`;
    case "amount":
      return "a number above 0";
    case "duration":
      return "a duration such as 500ms, 10s or 5m";
    case "size":
      return "a size such as 64K, 512M or 2G";
    case "choice":
      return `one of ${kind.of.join(", ")}`;
    case "pattern":
      return "a regular expression such as /listening on/i, or a plain text";
    case "list":
      return `a list, each ${describeKind(kind.of)}`;
    case "map":
      return `a map from each ${kind.keys} to ${kind.of.is === "record" ? "its settings" : describeKind(kind.of)}`;
    case "record":
      return `a map of ${Object.keys(kind.settings).join(", ")}`;
  }
}
