import { expect, it } from "vitest";
import { findMemoryProblems } from "../../src/config/memory-problems.ts";
import { parseSettingsFile } from "../../src/config/settings-file.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";

async function problemsOf(memory: string, isMeasured = true): Promise<readonly string[]> {
  const text = `types:\n  web:\n    memory: ${memory}\n`;
  const file = await parseSettingsFile(new TextEncoder().encode(text), "procman.yml");
  if (!file.ok) return file.diagnostics.map(formatDiagnostic);
  return findMemoryProblems(file.value, () => isMeasured).map(formatDiagnostic);
}

it.each<[memory: string, problems: readonly string[]]>([
  ["512M", []],
  ["{limit: 512M}", []],
  ["{warn: 512M, limit: 512M}", []],
  ["{warn: 1G}", []],
  ["{}", ["procman.yml:3:5: error: the memory of web needs warn, limit or both"]],
  [
    "{warn: 1G, limit: 512M}",
    ["procman.yml:3:14: error: warn is 1024M, above the limit of 512M; it would never be told"],
  ],
  [
    "{warn: 100, limit: much}",
    [
      'procman.yml:3:20: error: "100" is not a size such as 64K, 512M or 2G; it needs a unit, as in 100M',
      'procman.yml:3:32: error: "much" is not a size such as 64K, 512M or 2G',
    ],
  ],
  [
    "512",
    [
      'procman.yml:3:13: error: "512" is not a size such as 64K, 512M or 2G; it needs a unit, as in 512M',
    ],
  ],
])("memory: %s", async (memory, problems) => {
  expect(await problemsOf(memory)).toEqual(problems);
});

it("memory that nobody can measure here", async () => {
  expect(await problemsOf("512M", false)).toEqual([
    "procman.yml:3:5: warning: the memory of web is not measured on this system, which has no /proc; nothing comes of the setting",
  ]);
});
