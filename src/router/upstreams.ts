/** The processes that take requests, and whose turn it is. Sends nothing. */
import type { Dispatcher } from "undici";
import type { Route } from "../core/routes.ts";

export interface Upstream {
  readonly route: Route;
  /** Its connections. */
  readonly pool: Dispatcher;
  /** Requests that it has not answered. */
  outstanding: number;
  /** Nothing is sent to it before, if there is another. */
  sitsOutUntilMs: number;
}

export interface Upstreams {
  /** All there are. Those that stay keep what is known of them. Gives those that have left. */
  follow(routes: readonly Route[]): readonly Upstream[];
  /**
   * The one with the least outstanding requests, in turn where there are several; `preferred` by
   * its name, where it can be. Undefined when there is none but those of `tried`.
   */
  choose(tried: readonly Upstream[], nowMs: number, preferred?: string): Upstream | undefined;
  routes(): readonly Route[];
}

export function createUpstreams(open: (route: Route) => Dispatcher): Upstreams {
  let all: readonly Upstream[] = [];
  /** Where the next search begins. */
  let turn = 0;

  function leastBusy(isMeant: (upstream: Upstream) => boolean): Upstream | undefined {
    let found: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let step = 0; step < all.length; step += 1) {
      const index = (turn + step) % all.length;
      const upstream = all[index];
      if (upstream === undefined || upstream.outstanding >= least || !isMeant(upstream)) continue;
      found = index;
      least = upstream.outstanding;
    }
    if (found === undefined) return undefined;
    turn = found + 1;
    return all[found];
  }

  return {
    follow(routes) {
      const before = all;
      all = routes.map(
        (route) =>
          before.find((upstream) => isSame(upstream.route, route)) ?? {
            route,
            pool: open(route),
            outstanding: 0,
            sitsOutUntilMs: 0,
          },
      );
      return before.filter((upstream) => !all.includes(upstream));
    },
    choose(tried, nowMs, preferred) {
      const isUntried = (upstream: Upstream) => !tried.includes(upstream);
      const isFit = (upstream: Upstream) => upstream.sitsOutUntilMs <= nowMs && isUntried(upstream);
      if (preferred !== undefined) {
        const own = all.find((upstream) => upstream.route.instance === preferred);
        if (own && isFit(own)) return own;
      }
      return leastBusy(isFit) ?? leastBusy(isUntried);
    },
    routes: () => all.map(({ route }) => route),
  };
}

export function isSame(one: Route, other: Route): boolean {
  return one.instance === other.instance && one.pid === other.pid && one.port === other.port;
}
