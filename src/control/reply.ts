/** What a request is answered with, as a value. Errors are in Heroku's form. */
import { type Diagnostic, describePlace, describeProblem, isError } from "../core/diagnostic.ts";

export type Reply = JsonReply | StreamReply;

export interface JsonReply {
  readonly is: "json";
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** Its head is sent at once. The next piece is asked for when the one before has been taken. */
export interface StreamReply {
  readonly is: "stream";
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: AsyncIterable<string | Uint8Array>;
}

/** The number that the supervisor gave to a command. */
export const commandHeader = "Procman-Command-Number";

export function json(body: unknown, status = 200): JsonReply {
  return { is: "json", status, body, headers: {} };
}

export function withCommandNumber<R extends Reply>(number: number, reply: R): R {
  return { ...reply, headers: { ...reply.headers, [commandHeader]: `${number}` } };
}

const statuses = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  request_too_large: 413,
  invalid_params: 422,
  rate_limit: 429,
  headers_too_large: 431,
  internal_server_error: 500,
} as const;

type FailureId = keyof typeof statuses;

/** `message` says what happened, to what, and what to do. */
export function failure(id: FailureId, message: string): JsonReply {
  return json({ id, message }, statuses[id]);
}

export function failureOf(id: FailureId, diagnostics: readonly Diagnostic[]): JsonReply {
  const texts = diagnostics
    .filter(isError)
    .map((diagnostic) => `${placeOf(diagnostic)}${describeProblem(diagnostic)}`);
  return failure(id, texts.join("\n"));
}

/** What is wrong with a request, and not with a file. */
const ofRequest: ReadonlySet<string> = new Set(["api", "formation", "names", "procman", "scale"]);

/** The file, for who has asked did not name it. */
function placeOf(diagnostic: Diagnostic): string {
  return ofRequest.has(diagnostic.file) ? "" : `${describePlace(diagnostic)}: `;
}
