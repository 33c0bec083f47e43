/** `start --release`: the release is a task, and nothing else is started before it has succeeded. */
import type { Dependency } from "./dependencies.ts";
import { releaseType } from "./formation.ts";
import type { ProcessType } from "./procfile.ts";

const released: Dependency = { type: releaseType, until: "completed", restartWith: false };

export function releaseFirst(types: readonly ProcessType[]): readonly ProcessType[] {
  return types.map((type) =>
    type.name === releaseType
      ? { ...type, isTask: true, restart: { policy: "never" } }
      : { ...type, dependsOn: [released, ...(type.dependsOn ?? [])] },
  );
}
