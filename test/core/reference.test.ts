import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { renewTables } from "../../src/core/reference.ts";
import type { Kind, SettingTable } from "../../src/core/schema.ts";
import { appSettings, typeSettings } from "../../src/core/settings-schema.ts";

const page = readFileSync(new URL("../../docs/procman-yml.md", import.meta.url), "utf8");

/** By path, what stands in the page's tables for it: what it is for, and its default. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `(.+?)` \| .+? \| (.*?) ?\| (.+) \|$/gm)].map(
    ([, path = "", preset = "", about = ""]) => [path, preset, about],
  );
}

function settingsIn(table: SettingTable, above = ""): readonly (readonly string[])[] {
  return Object.entries(table).flatMap(([name, { kind, about, default: preset = "" }]) => [
    [above + name, preset, about],
    ...settingsOf(kind, above + name),
  ]);
}

function settingsOf(kind: Kind, path: string): readonly (readonly string[])[] {
  if (kind.is === "record") return settingsIn(kind.settings, `${path}.`);
  if (kind.is === "map") return settingsOf(kind.of, `${path}.<${kind.keys}>`);
  return kind.is === "list" ? settingsOf(kind.of, path) : [];
}

describe("the reference page", () => {
  const { types, ...app } = appSettings;

  it("has each setting of the app, and no other", () => {
    expect(rowsBelow("The app")).toEqual(settingsIn(app));
  });

  it("has each setting of a process type, and no other", () => {
    expect(types.kind.of.settings).toBe(typeSettings);
    expect(rowsBelow("A process type")).toEqual(settingsIn(typeSettings));
  });

  it("is what `npm run docs` writes", () => {
    expect(renewTables(page)).toBe(page);
  });

  it("has no table of settings that are not there", () => {
    expect(() => renewTables("<!-- settings of nobody -->\n<!-- end -->\n")).toThrow("nobody");
  });
});
