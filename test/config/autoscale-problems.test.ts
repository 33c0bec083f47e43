import { expect, it } from "vitest";
import { findAutoscaleProblems } from "../../src/config/autoscale-problems.ts";
import { parseSettingsFile } from "../../src/config/settings-file.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";

async function problemsOf(type: string, settings: string): Promise<readonly string[]> {
  const text = `types:\n  ${type}: ${settings}\n`;
  const file = await parseSettingsFile(new TextEncoder().encode(text), "procman.yml");
  const problems = file.ok ? findAutoscaleProblems(file.value) : file.diagnostics;
  return problems.map(formatDiagnostic);
}

it.each<[settings: string, problems: readonly string[]]>([
  ["{autoscale: {max: 4, metric: cat queue, per: 10}}", []],
  ["{autoscale: {min: 0, max: 4, every: 100ms, metric: cat queue, per: 0.5}}", []],
  ["{autoscale: {min: 4, max: 4, metric: cat queue, per: 10}}", []],
  [
    "{autoscale: {}}",
    [
      "procman.yml:2:7: error: the autoscale of a needs max, metric, per; as in {max: 10, metric: redis-cli llen jobs, per: 20}",
    ],
  ],
  [
    "{autoscale: {min: 5, max: 3, metric: cat queue, per: 10}}",
    ["procman.yml:2:19: error: min is 5, above the max of 3"],
  ],
  [
    "{autoscale: {min: few, max: 0, metric: '', per: -1, evry: 1s}}",
    [
      'procman.yml:2:24: error: "few" is not a whole number from 0 to 100000',
      'procman.yml:2:34: error: "0" is not a whole number from 1 to 100000',
      'procman.yml:2:45: error: "types.a.autoscale.metric" needs a text',
      'procman.yml:2:54: error: "-1" is not a number above 0',
      'procman.yml:2:58: error: there is no setting "evry" in types.a.autoscale; did you mean "every"?',
    ],
  ],
  [
    "{schedule: '@daily', autoscale: {max: 4, metric: cat queue, per: 10}}",
    ["procman.yml:2:27: error: a has a schedule, so it has nothing to scale"],
  ],
  [
    "{once: true, autoscale: {max: 4, metric: cat queue, per: 10}}",
    ["procman.yml:2:19: error: a has once: true, so it has nothing to scale"],
  ],
])("a: %s", async (settings, problems) => {
  expect(await problemsOf("a", settings)).toEqual(problems);
});

it("a release", async () => {
  const settings = "{autoscale: {max: 4, metric: cat queue, per: 10}}";
  expect(await problemsOf("release", settings)).toEqual([
    "procman.yml:2:13: error: release is run once, before all else, so it has nothing to scale",
  ]);
});
