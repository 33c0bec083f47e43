import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTime, herokuPrefix, parseHerokuLine } from "../../src/core/log-format.ts";

const time = { hours: 4, minutes: 32, seconds: 1, iso: "2026-11-21T14:32:01.123Z" };

describe("formatTime", () => {
  it.each([
    ["time", "04:32:01 "],
    ["iso", "2026-11-21T14:32:01.123Z "],
    ["off", ""],
  ] as const)("%s", (timestamps, text) => {
    expect(formatTime(timestamps, time)).toBe(text);
  });

  it("gives every part two digits", () => {
    const midnight = { ...time, hours: 0, minutes: 0, seconds: 0 };
    const evening = { ...time, hours: 23, minutes: 59, seconds: 59 };
    expect(formatTime("time", midnight)).toBe("00:00:00 ");
    expect(formatTime("time", evening)).toBe("23:59:59 ");
  });
});

describe("herokuPrefix", () => {
  it.each<[name: string, prefix: string, text: string]>([
    [
      "a process's line",
      herokuPrefix(time.iso, "app", "web.1", false),
      "2026-11-21T14:32:01.123000+00:00 app[web.1]: ",
    ],
    [
      "a line of procman",
      herokuPrefix(time.iso, "procman", "web.1", false),
      "2026-11-21T14:32:01.123000+00:00 procman[web.1]: ",
    ],
    [
      "a piece that continues a line",
      herokuPrefix(time.iso, "app", "web.1", true),
      "2026-11-21T14:32:01.123000+00:00 app[web.1]+ ",
    ],
  ])("%s", (_, prefix, text) => {
    expect(prefix).toBe(text);
  });
});

describe("parseHerokuLine", () => {
  it("reads what herokuPrefix has written", () => {
    const moment = fc
      .date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true })
      .map((date) => date.toISOString());
    const name = fc
      .stringMatching(/^[A-Za-z0-9_-]{1,20}(\.[1-9][0-9]{0,3})?$/)
      .filter((text) => text !== "router");
    const text = fc.string({ unit: "binary" }).map((given) => given.replaceAll("\n", ""));
    fc.assert(
      fc.property(
        moment,
        fc.constantFrom("app", "procman", "router"),
        name,
        fc.boolean(),
        text,
        (isoTime, source, instance, isContinued, text) => {
          const name = source === "router" ? "router" : instance;
          const line = `${herokuPrefix(isoTime, source, name, isContinued)}${text}`;
          expect(parseHerokuLine(line)).toEqual({ isoTime, source, name, isContinued, text });
        },
      ),
    );
  });

  it("reads the microseconds of others", () => {
    const line = "2026-11-21T14:32:01.123456+00:00 app[web.1]: a: b";
    expect(parseHerokuLine(line)).toEqual({
      isoTime: time.iso,
      source: "app",
      name: "web.1",
      isContinued: false,
      text: "a: b",
    });
  });

  it.each([
    "",
    "hello",
    "2026-11-21T14:32:01.123456+00:00 app[web.1]:",
    "2026-11-21T14:32:01.123456+00:00 app[web.1] hello",
    "2026-11-21T14:32:01.123456+00:00 app[]: hello",
    "2026-11-21T14:32:01.123456+00:00 app[web 1]: hello",
    "2026-11-21T14:32:01.123456+00:00 heroku[web.1]: hello",
    "2026-11-21T14:32:01.123456+01:00 app[web.1]: hello",
    "2026-11-21T14:32:01.123Z app[web.1]: hello",
    " 2026-11-21T14:32:01.123456+00:00 app[web.1]: hello",
  ])("does not take for a line: %j", (line) => {
    expect(parseHerokuLine(line)).toBeUndefined();
  });
});
