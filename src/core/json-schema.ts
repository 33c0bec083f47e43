/**
 * A schema as the JSON Schema by which editors complete and check the file as it is written. It
 * takes what the reader takes, but for a number in quotes; and any regular expression, and a duration
 * of any length.
 */
import { strictDuration } from "./duration.ts";
import {
  type Kind,
  readScalar,
  type Setting,
  type SettingTable,
  sizePattern,
  switches,
} from "./schema.ts";

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** Draft 7, which the editors' YAML language server knows best. */
export function jsonSchemaOf(kind: Kind, title: string): JsonSchema {
  return { $schema: "http://json-schema.org/draft-07/schema#", title, ...schemaOf(kind) };
}

// Where a text is wanted, YAML's numbers and switches are taken as they are written.
const writtenTypes = ["string", "number", "boolean"];

function schemaOf(kind: Kind): JsonSchema {
  switch (kind.is) {
    case "text":
      return { type: writtenTypes, minLength: 1 };
    case "value":
      return { type: [...writtenTypes, "null"] };
    case "switch":
      return { anyOf: [{ type: "boolean" }, { type: "string", pattern: switchPattern }] };
    case "count":
      return { type: "integer", minimum: kind.least, maximum: kind.most };
    case "amount":
      return { type: "number", exclusiveMinimum: 0 };
    case "duration":
      return { type: "string", pattern: strictDuration.source };
    case "size":
      return { type: "string", pattern: sizePattern.source };
    case "choice":
      return { enum: kind.of };
    case "pattern":
      return { type: writtenTypes, minLength: 1, pattern: "^[^/]|^/.+/[imsu]*$" };
    case "list": {
      const items = schemaOf(kind.of);
      return { anyOf: [items, { type: "array", items }] };
    }
    case "map":
      return { type: ["object", "null"], additionalProperties: schemaOf(kind.of) };
    case "record":
      return recordSchemaOf(kind);
  }
}

type RecordKind = Extract<Kind, { is: "record" }>;

/** A JSON Schema has no way to say that case does not matter. */
const switchPattern = `^(${[...switches.keys()]
  .map((word) => word.replace(/./g, (letter) => `[${letter.toUpperCase()}${letter}]`))
  .join("|")})$`;

function recordSchemaOf({ settings, short, oneOf }: RecordKind): JsonSchema {
  const shorthand = short === undefined ? undefined : settings[short];
  const mayBeEmpty = shorthand === undefined && oneOf === undefined;
  const record = {
    type: mayBeEmpty ? ["object", "null"] : "object",
    properties: propertiesOf(settings),
    additionalProperties: false,
    ...(oneOf && { oneOf: oneOf.map((name) => ({ required: [name] })) }),
  };
  return shorthand ? { anyOf: [schemaOf(shorthand.kind), record] } : record;
}

function propertiesOf(settings: SettingTable): JsonSchema {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, settingSchemaOf(setting)]),
  );
}

function settingSchemaOf({ kind, about, default: preset }: Setting): JsonSchema {
  const value = preset === undefined ? undefined : presetValueOf(kind, preset);
  return {
    description: preset === undefined ? about : `${about} Default: ${preset}.`,
    ...(value !== undefined && { default: value }),
    ...schemaOf(kind),
  };
}

/** Undefined where the default is a description: an editor would write it into the file. */
function presetValueOf(kind: Kind, preset: string): string | number | boolean | undefined {
  switch (kind.is) {
    case "switch":
      return switches.get(preset);
    case "count":
    case "amount":
      return Number.isNaN(Number(preset)) ? undefined : Number(preset);
    case "duration":
    case "size":
    case "choice":
      return readScalar(kind, preset).is === "value" ? preset : undefined;
    case "pattern":
    case "text":
    case "value":
    case "list":
    case "map":
    case "record":
      return undefined;
  }
}
