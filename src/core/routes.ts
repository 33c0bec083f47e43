/** Which processes take requests, and what becomes of a request when none does. */
import type { StateName } from "./state-name.ts";
import { webType } from "./type-name.ts";

/** A process that is ready to be asked. */
export interface Route {
  readonly instance: string;
  /** Tells its runs apart. */
  readonly pid: number;
  readonly port: number;
}

/** Why there is no route. */
export type Absence =
  /** Nobody wants one. */
  | { readonly is: "none" }
  /** One may come any moment: it is starting, or will be started again. */
  | { readonly is: "starting" | "restarting"; readonly reason: string }
  /** None will come before a person has done something. */
  | { readonly is: "crashed"; readonly reason: string };

export interface RouteTable {
  readonly routes: readonly Route[];
  readonly absence: Absence;
}

/** What is to be known of an instance for that. */
export interface RoutedInstance {
  readonly name: string;
  readonly type: string;
  readonly state: StateName;
  /** It is to run. */
  readonly isWanted: boolean;
  readonly pid: number | undefined;
  readonly port: number | undefined;
  /** Why it is in this state; a part of a sentence. */
  readonly reason: string | undefined;
}

/** Whether requests come to an instance, where there is a router: to others nobody asks the way. */
export function isRouted({
  type,
  port,
}: {
  readonly type: string;
  readonly port: number | undefined;
}): boolean {
  return type === webType && port !== undefined;
}

export const noRoutes: RouteTable = { routes: [], absence: { is: "none" } };

export function routesOf(instances: readonly RoutedInstance[]): RouteTable {
  const web = instances.filter(({ type }) => type === webType);
  const routes = web.flatMap(({ name, state, pid, port }) =>
    state === "up" && pid !== undefined && port !== undefined
      ? [{ instance: name, pid, port }]
      : [],
  );
  return { routes, absence: absenceOf(web) };
}

/** The best that any of them gives hope for. */
function absenceOf(web: readonly RoutedInstance[]): Absence {
  for (const is of ["starting", "restarting", "crashed"] as const) {
    const found = web.find((one) => outlookOf(one) === is);
    if (found) return { is, reason: describe(found) };
  }
  return { is: "none" };
}

function outlookOf({ state, isWanted }: RoutedInstance): Absence["is"] {
  if (!isWanted) return "none";
  switch (state) {
    case "up":
    case "starting":
    case "waiting":
      return "starting";
    case "stopping":
    case "crashed":
      return "restarting";
    case "exited":
    case "parked":
      return "crashed";
    case "scheduled":
    case "down":
      return "none";
  }
}

function describe({ name, state, reason }: RoutedInstance): string {
  return `${name} is ${state}${reason === undefined ? "" : ` (${reason})`}`;
}
