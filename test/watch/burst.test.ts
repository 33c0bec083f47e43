import { describe, expect, it } from "vitest";
import type { FileChange } from "../../src/core/watch-rule.ts";
import { gatherBurst } from "../../src/watch/burst.ts";
import { createFakeClock } from "../support/fake-clock.ts";

function createSubject() {
  const clock = createFakeClock();
  const settled: FileChange[] = [];
  const burst = gatherBurst(300, clock, (change) => settled.push(change));
  return { clock, settled, burst };
}

describe("changes in a row", () => {
  it("are one, told when nothing has come for a while, with the first file", () => {
    const { clock, settled, burst } = createSubject();
    for (const file of ["b", "a", "b", "c"]) {
      burst.add(file);
      clock.advance(299);
    }
    expect(settled).toEqual([]);
    clock.advance(1);
    expect(settled).toEqual([{ file: "b", others: 2 }]);
  });

  it("are another one after that", () => {
    const { clock, settled, burst } = createSubject();
    burst.add("a");
    clock.advance(300);
    burst.add("a");
    clock.advance(10_000);
    expect(settled).toEqual([
      { file: "a", others: 0 },
      { file: "a", others: 0 },
    ]);
  });

  it("are not told after the end", () => {
    const { clock, settled, burst } = createSubject();
    burst.add("a");
    burst.cancel();
    clock.advance(10_000);
    expect(settled).toEqual([]);
  });
});
