/** When a process type is started that does not run all the time, as procman.yml has it. */

export interface ScheduleRule {
  /** A cron expression of five fields, or of six with seconds first; or a word such as `@daily`. */
  readonly cron: string;
  /** As in `Europe/Berlin`. The system's without it. */
  readonly tz?: string;
  readonly overlap: Overlap;
}

/**
 * What comes of a run that is due while the last one goes on: nothing, it follows at once when that
 * has ended, or it takes its place.
 */
export type Overlap = "skip" | "queue" | "kill";

export const defaultOverlap: Overlap = "skip";
