import { expect, it } from "vitest";
import { parseSettingsFile } from "../../src/config/settings-file.ts";
import { findVariableProblems } from "../../src/config/variable-problems.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";

async function problemsOf(env: string): Promise<readonly string[]> {
  const text = `types:\n  web:\n    env: ${env}\n`;
  const file = await parseSettingsFile(new TextEncoder().encode(text), "procman.yml");
  if (!file.ok) return file.diagnostics.map(formatDiagnostic);
  return findVariableProblems(file.value).map(formatDiagnostic);
}

it.each<[env: string, problems: readonly string[]]>([
  ["{A: 1, a.b-c: '', PORTS: 2}", []],
  [
    "{PORT: 3000, PS: x, PROCMAN_ID: y}",
    [
      "procman.yml:3:11: error: PORT is set by procman, and web would not get this; write port: at the top of the file for that of web, from which the others follow",
      "procman.yml:3:23: error: PS is set by procman, and web would not get this; choose another name",
      "procman.yml:3:30: error: PROCMAN_ID is set by procman, and web would not get this; choose another name",
    ],
  ],
  [
    '{A=B: 1, "": 2, C: "a\\0b"}',
    [
      'procman.yml:3:11: error: "A=B" cannot be the name of a variable',
      'procman.yml:3:19: error: "" cannot be the name of a variable',
      "procman.yml:3:26: error: C has a zero byte, which no variable can hold",
    ],
  ],
])("env: %s", async (env, problems) => {
  expect(await problemsOf(env)).toEqual(problems);
});
