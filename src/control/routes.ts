/**
 * The whole API on one page: a method and a path, one call, one reply. Who may ask, and how bytes
 * come and go, is settled elsewhere.
 */
import type { AppStatus } from "../supervisor/status.ts";
import { type Api, type Handler, isObject, type Request } from "./call.ts";
import { dynos, getDyno, nameOfDyno, refuseOneOff, restart, stop } from "./dyno-calls.ts";
import { formation, getType, ofType, scaleAll, scaleHere, scaleOne } from "./formation-calls.ts";
import { openLogSession, readLog } from "./log-calls.ts";
import {
  getStatus,
  reload,
  restartHere,
  shutDown,
  stopHere,
  streamChanges,
  wait,
  whoOf,
} from "./procman-calls.ts";
import { failure, type JsonReply, json, type Reply } from "./reply.ts";
import { accountOf, appOf, releaseOf } from "./resources.ts";
import { why } from "./why-call.ts";

const routes: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ["GET", "/account", ({ app, user }) => json(accountOf(app.status(), user))],
  ["GET", "/apps", ({ app, user }) => json([appOf(app.status(), user)])],
  ["GET", "/apps/{app}", ({ app, user }) => json(appOf(app.status(), user))],
  ["GET", "/apps/{app}/formation", ({ app }) => json(formation(app.status()))],
  ["PATCH", "/apps/{app}/formation", scaleAll],
  ["GET", "/apps/{app}/formation/{type}", getType],
  ["PATCH", "/apps/{app}/formation/{type}", scaleOne],
  ["GET", "/apps/{app}/dynos", ({ app }) => json(dynos(app.status()))],
  ["POST", "/apps/{app}/dynos", refuseOneOff],
  ["DELETE", "/apps/{app}/dynos", (call) => restart(call, [])],
  ["GET", "/apps/{app}/dynos/{dyno}", getDyno],
  ["DELETE", "/apps/{app}/dynos/{dyno}", (call) => restart(call, [nameOfDyno(call)])],
  ["POST", "/apps/{app}/dynos/{dyno}/actions/stop", (call) => stop(call, [nameOfDyno(call)])],
  ["DELETE", "/apps/{app}/formations/{type}", ofType(restart)],
  ["POST", "/apps/{app}/formations/{type}/actions/stop", ofType(stop)],
  ["GET", "/apps/{app}/releases", ({ app, user }) => json([releaseOf(app.status(), user)])],
  ["POST", "/apps/{app}/log-sessions", openLogSession],
  ["GET", "/log-sessions/{key}", readLog],

  ["GET", "/procman/v1/ping", ({ app }) => json(whoOf(app.status()))],
  ["GET", "/procman/v1/version", ({ version }) => json({ version })],
  ["GET", "/procman/v1/status", getStatus],
  ["GET", "/procman/v1/why", why],
  ["POST", "/procman/v1/scale", scaleHere],
  ["POST", "/procman/v1/restart", restartHere],
  ["POST", "/procman/v1/stop", stopHere],
  ["POST", "/procman/v1/reload", reload],
  ["POST", "/procman/v1/wait", wait],
  ["POST", "/procman/v1/shutdown", shutDown],
  ["GET", "/procman/v1/events", streamChanges],
];

/** Log sessions have keys of their own: who knows one needs no token. */
export function needsToken(target: string): boolean {
  return !target.startsWith("/log-sessions/");
}

export async function answer(api: Api, request: Request): Promise<Reply> {
  const [path = "", search = ""] = request.target.split(/\?(.*)/s);
  const segments = segmentsOf(path);
  if (!segments) return failure("bad_request", "The path must begin with / and be percent-encoded");
  const found = routes
    .map(([method, pattern, handler]) => ({ method, handler, names: match(pattern, segments) }))
    .filter(({ names }) => names !== undefined);
  if (found.length === 0) return failure("not_found", `There is no ${path.slice(0, 100)} here`);
  const route = found.find(({ method }) => method === request.method);
  const names = route?.names ?? {};
  const allow = found.map(({ method }) => method).join(", ");
  if (!route) return methodNotAllowed(request.method, allow);
  const unknown = findUnknownApp(api.app.status(), names["app"]);
  if (unknown) return unknown;
  const fields = request.body ?? {};
  if (!isObject(fields)) return failure("bad_request", "The request's body is no JSON object");
  return route.handler({ ...api, ...request, names, query: new URLSearchParams(search), fields });
}

/** Undefined when it is no path, or badly encoded. */
function segmentsOf(path: string): readonly string[] | undefined {
  if (!path.startsWith("/")) return undefined;
  try {
    return path.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function match(
  pattern: string,
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const parts = pattern.slice(1).split("/");
  if (parts.length !== segments.length) return undefined;
  const names: [string, string][] = [];
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith("{")) names.push([part.slice(1, -1), segment]);
    else if (part !== segment) return undefined;
  }
  return Object.fromEntries(names);
}

function methodNotAllowed(method: string, allow: string): JsonReply {
  const message = `${method} is not what can be done here; ${allow} is`;
  return { ...failure("method_not_allowed", message), headers: { Allow: allow } };
}

function findUnknownApp(status: AppStatus, name: string | undefined): JsonReply | undefined {
  if (name === undefined || name === status.name || name === appOf(status, "").id) return undefined;
  return failure("not_found", `No app "${name}" runs here; "${status.name}" does`);
}
