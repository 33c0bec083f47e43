/** Log sessions over the API: which lines, and then the lines themselves. */
import type { LogQuery } from "../core/log-query.ts";
import { releaseType } from "../core/type-name.ts";
import type { AppStatus } from "../supervisor/status.ts";
import { type Call, invalid, isGiven, isWhole } from "./call.ts";
import { noType } from "./formation-calls.ts";
import { streamLog } from "./log-stream.ts";
import { failure, json, type Reply } from "./reply.ts";
import { logSessionOf } from "./resources.ts";

const usualLines = 100;
const maxLines = 10_000;
/** Names in the log that are no process type of the Procfile. */
const otherNames = ["procman", "api", "run", releaseType];

export function openLogSession(call: Call): Reply {
  const { app, sessions, base, fields } = call;
  const { dyno, source = undefined, lines = usualLines, tail = false } = fields;
  const sources = { app: "app", heroku: "system", procman: "procman", router: "router" } as const;
  const wanted = Object.entries(sources).find(([name]) => name === source)?.[1];
  if (isGiven(source) && !wanted) {
    return invalid("source", source, Object.keys(sources).join(", "));
  }
  if (!isWhole(lines, maxLines)) return invalid("lines", lines, `0 to ${maxLines}`);
  if (typeof tail !== "boolean") return invalid("tail", tail, "true or false");
  if (isGiven(dyno) && typeof dyno !== "string") {
    return invalid("dyno", dyno, '"web" or "web.1"');
  }
  const who = isGiven(dyno) ? readWho(app.status(), String(dyno)) : { types: [], names: [] };
  if (!who) return noType({ ...call, names: { type: String(dyno) } });
  const query: LogQuery = { ...who, source: wanted, sinceMs: undefined, pattern: undefined };
  const key = sessions.open({ query, lines, tail });
  if (key === undefined) {
    return failure("rate_limit", "There are too many log sessions; end some, or wait 5 minutes");
  }
  return json(logSessionOf(key, `${base}/log-sessions/${key}`, Date.now()), 201);
}

/** Of a process that is no more there may still be lines. */
function readWho(
  { types, instances }: AppStatus,
  name: string,
): Pick<LogQuery, "types" | "names"> | undefined {
  if (types.some((type) => type.name === name)) return { types: [name], names: [] };
  const type = name.replace(/\.[0-9]+$/, "");
  const isName =
    instances.some((instance) => instance.name === name) ||
    types.some((known) => known.name === type) ||
    otherNames.includes(type);
  return isName ? { types: [], names: [name] } : undefined;
}

export function readLog({ log, sessions, names, accept, lastEventId, givenUp }: Call): Reply {
  const session = sessions.find(names["key"] ?? "");
  if (!session) return failure("not_found", "This log session is over; open another one");
  const as = accept.includes("text/event-stream") ? "events" : "text";
  return {
    is: "stream",
    contentType: as === "events" ? "text/event-stream" : "text/plain; charset=utf-8",
    headers: {},
    pieces: streamLog(log, session, { as, lastEventId, givenUp }),
  };
}
