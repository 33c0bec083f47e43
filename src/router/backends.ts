/** All that is behind the router: who takes requests, who waits for it, and who is leaving. */
import type { LookupFunction } from "node:net";
import { Pool } from "undici";
import type { RouterErrorCode } from "../core/router-error.ts";
import { type Absence, noRoutes, type Route, type RouteTable } from "../core/routes.ts";
import { codeOf, createHeld, type HeldRequest, mayCome } from "./held.ts";
import { createUpstreams, isSame, type Upstream } from "./upstreams.ts";

export type Holding =
  | { readonly is: "held"; readonly takeBack: () => void }
  | { readonly is: "useless"; readonly code: RouterErrorCode };

export interface Backends {
  follow(table: RouteTable): void;
  /** It gets no more requests, and those that it has are told to `onDrained` when they are over. */
  drain(route: Route): void;
  choose(tried: readonly Upstream[], nowMs: number, preferred?: string): Upstream | undefined;
  /** Until somebody may take it, or for so long; unless that is of no use. */
  hold(request: HeldRequest, withinMs: number): Holding;
  /** A request to it is over. */
  onSettled(upstream: Upstream): void;
  /** Why nobody takes requests, as a part of a sentence. */
  describeAbsence(): string;
}

export function createBackends(onDrained: (route: Route) => void): Backends {
  const upstreams = createUpstreams(openPool);
  const held = createHeld();
  let { absence } = noRoutes;
  /** Those of them that somebody waits for. */
  const draining: Route[] = [];
  let leaving: readonly Upstream[] = [];

  function follow(routes: readonly Route[]): void {
    leaving = [...leaving, ...upstreams.follow(routes)];
    for (const upstream of leaving) if (upstream.outstanding === 0) letGo(upstream);
    tellDrained();
    held.recheck(upstreams.routes().length > 0, absence);
  }

  function letGo(upstream: Upstream): void {
    leaving = leaving.filter((other) => other !== upstream);
    void upstream.pool.close();
  }

  function tellDrained(): void {
    for (const route of [...draining]) {
      if (leaving.some((upstream) => isSame(upstream.route, route))) continue;
      draining.splice(draining.indexOf(route), 1);
      onDrained(route);
    }
  }

  return {
    follow(table) {
      absence = table.absence;
      follow(table.routes);
    },
    drain(route) {
      draining.push(route);
      follow(upstreams.routes().filter((other) => !isSame(other, route)));
    },
    choose: upstreams.choose,
    hold(request, withinMs) {
      const isUseless = upstreams.routes().length === 0 && !mayCome(absence);
      return isUseless || withinMs <= 0
        ? { is: "useless", code: codeOf(absence) }
        : { is: "held", takeBack: held.add(request, withinMs) };
    },
    onSettled(upstream) {
      if (upstream.outstanding > 0 || !leaving.includes(upstream)) return;
      letGo(upstream);
      tellDrained();
    },
    describeAbsence: () => describe(absence),
  };
}

function openPool({ port }: Route): Pool {
  const connect = { timeout: connectMs, lookup, highWaterMark: readBytes };
  return new Pool(`http://localhost:${port}`, { connect });
}

/** As much as Node reads at once: with less, it stops and goes on for each piece of a large body. */
const readBytes = 2 ** 16;
/** Of this machine. */
const connectMs = 5_000;

/** Some listen on the one, some on the other. There is no need to ask a resolver for that. */
export const lookup: LookupFunction = (_name, { all }, tell) => {
  if (all) tell(null, loopback);
  else tell(null, "127.0.0.1", 4);
};

const loopback = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

function describe(absence: Absence): string {
  switch (absence.is) {
    case "none":
      return "web has no process that runs";
    case "starting":
    case "restarting":
    case "crashed":
      return absence.reason;
  }
}
