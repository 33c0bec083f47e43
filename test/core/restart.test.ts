import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import {
  backoffMs,
  decideSequel,
  type Life,
  defaultRestartRule as onFailure,
  type RestartRule,
  type Sequel,
} from "../../src/core/restart.ts";

const failed: ExitStatus = { kind: "exit", code: 1 };
const succeeded: ExitStatus = { kind: "exit", code: 0 };
const killed: ExitStatus = { kind: "signal", signal: "SIGKILL", number: 9 };
/** Neither longer nor shorter than the table has it. */
const noJitter = 0.5;
const firstLife: Life = { failures: 0, upMs: 0, sinceStartMs: 60_000, isPortHeld: false };

describe("the pause after the n-th failure in a row", () => {
  it.each([
    [1, 500],
    [2, 1_000],
    [3, 2_000],
    [4, 4_000],
    [5, 8_000],
    [6, 16_000],
    [7, 30_000],
    [8, 30_000],
    [100, 30_000],
    [5_000, 30_000],
  ])("%i: %i ms", (failures, delayMs) => {
    expect(backoffMs(failures, noJitter)).toBe(delayMs);
  });

  it("stays within 20 % of the table, and never is above 30 s", () => {
    const failures = fc.integer({ min: 1, max: 2_000 });
    fc.assert(
      fc.property(failures, jitters(), (n, jitter) => {
        const delayMs = backoffMs(n, jitter);
        const middleMs = Math.min(30_000, 500 * 2 ** (n - 1));
        expect(delayMs).toBeGreaterThanOrEqual(0.8 * middleMs - 1e-6);
        expect(delayMs).toBeLessThanOrEqual(Math.min(30_000, 1.2 * middleMs + 1e-6));
      }),
    );
  });

  it("spreads: another jitter is another pause", () => {
    expect(backoffMs(3, 0)).toBe(1_600);
    expect(backoffMs(3, 0.25)).toBe(1_800);
    expect(backoffMs(3, 0.999)).toBeCloseTo(2_399.2);
  });
});

describe("a rule of its own", () => {
  const life: Life = { failures: 0, upMs: 1_000, sinceStartMs: 5_000, isPortHeld: false };
  const stable: Life = { ...life, failures: 7, upMs: 30_000 };

  it.each<[name: string, rule: Partial<RestartRule>, status: ExitStatus, life: Life, Sequel]>([
    [
      "always: an end without a failure is followed by a start",
      { policy: "always" },
      { kind: "exit", code: 0 },
      life,
      { is: "again", inMs: 500, failures: 1 },
    ],
    [
      "always: at once, if it had proved itself",
      { policy: "always" },
      { kind: "exit", code: 0 },
      stable,
      { is: "again", inMs: 250, failures: 0 },
    ],
    [
      "a pause of its own",
      { backoffMs: 2_000 },
      failed,
      life,
      { is: "again", inMs: 2_000, failures: 1 },
    ],
    [
      "which doubles",
      { backoffMs: 2_000 },
      failed,
      { ...life, failures: 2 },
      { is: "again", inMs: 8_000, failures: 3 },
    ],
    ["as often as allowed", { max: 1 }, failed, life, { is: "again", inMs: 500, failures: 1 }],
    [
      "once too often",
      { max: 1 },
      failed,
      { ...life, failures: 1 },
      { is: "park", reason: "it has been restarted once in a row" },
    ],
    [
      "three times too often",
      { max: 3 },
      failed,
      { ...life, failures: 3 },
      { is: "park", reason: "it has been restarted 3 times in a row" },
    ],
    ["never", { max: 0 }, failed, life, { is: "park", reason: "it is not to be restarted" }],
    [
      "however often before it proved itself",
      { max: 3 },
      failed,
      stable,
      { is: "again", inMs: 250, failures: 0 },
    ],
  ])("%s", (_, rule, status, given, sequel) => {
    expect(decideSequel({ ...onFailure, ...rule }, status, given, noJitter)).toEqual(sequel);
  });
});

describe("a process that keeps crashing at once", () => {
  it("is tried again after 1, 1, 2, 4, 8, 16, 30, 30 s", () => {
    const pauses: number[] = [];
    let failures = 0;
    for (let round = 0; round < 8; round += 1) {
      const life = { failures, upMs: 0, sinceStartMs: 0, isPortHeld: false };
      const sequel = decideSequel(onFailure, failed, life, noJitter);
      if (sequel.is !== "again") throw new Error(`not tried again: ${sequel.is}`);
      pauses.push(sequel.inMs);
      failures = sequel.failures;
    }
    expect(pauses).toEqual([1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });
});

describe("what follows the end of a process", () => {
  const unstarted = (isLasting: boolean): ExitStatus => ({
    kind: "unstarted",
    reason: "no folder",
    isLasting,
  });
  it.each<
    [name: string, policy: "on-failure" | "never", ExitStatus, Partial<Life>, sequel: Sequel]
  >([
    ["success", "on-failure", succeeded, {}, { is: "content" }],
    ["success, never again", "never", succeeded, {}, { is: "content" }],
    ["failure, never again", "never", failed, {}, { is: "content" }],
    ["a signal, never again", "never", killed, {}, { is: "content" }],
    ["the first failure", "on-failure", failed, {}, { is: "again", inMs: 500, failures: 1 }],
    ["a signal", "on-failure", killed, {}, { is: "again", inMs: 500, failures: 1 }],
    [
      "the fourth failure",
      "on-failure",
      failed,
      { failures: 3 },
      { is: "again", inMs: 4_000, failures: 4 },
    ],
    [
      "a start that failed for now",
      "on-failure",
      unstarted(false),
      {},
      { is: "again", inMs: 500, failures: 1 },
    ],
    [
      "a crash after 30 s up",
      "on-failure",
      failed,
      { failures: 5, upMs: 30_000 },
      { is: "again", inMs: 250, failures: 0 },
    ],
    [
      "a crash just before 30 s up",
      "on-failure",
      failed,
      { failures: 1, upMs: 29_999 },
      { is: "again", inMs: 1_000, failures: 2 },
    ],
    [
      "a failure while somebody else holds its port",
      "on-failure",
      failed,
      { failures: 2, isPortHeld: true },
      { is: "again", inMs: 12_000, failures: 3, onPortFree: { inMs: 250, failures: 2 } },
    ],
    [
      "such a failure, 300 ms after the start",
      "on-failure",
      failed,
      { isPortHeld: true, sinceStartMs: 300 },
      { is: "again", inMs: 10_700, failures: 1, onPortFree: { inMs: 700, failures: 0 } },
    ],
    [
      "such a failure, after many",
      "on-failure",
      failed,
      { failures: 9, isPortHeld: true },
      { is: "again", inMs: 30_000, failures: 10, onPortFree: { inMs: 250, failures: 9 } },
    ],
    [
      "such a failure, after 30 s up",
      "on-failure",
      failed,
      { failures: 2, isPortHeld: true, upMs: 30_000 },
      { is: "again", inMs: 250, failures: 0 },
    ],
    ["such a failure, never again", "never", failed, { isPortHeld: true }, { is: "content" }],
    [
      "the first failure, 300 ms after the start",
      "on-failure",
      failed,
      { sinceStartMs: 300 },
      { is: "again", inMs: 700, failures: 1 },
    ],
    [
      "a code of a missing command",
      "on-failure",
      { kind: "exit", code: 127 },
      {},
      { is: "park", reason: "command not found" },
    ],
    [
      "a code of a file that is no program",
      "on-failure",
      { kind: "exit", code: 126 },
      {},
      { is: "park", reason: "command not executable" },
    ],
    [
      "a start that never can work",
      "on-failure",
      unstarted(true),
      {},
      { is: "park", reason: "no folder" },
    ],
    [
      "a start that never can work, never again",
      "never",
      unstarted(true),
      {},
      { is: "park", reason: "no folder" },
    ],
  ])("%s", (_, policy, status, life, sequel) => {
    expect(
      decideSequel({ ...onFailure, policy }, status, { ...firstLife, ...life }, noJitter),
    ).toEqual(sequel);
  });

  it("never is a second start within a second, nor a pause above 30 s", () => {
    const life = fc.record({
      failures: fc.nat(50),
      upMs: fc.double({ min: 0, max: 120_000, noNaN: true }),
      sinceStartMs: fc.double({ min: 0, max: 120_000, noNaN: true }),
      isPortHeld: fc.boolean(),
    });
    fc.assert(
      fc.property(life, jitters(), (given, jitter) => {
        const upMs = Math.min(given.upMs, given.sinceStartMs);
        const sequel = decideSequel(onFailure, failed, { ...given, upMs }, jitter);
        if (sequel.is !== "again") throw new Error(`not tried again: ${sequel.is}`);
        expect(given.sinceStartMs + sequel.inMs).toBeGreaterThanOrEqual(1_000);
        expect(sequel.inMs).toBeLessThanOrEqual(30_000);
        const soonestMs = sequel.onPortFree?.inMs ?? sequel.inMs;
        expect(given.sinceStartMs + soonestMs).toBeGreaterThanOrEqual(1_000);
        expect(soonestMs).toBeLessThanOrEqual(sequel.inMs);
        expect(sequel.failures).toBe(upMs >= 30_000 ? 0 : given.failures + 1);
      }),
    );
  });

  it("has no part of a millisecond less than a second between starts", () => {
    const life: Life = { failures: 0, upMs: 0, sinceStartMs: 0.6, isPortHeld: false };
    const sequel = decideSequel(onFailure, failed, life, noJitter);
    expect(sequel).toMatchObject({ is: "again", inMs: 1_000 });
  });
});

function jitters(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
}
