/** `start --release`: the release is a task, and nothing else is started before it has succeeded. */
import type { Dependency } from "./dependencies.ts";
import type { ProcessType } from "./procfile.ts";
import { isRelease } from "./type-name.ts";

/** Where several apps have one, no type of any of them is started before all have succeeded. */
export function releaseFirst(types: readonly ProcessType[]): readonly ProcessType[] {
  const releases = types
    .filter(({ name }) => isRelease(name))
    .map(({ name }): Dependency => ({ type: name, until: "completed", restartWith: false }));
  return types.map((type) =>
    isRelease(type.name)
      ? { ...type, isTask: true, restart: { policy: "never" } }
      : { ...type, dependsOn: [...releases, ...(type.dependsOn ?? [])] },
  );
}
