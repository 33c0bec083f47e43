import { describe, expect, it } from "vitest";
import { formatTime, herokuPrefix } from "../../src/core/log-format.ts";

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
