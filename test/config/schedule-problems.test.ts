import { describe, expect, it } from "vitest";
import { AppFolder } from "../support/app-folder.ts";

async function problemsOf(types: string, procfile = "job: a\nweb: b\nrelease: c\n") {
  using folder = new AppFolder();
  const { said } = await folder.load({ Procfile: procfile, "procman.yml": `types:\n${types}` });
  return said;
}

const hint = 'as in "0 3 * * *", minute, hour, day, month, day of the week; or @daily';

describe("what is wrong with a schedule", () => {
  it.each<[types: string, said: readonly string[]]>([
    ['  job: {schedule: "0 3 * * *"}\n', []],
    ["  job: {schedule: {cron: '@daily', tz: Europe/Berlin, overlap: kill}}\n", []],
    ["  job: {schedule: {cron: '*/10 * * * * *'}, restart: on-failure, once: true}\n", []],
    [
      "  job: {schedule: 3 o'clock}\n",
      [
        `procman.yml:2:19: error: "3 o'clock" is no cron expression: invalid configuration format ('3 o'clock'), exactly five, six, or seven space separated parts are required.; ${hint}`,
      ],
    ],
    [
      "  job: {schedule: 2027-01-01T00:00:00}\n",
      [`procman.yml:2:19: error: "2027-01-01T00:00:00" is no cron expression; ${hint}`],
    ],
    [
      "  job: {schedule: {cron: 0 0 30 2 *, tz: Berlin}}\n",
      [
        'procman.yml:2:38: error: "Berlin" is no time zone; as in Europe/Berlin, or UTC',
        'procman.yml:2:20: error: "0 0 30 2 *" never comes',
      ],
    ],
    [
      "  job: {schedule: {tz: UTC}, essential: true, restart: always}\n",
      [
        'procman.yml:2:9: error: the schedule of job needs cron; as in cron: "0 3 * * *"',
        "procman.yml:2:30: error: job has a schedule, so it never ends for good, and cannot be essential; take one of them away",
        "procman.yml:2:47: error: job is always started again, so its schedule has nothing to do; take one of them away",
      ],
    ],
    [
      "  release: {schedule: '@daily'}\n",
      ["procman.yml:2:13: error: release is run before all else, and at no other time"],
    ],
    [
      "  job: {schedule: '@daily'}\n  web: {depends_on: {job: completed}}\n",
      [
        "procman.yml:3:22: error: job runs when it is due, so nobody can wait for it; take this dependency away, or its schedule",
      ],
    ],
    [
      "  job: {schedule: {cron: '@daily', overlap: stop}}\n",
      ['procman.yml:2:45: error: "stop" is not one of skip, queue, kill'],
    ],
  ])("%j", async (types, expected) => {
    expect(await problemsOf(types)).toEqual(expected);
  });
});
