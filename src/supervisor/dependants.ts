/** Who depends on whom while the app runs: what is waited for, and who is told of what. */
import { type Dependency, findObstacles } from "../core/dependencies.ts";
import { isAlive, isRunning } from "../core/instance.ts";
import type { Obstacle } from "../core/obstacle.ts";
import type { InstanceSpec } from "../core/plan.ts";
import type { Runner } from "./runner.ts";

export interface Dependants {
  obstaclesOf(spec: InstanceSpec): readonly Obstacle[] | undefined;
  /** Something has come of this one: who waits for it looks again. */
  recheck(runner: Runner): void;
  /** This one is started anew, and with it who is bound to it; `tell` before each. */
  restartBound(runner: Runner, tell: (bound: Runner) => void): void;
  /** Somebody runs that depends on it. */
  isNeeded(runner: Runner): boolean;
}

/** `runners` are all that there are, `formationOf` gives those of a type that are not leaving it. */
export function createDependants(
  runners: () => readonly Runner[],
  formationOf: (type: string) => readonly Runner[],
): Dependants {
  function dependantsOf(runner: Runner): readonly Runner[] {
    return runners().filter((other) => dependencyOn(runner, other) !== undefined);
  }

  return {
    obstaclesOf: ({ dependsOn = [] }) =>
      findObstacles(dependsOn, (type) =>
        formationOf(type).map(({ name, instance }) => ({ name, instance: instance() })),
      ),
    recheck(runner) {
      for (const dependant of dependantsOf(runner)) {
        if (dependant.instance().state.is === "waiting") dependant.send({ what: "recheck" });
      }
    },
    restartBound(runner, tell) {
      for (const dependant of dependantsOf(runner)) {
        const isBound = dependencyOn(runner, dependant)?.restartWith === true;
        if (!(isBound && isAlive(dependant.instance().state))) continue;
        tell(dependant);
        dependant.send({ what: "restart" });
      }
    },
    isNeeded: (runner) => dependantsOf(runner).some(({ instance }) => isRunning(instance().state)),
  };
}

function dependencyOn(runner: Runner, dependant: Runner): Dependency | undefined {
  const { type } = runner.spec();
  return dependant.spec().dependsOn?.find((dependency) => dependency.type === type);
}
