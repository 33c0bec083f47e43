/** What is wrong with the schedules of a procman.yml, each with its place. */
import type { Diagnostic } from "../core/diagnostic.ts";
import type { TypeSettings } from "../core/settings-schema.ts";
import { quote, showAll } from "../core/text-file.ts";
import { isRelease } from "../core/type-name.ts";
import { createNextRun } from "../schedule/next-run.ts";
import type { SettingsFile } from "./settings-file.ts";

export function findScheduleProblems({
  values: { types },
  placeOf,
}: SettingsFile): readonly Diagnostic[] {
  return [...(types ?? [])].flatMap(([type, settings]) =>
    [...problemsOf(type, settings)].map(({ at, message, hint }): Diagnostic => {
      const place = placeOf(["types", type, ...at]);
      return { severity: "error", ...place, message, ...(hint !== undefined && { hint }) };
    }),
  );
}

interface Problem {
  readonly at: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

function* problemsOf(type: string, settings: TypeSettings): Generator<Problem> {
  const { schedule, essential, restart } = settings;
  if (schedule === undefined) return;
  const { cron, tz } = schedule;
  const at = ["schedule"];
  if (cron === undefined) {
    yield { at, message: `the schedule of ${type} needs cron`, hint: 'as in cron: "0 3 * * *"' };
  } else {
    yield* problemsOfTimes(cron, tz);
  }
  if (isRelease(type)) {
    yield { at, message: `${type} is run before all else, and at no other time` };
  }
  if (essential) {
    const message = `${type} has a schedule, so it never ends for good, and cannot be essential`;
    yield { at: ["essential"], message, hint: "take one of them away" };
  }
  if (restart?.policy === "always") {
    const message = `${type} is always started again, so its schedule has nothing to do`;
    yield { at: ["restart"], message, hint: "take one of them away" };
  }
}

function* problemsOfTimes(cron: string, tz: string | undefined): Generator<Problem> {
  if (tz !== undefined && !isZone(tz)) {
    const message = `${quote(tz)} is no time zone`;
    yield { at: ["schedule", "tz"], message, hint: "as in Europe/Berlin, or UTC" };
  }
  const at = ["schedule", "cron"];
  const hint = 'as in "0 3 * * *", minute, hour, day, month, day of the week; or @daily';
  // The library takes a date, too, which comes once.
  if (!/^@|\s/.test(cron.trim())) {
    yield { at, message: `${quote(cron)} is no cron expression`, hint };
    return;
  }
  try {
    if (createNextRun({ cron })(Date.now()) === undefined) {
      yield { at, message: `${quote(cron)} never comes` };
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "";
    yield { at, message: `${quote(cron)} is no cron expression: ${showAll(reason)}`, hint };
  }
}

function isZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
