/** What the API can do with processes, which Heroku calls dynos. */

import type { Usage } from "../core/usage.ts";
import type { AppStatus } from "../supervisor/status.ts";
import { type Call, replyTo } from "./call.ts";
import { failure, json, type Reply } from "./reply.ts";
import { dynoOf } from "./resources.ts";

export function dynos(status: AppStatus, usage?: ReadonlyMap<string, Usage>) {
  return status.instances.map((instance) => dynoOf(status, instance, usage?.get(instance.name)));
}

function findDyno({ app, names }: Call) {
  return dynos(app.status()).find(({ name, id }) => name === names["dyno"] || id === names["dyno"]);
}

export function getDyno(call: Call): Reply {
  const dyno = findDyno(call);
  if (dyno) return json(dyno);
  const known = call.app.status().instances.map(({ name }) => name);
  const has = known.join(", ") || "none";
  return failure("not_found", `There is no process "${call.names["dyno"]}"; there is ${has}`);
}

/** Heroku's client means a type by it, too. What nobody has heard of is refused by the app. */
export function nameOfDyno(call: Call): string {
  return findDyno(call)?.name ?? call.names["dyno"] ?? "";
}

export async function restart({ app, by }: Call, names: readonly string[]): Promise<Reply> {
  return replyTo(await app.restart(names, by), () => json({}, 202));
}

export function stop({ app, by }: Call, names: readonly string[]): Reply {
  return replyTo(app.stop(names, by), () => json({}, 202));
}

export function refuseOneOff({ fields }: Call): Reply {
  const command = typeof fields["command"] === "string" ? fields["command"] : "COMMAND";
  const how = `in a terminal of its own: procman run ${command}`;
  return failure("invalid_params", `A one-off is not started over the API; run it ${how}`);
}
