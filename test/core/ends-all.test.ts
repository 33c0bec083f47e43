import { describe, expect, it } from "vitest";
import { type EndPolicy, type EndsAll, findEndsAll } from "../../src/core/ends-all.ts";
import type { StateName } from "../../src/core/state-name.ts";

const states = ["down", "starting", "up", "stopping", "crashed", "exited", "parked"] as const;

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
      expect([state, findEndsAll(policy, false, state)]).toEqual([state, expected[state]]);
    }
  });

  it("of an essential type when it has ended for good", () => {
    const policy: EndPolicy = { restart: "on-failure", exitOn: "all" };
    const ending = states.filter((state) => findEndsAll(policy, true, state) !== undefined);
    expect(ending).toEqual(["exited", "parked"]);
    expect(findEndsAll(policy, true, "parked")).toBe("essential: true");
  });
});
