/** The times of a cron expression. Loaded where one is given. */
import { Cron } from "croner";
import type { NextRun } from "../core/due.ts";
import type { ScheduleRule } from "../core/schedule-rule.ts";

/** Throws when the expression, or the zone, is none. */
export function createNextRun({ cron, tz }: Pick<ScheduleRule, "cron" | "tz">): NextRun {
  const times = new Cron(cron, { paused: true, ...(tz !== undefined && { timezone: tz }) });
  return (afterMs) => times.nextRun(new Date(afterMs))?.getTime();
}
