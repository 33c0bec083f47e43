/** Says when process types are due that have a schedule, and when each is next. */
import type { Clock } from "../core/clock.ts";
import { type DuePlan, lookAt, type NextRun, planDue } from "../core/due.ts";
import type { ScheduleRule } from "../core/schedule-rule.ts";
import type { Traits } from "../core/traits.ts";
import { formatLocalTime, offsetMinutesAt } from "./local-time.ts";

export interface Schedules {
  /** From now on those of these, and no others. */
  follow(types: readonly ScheduledType[]): void;
  /** Wall clock; undefined when it never comes, or nobody knows yet. */
  nextMs(type: string): number | undefined;
}

export interface ScheduledType extends Pick<Traits, "schedule"> {
  readonly name: string;
}

export interface ScheduleTools {
  readonly clock: Clock;
  /** Wall clock. */
  readonly timeMs: () => number;
  onDue(type: string): void;
  /** A line about what is scheduled. */
  say(text: string): void;
}

interface Entry {
  readonly rule: ScheduleRule;
  readonly nextRun: NextRun;
  plan: DuePlan;
}

/** The clock may be set, and the machine sleep: no timer that was set before knows of that. */
const lookEveryMs = 60_000;

/** Loads nothing, and has no timer, as long as nothing is scheduled. */
export function createSchedules({ clock, timeMs, onDue, say }: ScheduleTools): Schedules {
  let wanted: ReadonlyMap<string, ScheduleRule> = new Map();
  let entries: ReadonlyMap<string, Entry> = new Map();
  let cancelTimer = () => {};

  async function plan(rules: ReadonlyMap<string, ScheduleRule>): Promise<void> {
    const { createNextRun } = await import("./next-run.ts");
    // By then others may be wanted already.
    if (rules !== wanted) return;
    const known = entries;
    entries = new Map(
      [...rules].map(([type, rule]) => {
        const before = known.get(type);
        if (before && isSame(before.rule, rule)) return [type, before];
        const nextRun = createNextRun(rule);
        return [type, { rule, nextRun, plan: planDue(timeMs(), nextRun) }];
      }),
    );
    const told = [...entries].filter(([type, entry]) => known.get(type) !== entry).map(describe);
    if (told.length > 0) say(`scheduled: ${told.join(", ")}`);
    arm();
  }

  function arm(): void {
    cancelTimer();
    const nowMs = timeMs();
    const delays = [...entries.values()].map(({ plan: { nextMs = Infinity } }) => nextMs - nowMs);
    if (delays.length === 0) return;
    cancelTimer = clock.after(Math.max(0, Math.min(lookEveryMs, ...delays)), look);
  }

  function look(): void {
    const due = [...entries].filter(([, entry]) => {
      const { plan, isDue } = lookAt(entry.plan, timeMs(), entry.nextRun);
      entry.plan = plan;
      return isDue;
    });
    arm();
    for (const [type] of due) onDue(type);
  }

  return {
    follow(types) {
      wanted = new Map(
        types.flatMap(({ name, schedule }) => (schedule ? [[name, schedule] as const] : [])),
      );
      if (wanted.size > 0) {
        plan(wanted).catch((error: unknown) => say(`nothing is scheduled: ${String(error)}`));
        return;
      }
      entries = new Map();
      cancelTimer();
    },
    nextMs: (type) => entries.get(type)?.plan.nextMs,
  };
}

function describe([type, { plan }]: readonly [string, Entry]): string {
  const { nextMs } = plan;
  if (nextMs === undefined) return `${type} (never again)`;
  return `${type} (next ${formatLocalTime(nextMs, offsetMinutesAt(nextMs))})`;
}

function isSame(one: ScheduleRule, other: ScheduleRule): boolean {
  return one.cron === other.cron && one.tz === other.tz;
}
