/**
 * `start --release`: the release is a task, and nothing is started before it has succeeded but what
 * it depends on itself.
 */
import type { Dependency } from "./dependencies.ts";
import type { ProcessType } from "./procfile.ts";
import { isRelease } from "./type-name.ts";

/** Where several apps have one, no type of any of them is started before all have succeeded. */
export function releaseFirst(types: readonly ProcessType[]): readonly ProcessType[] {
  const names = types.map(({ name }) => name).filter(isRelease);
  const releases = names.map(
    (name): Dependency => ({ type: name, until: "completed", restartWith: false }),
  );
  const before = neededBy(names, types);
  return types.map((type) => {
    if (isRelease(type.name)) return { ...type, isTask: true, restart: { policy: "never" } };
    if (before.has(type.name)) return type;
    return { ...type, dependsOn: [...releases, ...(type.dependsOn ?? [])] };
  });
}

/** What these types depend on, and what that depends on. */
function neededBy(names: readonly string[], types: readonly ProcessType[]): ReadonlySet<string> {
  const needed = new Set<string>();
  const visit = (name: string) => {
    const type = types.find((one) => one.name === name);
    for (const { type: other } of type?.dependsOn ?? []) {
      if (needed.has(other)) continue;
      needed.add(other);
      visit(other);
    }
  };
  for (const name of names) visit(name);
  return needed;
}
