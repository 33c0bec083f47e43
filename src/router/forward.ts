/** One request on its way to a process, and the answer on its way back. */
import { performance } from "node:perf_hooks";
import type { Readable } from "node:stream";
import { errors } from "undici";
import { type RouterErrorCode, routerErrors } from "../core/router-error.ts";
import type { RoutedRequest } from "../core/router-log.ts";
import type { Answer } from "./answer.ts";
import { createAttempts, type Failure } from "./attempts.ts";
import { notePassed } from "./collect.ts";
import { errorPage } from "./error-page.ts";
import { forwardResponse, forwardTrailers, type RequestHead, wantsPage } from "./headers.ts";
import { LateError, type Receiver, send } from "./send.ts";
import { type Site, stickFields, wishOf } from "./site.ts";
import type { Upstream } from "./upstreams.ts";

export interface ClientRequest extends RequestHead {
  readonly method: string;
  readonly path: string;
  readonly protocol: "http" | "https";
  /** The name of the instance that it would like to go to. */
  readonly preferred: string | undefined;
}

export interface ClientBody {
  /** Undefined when there is none. */
  readonly content: Readable | undefined;
  /** It is only sent after a word that it may be. */
  readonly isExpecting: boolean;
  /** What has come behind it, once it has ended. */
  trailers(): readonly string[];
}

/** What may be sent twice, as nothing changes by it, or nothing more the second time. */
const idempotent: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
]);

type Phase =
  /** Nothing of an answer has been sent. */
  "open" | "answering" | "over";

/** Gives a function to be called when the client has gone away. */
export function forward(
  request: ClientRequest,
  { content, isExpecting, trailers }: ClientBody,
  answer: Answer,
  site: Site,
): () => void {
  const { backends, timeoutMs } = site;
  const startMs = performance.now();
  const attempts = createAttempts({
    backends,
    preferred: wishOf(site, request),
    send: sendTo,
    fail,
  });
  let phase: Phase = "open";
  let upstream: Upstream | undefined;
  let isAwaited = isExpecting;
  let connectMs: number | undefined;
  let bytes = 0;
  let status = 0;
  let abort: () => void = () => {};

  function sendTo(to: Upstream): void {
    upstream = to;
    connectMs = undefined;
    abort = () => {};
    to.outstanding += 1;
    try {
      const { method, path, headers, body } = request;
      const sent = { method, path, headers, body, content, timeoutMs };
      const clientTrailers = () => forwardTrailers(trailers());
      send(to, { ...sent, trailers: clientTrailers }, handlerOf(to, performance.now()));
    } catch {
      settle(to);
      refuse();
    }
  }

  function settle(from: Upstream): void {
    from.outstanding -= 1;
    backends.onSettled(from);
  }

  function handlerOf(to: Upstream, sentMs: number): Receiver {
    let resume: () => void = () => {};
    return {
      onConnect(giveUp) {
        connectMs = performance.now() - sentMs;
        abort = () => giveUp();
        if (phase === "over") giveUp();
        else if (isAwaited) {
          isAwaited = false;
          answer.proceed();
        }
      },
      onHeaders(code, raw, goOn, statusText) {
        if (phase === "over") return false;
        const headers = forwardResponse(
          raw,
          answer.mayHaveTrailers && hasBody(request.method, code),
        );
        if (code < 200) {
          answer.inform(code, headers);
          return true;
        }
        phase = "answering";
        status = code;
        resume = goOn;
        headers.push(...stickFields(site, to.route.instance, request));
        answer.begin(code, bytesOf(statusText), headers);
        return true;
      },
      onData(piece) {
        if (phase !== "answering") return false;
        bytes += piece.length;
        notePassed(piece);
        if (answer.write(piece)) return true;
        answer.onDrain(resume);
        return false;
      },
      onComplete(trailers) {
        settle(to);
        complete(trailers ?? []);
      },
      onError(error) {
        settle(to);
        // A length there tells of what is not sent, which undici waits for.
        if (status === 304 && error instanceof errors.ResponseContentLengthMismatchError) {
          complete([]);
        } else {
          onFailed(to, error);
        }
      },
    };
  }

  function complete(trailers: readonly string[]): void {
    if (phase !== "answering") return;
    phase = "over";
    answer.end(forwardTrailers(trailers.map(bytesOf)));
    log(undefined);
  }

  function onFailed(to: Upstream, error: Error): void {
    switch (phase) {
      case "over":
        return;
      case "answering":
        phase = "over";
        answer.breakOff();
        log("H18");
        return;
      case "open":
        attempts.onFailed(
          to,
          failureOf(to, error, connectMs !== undefined, timeoutMs),
          content === undefined && idempotent.has(request.method),
        );
    }
  }

  function fail({ code, cause }: Failure): void {
    const page = errorPage(code, cause, request.requestId, wantsPage(request));
    sendText(routerErrors[code].status, page.contentType, page.body);
    log(code);
  }

  /** It is no request that a process could understand. */
  function refuse(): void {
    sendText(400, "text/plain; charset=utf-8", "Bad request\n");
    log(undefined);
  }

  function sendText(code: number, contentType: string, text: string): void {
    const body = Buffer.from(text);
    phase = "over";
    status = code;
    answer.begin(code, "", [
      ...["Content-Type", contentType, "Content-Length", String(body.length)],
      ...["Cache-Control", "no-store"],
    ]);
    if (request.method !== "HEAD") {
      bytes = body.length;
      answer.write(body);
    }
    answer.end([]);
  }

  function log(error: RouterErrorCode | undefined): void {
    site.log(routed(request, { error, status, bytes, connectMs, startMs, upstream }));
  }

  attempts.next();
  return () => {
    if (phase === "over") return;
    phase = "over";
    attempts.giveUp();
    log("H27");
    abort();
  };
}

export interface Routed {
  readonly error: RouterErrorCode | undefined;
  /** Of the answer, where there is no error. */
  readonly status: number;
  readonly bytes: number;
  readonly connectMs: number | undefined;
  readonly startMs: number;
  /** The last that it was sent to. */
  readonly upstream: Upstream | undefined;
}

/** A request that is over, for the log. */
export function routed(
  { method, path, host, requestId, fwd, protocol }: ClientRequest,
  { error, status, bytes, connectMs, startMs, upstream }: Routed,
): RoutedRequest {
  return {
    ...{ error, method, path, host, requestId, fwd, protocol, bytes, connectMs },
    instance: upstream?.route.instance ?? "",
    serviceMs: upstream && performance.now() - startMs,
    status: error === undefined ? status : routerErrors[error].status,
  };
}

/** Before an answer has begun, a length can only contradict another one. */
const noHttp = [
  errors.HTTPParserError,
  errors.HeadersOverflowError,
  errors.ResponseContentLengthMismatchError,
];

function isNoHttp(error: Error): boolean {
  // So are those that Node has found.
  const isParsing = "code" in error && String(error.code).startsWith("HPE_");
  return isParsing || noHttp.some((kind) => error instanceof kind);
}

function hasBody(method: string, status: number): boolean {
  return method !== "HEAD" && status !== 204 && status !== 304;
}

/** One character per byte, of what undici has read as UTF-8 or gives as bytes, whatever its types say. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** `isConnected`: whether it has been sent anything. */
export function failureOf(
  { route }: Upstream,
  error: Error,
  isConnected: boolean,
  timeoutMs: number,
): Failure {
  const { instance, port } = route;
  if (!isConnected) {
    const reason = "code" in error ? ` (${error.code})` : "";
    return { code: "H21", cause: `${instance} takes no connections on port ${port}${reason}` };
  }
  if (error instanceof errors.HeadersTimeoutError || error instanceof LateError) {
    return { code: "H12", cause: `${instance} has not answered within ${timeoutMs / 1_000} s` };
  }
  if (isNoHttp(error)) {
    return { code: "H17", cause: `${instance} has sent what is no HTTP (${error.message})` };
  }
  return { code: "H13", cause: `${instance} has closed the connection without an answer` };
}
