import { describe, expect, it } from "vitest";
import { type EndPolicy, type EndsAll, findEndsAll } from "../../src/core/ends-all.ts";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import type { StateName } from "../../src/core/state-name.ts";

const failed = { kind: "exit", code: 1 } as const;
const succeeded = { kind: "exit", code: 0 } as const;
const states = [
  "down",
  "waiting",
  "starting",
  "up",
  "stopping",
  "crashed",
  "exited",
  "parked",
] as const;

describe("what becomes of one process ends all", () => {
  it.each<[EndPolicy, Partial<Record<StateName, EndsAll>>]>([
    [{ restart: "on-failure", exitOn: "all" }, {}],
    [{ restart: "on-failure", exitOn: "parked" }, { parked: "--exit-on parked" }],
    [
      { restart: "never", exitOn: "all" },
      { exited: "--no-restart", parked: "--no-restart" },
    ],
    [
      { restart: "never", exitOn: "parked" },
      { exited: "--no-restart", parked: "--exit-on parked" },
    ],
  ])("with %j: %j", (policy, expected) => {
    for (const state of states) {
      expect([state, findEndsAll(policy, { type: "a" }, state, failed)]).toEqual([
        state,
        expected[state],
      ]);
    }
  });

  it("of an essential type when it has ended for good", () => {
    const policy: EndPolicy = { restart: "on-failure", exitOn: "all" };
    const essential = { type: "a", isEssential: true };
    const ending = states.filter(
      (state) => findEndsAll(policy, essential, state, succeeded) !== undefined,
    );
    expect(ending).toEqual(["exited", "parked"]);
    expect(ending.map((state) => findEndsAll(policy, essential, state, succeeded))).toEqual([
      "essential: true",
      "essential: true",
    ]);
  });

  it.each<[Parameters<typeof findEndsAll>[1], ExitStatus, EndsAll | undefined]>([
    [{ type: "migrate", isTask: true }, succeeded, undefined],
    [{ type: "migrate", isTask: true }, failed, "--no-restart"],
    [{ type: "release", isTask: true }, succeeded, undefined],
  ])("of a task %j that has ended with %j, with --no-restart: %s", (spec, status, expected) => {
    const policy: EndPolicy = { restart: "never", exitOn: "all" };
    expect(findEndsAll(policy, spec, "exited", status)).toBe(expected);
  });

  it("of a release that has failed, and of one that has not it does not", () => {
    const policy: EndPolicy = { restart: "on-failure", exitOn: "all" };
    const release = { type: "release", isTask: true };
    expect(findEndsAll(policy, release, "exited", failed)).toBe("release");
    expect(findEndsAll(policy, release, "exited", succeeded)).toBeUndefined();
  });
});
