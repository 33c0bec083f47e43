/** A request that has found its route, and what the calls of the API have in common. */
import type { Outcome } from "../supervisor/outcome.ts";
import type { ControlledApp } from "./controlled-app.ts";
import type { LogSessions } from "./log-sessions.ts";
import type { LogSource } from "./log-stream.ts";
import {
  failure,
  failureOf,
  type JsonReply,
  json,
  type Reply,
  withCommandNumber,
} from "./reply.ts";

/** What every request is answered from. */
export interface Api {
  readonly app: ControlledApp;
  readonly log: LogSource;
  readonly sessions: LogSessions;
  /** Who runs procman. */
  readonly user: string;
  /** procman's own. */
  readonly version: string;
}

export interface Request {
  readonly method: string;
  /** As it stands in the request, with its query. */
  readonly target: string;
  /** From JSON; undefined when there was none. */
  readonly body: unknown;
  /** Who asks, for the log. */
  readonly by: string;
  /** Where the client has found us: `http://127.0.0.1:5555`. */
  readonly base: string;
  readonly accept: string;
  readonly lastEventId: string | undefined;
  /** The client has gone, or procman goes. */
  readonly givenUp: AbortSignal;
}

export type Call = Api &
  Request & {
    readonly names: Readonly<Record<string, string>>;
    readonly query: URLSearchParams;
    readonly fields: Readonly<Record<string, unknown>>;
  };

export type Handler = (call: Call) => Reply | Promise<Reply>;

export function replyTo<T>(
  outcome: Outcome<T>,
  replyOf: (value: T, number: number) => Reply,
): Reply {
  switch (outcome.is) {
    case "done":
      return withCommandNumber(outcome.number, replyOf(outcome.value, outcome.number));
    case "refused":
      return failureOf("invalid_params", outcome.diagnostics);
    case "leaving":
      return failure("conflict", "The app is being stopped; start it again: procman start");
    case "unknown-names":
      return failureOf("not_found", outcome.diagnostics);
  }
}

export function numbered<T>(outcome: Outcome<T>, bodyOf: (value: T) => object = () => ({})): Reply {
  return replyTo(outcome, (value, number) => json({ command_number: number, ...bodyOf(value) }));
}

export function readNames({ names = [] }: Call["fields"]): readonly string[] | undefined {
  const isRight = Array.isArray(names) && names.every((name) => typeof name === "string");
  return isRight ? names : undefined;
}

export function badNames({ names }: Call["fields"]): JsonReply {
  return invalid("names", names, '["web", "worker.2"]');
}

export function invalid(field: string, given: unknown, instead: string): JsonReply {
  const text = (JSON.stringify(given) ?? "undefined").slice(0, 40);
  return failure("invalid_params", `${text} is no "${field}"; give ${instead}`);
}

export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function isWhole(value: unknown, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max;
}

export function isKnown<T>(value: T | undefined): value is T {
  return value !== undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
