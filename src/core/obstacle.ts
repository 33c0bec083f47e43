/** What an instance waits for before it is started. */

export type Condition = "ready" | "completed";

/** A process type that is not as far as it has to be. */
export interface Obstacle {
  readonly type: string;
  readonly until: Condition;
  /** `migrate.1 exited with code 1`: it stays until a person does something. */
  readonly failure?: string;
}

export function hasFailed(obstacles: readonly Obstacle[]): boolean {
  return obstacles.some(({ failure }) => failure !== undefined);
}

export function areSame(some: readonly Obstacle[], others: readonly Obstacle[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ type, until, failure }, index) => {
      const other = others[index];
      return other?.type === type && other.until === until && other.failure === failure;
    })
  );
}

/** `for db to be ready and migrate to complete`; of those that have failed, only these. */
export function describeObstacles(obstacles: readonly Obstacle[]): string {
  const failed = obstacles.filter(({ failure }) => failure !== undefined);
  const shown = failed.length > 0 ? failed : obstacles;
  return `for ${shown.map(describeObstacle).join(" and ")}`;
}

function describeObstacle({ type, until, failure }: Obstacle): string {
  const what = until === "ready" ? "be ready" : "complete";
  return `${type} to ${what}${failure === undefined ? "" : `, but ${failure}`}`;
}
