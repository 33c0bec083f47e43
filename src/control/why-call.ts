/** Why processes are as they are, over the API: all that is known of how they came to it. */
import { describeRunEnd } from "../core/notice.ts";
import type { Account, RunEnd } from "../supervisor/history.ts";
import type { AppStatus } from "../supervisor/status.ts";
import type { Call } from "./call.ts";
import { failureOf, json, type Reply } from "./reply.ts";
import { dynoOf, exitOf, timeOf } from "./resources.ts";

/** Of variables it has names, and never values. */
export function why({ app, query }: Call): Reply {
  const known = app.why(query.getAll("name"));
  if (known.is !== "known") return failureOf("not_found", known.diagnostics);
  const status = app.status();
  return json(known.value.map((account) => accountOf(status, account)));
}

function accountOf(status: AppStatus, account: Account) {
  const { instance, failures, lastEnd, ranWell } = account;
  return {
    ...dynoOf(status, instance),
    failures,
    last_end: lastEnd === undefined ? null : endOf(lastEnd),
    ran_well:
      ranWell === undefined
        ? null
        : { until: ranWell.untilMs === undefined ? null : timeOf(ranWell.untilMs) },
    changes: changesOf(account),
  };
}

/** `asked`: somebody wanted it to end. */
function endOf({ notice, startedMs, endedMs }: RunEnd) {
  return {
    ...exitOf(notice.status),
    cause: describeRunEnd(notice),
    asked: notice.kind === "stopped",
    started_at: timeOf(startedMs),
    ended_at: timeOf(endedMs),
  };
}

/** Since it last ran well. */
function changesOf({ instance, ranWell, environment }: Account) {
  if (ranWell === undefined || environment === undefined) return null;
  const { command: before } = ranWell;
  const { command: now } = instance;
  return { command: before === now ? null : { before, now }, environment };
}
