import { describe, expect, it } from "vitest";
import { compareFingerprints, fingerprintOf } from "../../src/core/environment-change.ts";

type Values = Readonly<Record<string, string>>;

function fingerprint(values: Values) {
  return fingerprintOf(new Map(Object.entries(values)));
}

const none = { added: [], removed: [], changed: [] };

describe("how an environment has changed", () => {
  it.each<[name: string, before: Values, now: Values, change: object]>([
    ["not", { A: "1", B: "" }, { B: "", A: "1" }, none],
    ["by keys that were added", {}, { B: "", A: "1" }, { ...none, added: ["A", "B"] }],
    ["by keys that were removed", { B: "", A: "1" }, {}, { ...none, removed: ["A", "B"] }],
    ["by values", { B: "1", A: "1" }, { B: "2", A: "" }, { ...none, changed: ["A", "B"] }],
    [
      "in all ways",
      { GONE: "1", OTHER: "1", SAME: "1" },
      { NEW: "1", OTHER: "2", SAME: "1" },
      { added: ["NEW"], removed: ["GONE"], changed: ["OTHER"] },
    ],
  ])("%s", (_, before, now, change) => {
    expect(compareFingerprints(fingerprint(before), fingerprint(now))).toEqual(change);
  });

  it("is known without the values", () => {
    const kept = JSON.stringify([...fingerprint({ API_KEY: "sesame" })]);
    expect(kept).toContain("API_KEY");
    expect(kept).not.toContain("sesame");
  });
});
