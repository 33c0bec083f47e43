import { performance } from "node:perf_hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RouterErrorCode } from "../../src/core/router-error.ts";
import { createAttempts } from "../../src/router/attempts.ts";
import type { Backends } from "../../src/router/backends.ts";
import type { HeldRequest } from "../../src/router/held.ts";
import { createUpstreams, type Upstream } from "../../src/router/upstreams.ts";
import { FakePool } from "../support/fake-pool.ts";

afterEach(() => void vi.restoreAllMocks());

function create(count: number, preferred?: string) {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  const upstreams = createUpstreams(() => new FakePool());
  upstreams.follow(
    Array.from({ length: count }, (_, index) => ({
      instance: `web.${index + 1}`,
      pid: 1,
      port: 1,
    })),
  );
  const told: string[] = [];
  const held: HeldRequest[] = [];
  let last: Upstream | undefined;
  const backends: Backends = {
    follow() {},
    drain() {},
    onSettled() {},
    describeAbsence: () => "nobody is there",
    choose: upstreams.choose,
    hold(request, withinMs) {
      if (withinMs <= 0) return { is: "useless", code: "H20" };
      told.push(`held for ${withinMs} ms`);
      held.push(request);
      return { is: "held", takeBack: () => void told.push("taken back") };
    },
  };
  const attempts = createAttempts({
    backends,
    preferred,
    send(upstream) {
      last = upstream;
      told.push(upstream.route.instance);
    },
    fail: ({ code, cause }) => void told.push(`${code}: ${cause}`),
  });
  return {
    attempts,
    told,
    advance: (byMs: number) => {
      nowMs += byMs;
    },
    retry: () => held.pop()?.retry(),
    failHeld: (code: RouterErrorCode) => held.pop()?.fail(code),
    failed(code: RouterErrorCode, mayBeSentAgain = true) {
      if (last)
        attempts.onFailed(last, { code, cause: `by ${last.route.instance}` }, mayBeSentAgain);
    },
  };
}

describe("a request that fails", () => {
  it.each<[code: RouterErrorCode, mayBeSentAgain: boolean, told: readonly string[]]>([
    ["H13", true, ["web.1", "web.2"]],
    ["H13", false, ["web.1", "H13: by web.1"]],
    ["H21", false, ["web.1", "web.2"]],
    ["H12", true, ["web.1", "H12: by web.1"]],
    ["H17", true, ["web.1", "H17: by web.1"]],
  ])("with %s is sent to another, or not: %s", (code, mayBeSentAgain, expected) => {
    const { attempts, told, failed } = create(3);
    attempts.next();
    failed(code, mayBeSentAgain);
    expect(told).toEqual(expected);
  });

  it("without an answer is sent again once", () => {
    const { attempts, told, failed } = create(3);
    attempts.next();
    failed("H13");
    failed("H13");
    expect(told).toEqual(["web.1", "web.2", "H13: by web.2"]);
  });

  it("goes to whom it prefers first, and then to another", () => {
    const { attempts, told, failed } = create(2, "web.2");
    attempts.next();
    failed("H21");
    expect(told).toEqual(["web.2", "web.1"]);
  });

  it("at all is tried again in a second, until it has been long enough", () => {
    const { attempts, told, failed, retry, advance } = create(1);
    attempts.next();
    for (let second = 0; second < 10; second += 1) {
      failed("H21");
      advance(1_000);
      retry();
    }
    failed("H21");
    const once = ["web.1", "held for 1000 ms"];
    expect(told).toEqual([
      ...Array.from({ length: 10 }, () => once).flat(),
      "web.1",
      "H21: by web.1",
    ]);
  });

  it("waits no longer than it has time", () => {
    const { attempts, told, failed, advance } = create(1);
    attempts.next();
    advance(9_700);
    failed("H21");
    expect(told).toEqual(["web.1", "held for 300 ms"]);
  });

  it("is told of as it failed last, and not as it is by then", () => {
    const { attempts, told, failed, failHeld } = create(1);
    attempts.next();
    failed("H21");
    failHeld("H14");
    expect(told.at(-1)).toBe("H21: by web.1");
  });
});

describe("a request that nobody takes", () => {
  it("waits, and is told of by why nobody is there", () => {
    const { attempts, told, failHeld } = create(0);
    attempts.next();
    failHeld("H10");
    expect(told).toEqual(["held for 10000 ms", "H10: nobody is there"]);
  });

  it("has waited long enough", () => {
    const { attempts, told, retry, advance } = create(0);
    attempts.next();
    advance(10_000);
    retry();
    expect(told).toEqual(["held for 10000 ms", "H20: nobody is there"]);
  });

  it("is taken back when who asked has gone", () => {
    const { attempts, told } = create(0);
    attempts.giveUp();
    attempts.next();
    attempts.giveUp();
    expect(told).toEqual(["held for 10000 ms", "taken back"]);
  });
});
