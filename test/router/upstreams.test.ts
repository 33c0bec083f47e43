import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Route } from "../../src/core/routes.ts";
import { createUpstreams, isSame, type Upstream } from "../../src/router/upstreams.ts";
import { FakePool } from "../support/fake-pool.ts";

function routeOf(number: number, pid = number): Route {
  return { instance: `web.${number}`, pid, port: 5_000 + number };
}

function create(count: number) {
  const upstreams = createUpstreams(() => new FakePool());
  const routes = Array.from({ length: count }, (_, index) => routeOf(index + 1));
  upstreams.follow(routes);
  const choose = (tried: readonly Upstream[] = [], nowMs = 0, preferred?: string) => {
    const found = upstreams.choose(tried, nowMs, preferred);
    if (found) found.outstanding += 1;
    return found;
  };
  const names = (times: number) => Array.from({ length: times }, () => choose()?.route.instance);
  return { upstreams, routes, choose, names };
}

function must<T>(found: T | undefined): T {
  if (found === undefined) throw new Error("there is none");
  return found;
}

describe("whose turn it is", () => {
  it("is nobody's when there is none", () => {
    expect(create(0).choose()).toBeUndefined();
  });

  it("goes round", () => {
    expect(create(3).names(4)).toEqual(["web.1", "web.2", "web.3", "web.1"]);
  });

  it("goes round when all are done at once, too", () => {
    const { choose } = create(3);
    const found = Array.from({ length: 4 }, () => {
      const upstream = must(choose());
      upstream.outstanding -= 1;
      return upstream.route.instance;
    });
    expect(found).toEqual(["web.1", "web.2", "web.3", "web.1"]);
  });

  it("is that of who has least to do", () => {
    const { choose, names } = create(3);
    const [, second] = [must(choose()), must(choose()), must(choose())];
    must(second).outstanding = 0;
    expect(names(1)).toEqual(["web.2"]);
    must(second).outstanding = 5;
    expect(names(4)).toEqual(["web.3", "web.1", "web.3", "web.1"]);
  });

  it("leaves none with two more than another", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(30)), (count, ends) => {
        const { choose } = create(count);
        const all = Array.from({ length: count }, () => must(choose()));
        for (const end of ends) {
          const least = Math.min(...all.map(({ outstanding }) => outstanding));
          const found = must(choose());
          expect(found.outstanding).toBe(least + 1);
          const done = must(all[end % count]);
          done.outstanding = Math.max(0, done.outstanding - 1);
        }
      }),
    );
  });

  it("is not that of who has been tried", () => {
    const { choose } = create(2);
    const first = must(choose());
    expect(choose([first])?.route.instance).toBe("web.2");
    expect(choose([first])?.route.instance).toBe("web.2");
    expect(choose([first, must(choose([first]))])).toBeUndefined();
  });

  it("is not that of who sits out, until then", () => {
    const { choose } = create(2);
    const first = must(choose());
    first.outstanding = 0;
    first.sitsOutUntilMs = 100;
    expect(choose([], 99)?.route.instance).toBe("web.2");
    expect(choose([], 99)?.route.instance).toBe("web.2");
    expect(choose([], 100)?.route.instance).toBe("web.1");
  });

  it("is that of who sits out when there is no other", () => {
    const { choose } = create(2);
    const [first, second] = [must(choose()), must(choose())];
    first.sitsOutUntilMs = 100;
    second.sitsOutUntilMs = 100;
    expect(choose([], 0)?.route.instance).toBe("web.1");
    expect(choose([first], 0)?.route.instance).toBe("web.2");
  });

  it("is that of who is preferred, though it has more to do", () => {
    const { choose } = create(2);
    const second = must(choose([], 0, "web.2"));
    expect(second.route.instance).toBe("web.2");
    expect(choose([], 0, "web.2")).toBe(second);
    expect(choose([second], 0, "web.2")?.route.instance).toBe("web.1");
    second.sitsOutUntilMs = 100;
    expect(choose([], 0, "web.2")?.route.instance).toBe("web.1");
    expect(choose([], 0, "web.3")?.route.instance).toBe("web.1");
  });
});

describe("who there is", () => {
  it("stays as it was, with others", () => {
    const { upstreams, choose } = create(2);
    const first = must(choose());
    expect(upstreams.follow([routeOf(3), routeOf(1)])).toMatchObject([{ route: routeOf(2) }]);
    expect(upstreams.routes()).toEqual([routeOf(3), routeOf(1)]);
    expect(choose([], 0, "web.1")).toBe(first);
    expect(first.outstanding).toBe(2);
  });

  it("is another when it has been started again", () => {
    const { upstreams, choose } = create(1);
    const before = must(choose());
    expect(upstreams.follow([routeOf(1, 77)])).toEqual([before]);
    expect(choose()).not.toBe(before);
  });

  it.each<[other: Partial<Route>, is: boolean]>([
    [{}, true],
    [{ instance: "web.2" }, false],
    [{ pid: 2 }, false],
    [{ port: 2 }, false],
  ])("is known by all of it: %j", (other, is) => {
    expect(isSame(routeOf(1), { ...routeOf(1), ...other })).toBe(is);
  });
});
