/** What the API can do that Heroku has no word for. */

import type { WaitOutcome } from "../supervisor/outcome.ts";
import type { AppStatus } from "../supervisor/status.ts";
import { badNames, type Call, invalid, isWhole, numbered, readNames, replyTo } from "./call.ts";
import { dynos } from "./dyno-calls.ts";
import { streamEvents } from "./events.ts";
import { formation } from "./formation-calls.ts";
import { failure, failureOf, json, type Reply } from "./reply.ts";
import { appOf, dynoOf } from "./resources.ts";

export function whoOf({ name, root, pid, id }: AppStatus) {
  return { name, root, pid, id };
}

export async function getStatus({ app, user, query }: Call): Promise<Reply> {
  const usage = query.has("usage") ? await app.usage() : undefined;
  const status = app.status();
  return json({
    app: appOf(status, user),
    formation: formation(status),
    dynos: dynos(status, usage),
  });
}

export async function restartHere({ app, by, fields }: Call): Promise<Reply> {
  const names = readNames(fields);
  const { rolling = false } = fields;
  if (!names) return badNames(fields);
  if (typeof rolling !== "boolean") return invalid("rolling", rolling, "true or false");
  return numbered(await app.restart(names, by, rolling ? "rolling" : "usual"));
}

export function stopHere({ app, by, fields }: Call): Reply {
  const names = readNames(fields);
  if (!names) return badNames(fields);
  if (names.length > 0) return numbered(app.stop(names, by));
  return failure("invalid_params", 'No "names" to stop; POST /procman/v1/shutdown stops all');
}

export async function reload({ app, by, fields }: Call): Promise<Reply> {
  const { dry_run: isDryRun = false } = fields;
  if (typeof isDryRun !== "boolean") return invalid("dry_run", isDryRun, "true or false");
  return numbered(await app.reload(isDryRun, by), (steps) => ({ steps }));
}

/** Longer than any timer can be set for. */
const maxTimeoutMs = 2 ** 31 - 1;

export async function wait({ app, fields, givenUp }: Call): Promise<Reply> {
  const { what = "ready", timeout_ms: timeoutMs = maxTimeoutMs } = fields;
  const names = readNames(fields);
  if (!names) return badNames(fields);
  if (what !== "settled" && what !== "ready") return invalid("what", what, "settled or ready");
  if (!isWhole(timeoutMs, maxTimeoutMs)) {
    return invalid("timeout_ms", timeoutMs, `0 to ${maxTimeoutMs}`);
  }
  const end = new AbortController();
  const giveUp = () => end.abort();
  const timer = setTimeout(giveUp, timeoutMs);
  givenUp.addEventListener("abort", giveUp, { once: true });
  const waiting = app.until(what, names, end.signal).finally(() => clearTimeout(timer));
  // The client may have gone while its request was read.
  if (givenUp.aborted) giveUp();
  // The head of the reply says that procman is alive, so only what is known at once can be in it.
  const known = await Promise.race([waiting, nextTurn()]);
  if (known?.is === "unknown-names") return failureOf("not_found", known.diagnostics);
  return {
    is: "stream",
    contentType: "application/json; charset=utf-8",
    headers: {},
    pieces: (async function* () {
      const outcome = await waiting;
      if (!givenUp.aborted) yield JSON.stringify(describeWait(app.status(), outcome));
    })(),
  };
}

function describeWait(status: AppStatus, outcome: WaitOutcome) {
  switch (outcome.is) {
    case "done":
      return { outcome: "done" };
    case "given-up":
      return { outcome: "timed_out", waiting: outcome.waiting.map((one) => dynoOf(status, one)) };
    case "failed":
      return { outcome: "failed", failed: outcome.failed.map((one) => dynoOf(status, one)) };
    case "unknown-names":
      throw new Error("names that were known at first are unknown now");
  }
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(undefined));
  });
}

export function shutDown({ app, by, givenUp }: Call): Reply {
  return replyTo(app.shutDown(by), (_, number) => ({
    is: "stream",
    contentType: "application/json; charset=utf-8",
    headers: {},
    pieces: (async function* () {
      yield `${JSON.stringify({ command_number: number })}\n`;
      await aborted(givenUp);
    })(),
  }));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

export function streamChanges({ app, givenUp }: Call): Reply {
  return {
    is: "stream",
    contentType: "application/x-ndjson",
    headers: {},
    pieces: streamEvents(app, givenUp),
  };
}
