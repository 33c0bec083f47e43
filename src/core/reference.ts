/**
 * The tables of settings in the reference page, made from the schema. What stands around them is
 * written by hand.
 */
import { describeKind, type Kind, type Setting, type SettingTable } from "./schema.ts";
import { appSettings } from "./settings-schema.ts";

const { types, ...app } = appSettings;
const tables: ReadonlyMap<string, SettingTable> = new Map<string, SettingTable>([
  ["the app", app],
  ["a process type", types.kind.of.settings],
]);

/** The tables between `<!-- settings of NAME -->` and the next `<!-- end -->`, made anew. */
export function renewTables(page: string): string {
  return page.replace(
    /^(<!-- settings of ([^\n]+) -->\n).*?^(?=<!-- end -->$)/gms,
    (_, marker: string, name: string) => {
      const settings = tables.get(name);
      if (settings === undefined) throw new Error(`there are no settings of ${name}`);
      return `${marker}\n${describeTable(settings)}\n\n`;
    },
  );
}

function describeTable(settings: SettingTable): string {
  const rows = rowsOf(settings, "");
  return [["setting", "takes", "default", "what it is for"], Array(4).fill("---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

type Row = readonly string[];

function rowsOf(settings: SettingTable, above: string): readonly Row[] {
  return Object.entries(settings).flatMap(([name, setting]) => {
    const path = `${above}${name}`;
    return [rowOf(path, setting), ...rowsWithin(setting.kind, path)];
  });
}

function rowOf(path: string, { kind, about, default: preset = "" }: Setting): Row {
  return [inCode(path), describeValue(kind), preset, about];
}

function rowsWithin(kind: Kind, path: string): readonly Row[] {
  switch (kind.is) {
    case "record":
      return rowsOf(kind.settings, `${path}.`);
    case "map":
      return rowsWithin(kind.of, `${path}.<${kind.keys}>`);
    case "list":
      return rowsWithin(kind.of, path);
    case "text":
    case "value":
    case "switch":
    case "count":
    case "amount":
    case "duration":
    case "size":
    case "choice":
    case "pattern":
      return [];
  }
}

/** What a record has is said by the rows below its own. */
function describeValue(kind: Kind): string {
  switch (kind.is) {
    case "record":
      return describeRecord(kind);
    case "map":
      return `a map from each ${kind.keys} to ${describeValue(kind.of)}`;
    case "list":
      return `${describeValue(kind.of)}, or a list`;
    case "choice":
      return kind.of.map(inCode).join(", ");
    case "text":
    case "value":
    case "switch":
    case "count":
    case "amount":
    case "duration":
    case "size":
    case "pattern":
      return describeKind(kind);
  }
}

function describeRecord({ short, oneOf }: Extract<Kind, { is: "record" }>): string {
  if (oneOf) return `a map with one of ${oneOf.map(inCode).join(", ")}`;
  return short === undefined ? "a map" : `a map, or ${inCode(short)} alone`;
}

function inCode(name: string): string {
  return `\`${name}\``;
}
