/** What is wrong with what a procman.yml wants to have watched. */
import type { Diagnostic } from "../core/diagnostic.ts";
import type { TypeSettings } from "../core/settings-schema.ts";
import { quote } from "../core/text-file.ts";
import { findGlobProblem } from "../core/watch-rule.ts";
import type { Place, SettingsFile } from "./settings-file.ts";

export function findWatchProblems({
  values: { types },
  placeOf,
}: SettingsFile): readonly Diagnostic[] {
  return [...(types ?? [])].flatMap(([type, { watch }]) => {
    const placeIn = (...path: readonly string[]) => placeOf(["types", type, "watch", ...path]);
    return watch ? problemsOf(watch, placeIn) : [];
  });
}

type Watch = NonNullable<TypeSettings["watch"]>;

function problemsOf(
  watch: Watch,
  placeIn: (...path: readonly string[]) => Place,
): readonly Diagnostic[] {
  const ofGlobs = (["paths", "ignore"] as const).flatMap((list) =>
    (watch[list] ?? []).flatMap((glob, index): readonly Diagnostic[] => {
      const problem = findGlobProblem(glob);
      if (problem === undefined) return [];
      const message = `${quote(glob)} ${problem.message}`;
      const { hint } = problem;
      return [{ severity: "error", ...placeIn(list, String(index)), message, hint }];
    }),
  );
  if (watch.paths?.length) return ofGlobs;
  const message = "there is no file to watch";
  return [
    { severity: "error", ...placeIn("paths"), message, hint: "as in watch: src/**" },
    ...ofGlobs,
  ];
}
