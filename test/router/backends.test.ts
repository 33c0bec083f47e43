import { afterEach, describe, expect, it, vi } from "vitest";
import { type Absence, noRoutes, type Route } from "../../src/core/routes.ts";
import { createBackends, lookup } from "../../src/router/backends.ts";
import type { Upstream } from "../../src/router/upstreams.ts";

afterEach(() => void vi.useRealTimers());

const [one, two]: readonly [Route, Route] = [
  { instance: "web.1", pid: 1, port: 1 },
  { instance: "web.2", pid: 2, port: 2 },
];

function create(...routes: readonly Route[]) {
  const drained: string[] = [];
  const backends = createBackends(({ instance }) => void drained.push(instance));
  const follow = (...next: readonly Route[]) =>
    backends.follow({ routes: next, absence: noRoutes.absence });
  const begin = (preferred?: string): Upstream => {
    const found = backends.choose([], 0, preferred);
    if (found === undefined) throw new Error("there is none");
    found.outstanding += 1;
    return found;
  };
  const end = (upstream: Upstream) => {
    upstream.outstanding -= 1;
    backends.onSettled(upstream);
  };
  follow(...routes);
  return { backends, drained, follow, begin, end };
}

describe("a process that is leaving", () => {
  it("is drained when the last of its requests is over", () => {
    const { backends, drained, begin, end } = create(one, two);
    const [first, second] = [begin("web.1"), begin("web.1")];
    backends.drain(one);
    expect(begin("web.1").route).toEqual(two);
    end(first);
    expect(drained).toEqual([]);
    end(second);
    expect(drained).toEqual(["web.1"]);
  });

  it("is drained at once when it has none, or is not there", () => {
    const { backends, drained } = create(one);
    backends.drain(one);
    backends.drain(two);
    expect(drained).toEqual(["web.1", "web.2"]);
  });

  it("is drained after it has left, too", () => {
    const { backends, drained, follow, begin, end } = create(one);
    const request = begin();
    follow(two);
    backends.drain(one);
    expect(drained).toEqual([]);
    end(request);
    expect(drained).toEqual(["web.1"]);
  });

  it("is told of to each who waits for it, and once", () => {
    const { backends, drained, begin, end, follow } = create(one);
    const request = begin();
    backends.drain(one);
    backends.drain(one);
    end(request);
    follow(two);
    expect(drained).toEqual(["web.1", "web.1"]);
  });

  it("is not told of when nobody waits for it", () => {
    const { drained, follow, begin, end } = create(one);
    const request = begin();
    follow(two);
    end(request);
    expect(drained).toEqual([]);
  });

  it("does not wait for those of its next run", () => {
    const { backends, drained, follow, begin, end } = create(one);
    const request = begin();
    backends.drain(one);
    follow({ ...one, pid: 77 });
    begin();
    end(request);
    expect(drained).toEqual(["web.1"]);
  });

  it("keeps its connections until then", async () => {
    const { begin, end, follow } = create(one);
    const request = begin();
    const close = vi.spyOn(request.pool, "close");
    follow(two);
    expect(close).not.toHaveBeenCalled();
    end(request);
    expect(close).toHaveBeenCalled();
  });
});

describe("a process that stays", () => {
  it("is the same, with what it has to do", () => {
    const { begin, follow } = create(one);
    const request = begin();
    const close = vi.spyOn(request.pool, "close");
    follow(two, one);
    expect(begin("web.1")).toBe(request);
    expect(close).not.toHaveBeenCalled();
  });
});

describe("a request that nobody takes", () => {
  const request = () => ({ retry: vi.fn(), fail: vi.fn() });
  const reason = "web.1 is odd";

  it.each<[absence: Absence, holding: object, description: string]>([
    [{ is: "none" }, { is: "useless", code: "H14" }, "web has no process that runs"],
    [{ is: "crashed", reason }, { is: "useless", code: "H10" }, reason],
    [{ is: "starting", reason }, { is: "held" }, reason],
    [{ is: "restarting", reason }, { is: "held" }, reason],
  ])("is held when that is of use: %j", (absence, expected, description) => {
    const { backends } = create();
    backends.follow({ routes: [], absence });
    const holding = backends.hold(request(), 1_000);
    expect(holding).toMatchObject(expected);
    if (holding.is === "held") holding.takeBack();
    expect(backends.describeAbsence()).toBe(description);
  });

  it("is held for those who are there", () => {
    const { backends } = create(one);
    const holding = backends.hold(request(), 1_000);
    expect(holding.is).toBe("held");
    if (holding.is === "held") holding.takeBack();
  });

  it("is not held for no time", () => {
    const { backends } = create();
    backends.follow({ routes: [], absence: { is: "starting", reason } });
    expect(backends.hold(request(), 0)).toEqual({ is: "useless", code: "H20" });
  });

  it("is tried again when somebody comes", () => {
    vi.useFakeTimers();
    const { backends, follow } = create();
    backends.follow({ routes: [], absence: { is: "starting", reason } });
    const held = request();
    backends.hold(held, 1_000);
    follow(one);
    expect(held.retry).toHaveBeenCalledOnce();
    expect(held.fail).not.toHaveBeenCalled();
  });
});

describe("the address of a process", () => {
  it("is this machine, by either protocol", () => {
    const tell = vi.fn();
    lookup("localhost", { all: true }, tell);
    lookup("localhost", {}, tell);
    expect(tell.mock.calls).toEqual([
      [
        null,
        [
          { address: "127.0.0.1", family: 4 },
          { address: "::1", family: 6 },
        ],
      ],
      [null, "127.0.0.1", 4],
    ]);
  });
});
