/** Which lines of the log somebody wants, as values. Reading them is for `logs/`. */
import type { Source } from "./log-format.ts";

export interface LogQuery {
  /** Process types, as `worker`. With `names`: the lines of any of these; both empty means all. */
  readonly types: readonly string[];
  /** Instances, as `worker.2`; also `procman` and `api`, the names of lines about no instance. */
  readonly names: readonly string[];
  /** `system` is every source but `app`, which Heroku's clients call `heroku`. */
  readonly source: Source | "system" | undefined;
  /** Wall clock: nothing older. */
  readonly sinceMs: number | undefined;
  /** Nothing newer. */
  readonly untilMs?: number;
  /** Matched against a line's text without its prefix and without colours. */
  readonly pattern: RegExp | undefined;
}
