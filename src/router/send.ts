/**
 * Sends one request to a process. A body of unknown length goes by Node's client, over a connection
 * of its own that is closed behind it: whatever is left of it can be taken for no other request,
 * its head is sent before there is any of it, and it may have trailers. All else goes by undici.
 */
import { type ClientRequest as Asking, request as ask, type IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { lookup } from "./backends.ts";
import { pairsOf, type RequestHead } from "./headers.ts";
import type { Upstream } from "./upstreams.ts";

export interface Sent extends Pick<RequestHead, "headers" | "body"> {
  readonly method: string;
  readonly path: string;
  readonly content: Readable | undefined;
  /** Once the content has ended. */
  trailers(): readonly string[];
  /** From the end of the request to the first of the answer. */
  readonly timeoutMs: number;
}

/** Nothing has come in time. */
export class LateError extends Error {}

/** As undici calls it. Texts of headers are bytes. */
export type Receiver = Required<
  Pick<Dispatcher.DispatchHandler, "onConnect" | "onHeaders" | "onData" | "onComplete" | "onError">
>;

export function send(to: Upstream, sent: Sent, receiver: Receiver): void {
  if (sent.content !== undefined && sent.body === "chunked") {
    sendByNode(to, sent, sent.content, receiver);
    return;
  }
  to.pool.dispatch(
    {
      method: sent.method as Dispatcher.HttpMethod,
      path: sent.path,
      headers: sent.headers as string[],
      body: sent.content ?? null,
      headersTimeout: sent.timeoutMs,
      bodyTimeout: 0,
    },
    receiver,
  );
}

function sendByNode(to: Upstream, sent: Sent, content: Readable, receiver: Receiver): void {
  const asking = ask({
    host: "localhost",
    port: to.route.port,
    lookup,
    method: sent.method,
    path: sent.path,
    headers: [...sent.headers, ...["Transfer-Encoding", "chunked", "Connection", "close"]],
    agent: false,
  });
  let isOver = false;
  let isConnected = false;
  const fail = (error: Error) => {
    if (isOver) return;
    isOver = true;
    asking.destroy();
    receiver.onError(error);
  };
  asking.once("socket", (socket) =>
    socket.once("connect", () => {
      isConnected = true;
      receiver.onConnect((error) => fail(error ?? new Error("given up")));
      if (isOver) return;
      asking.flushHeaders();
      pass(content, asking, sent, fail);
    }),
  );
  asking.on("information", ({ statusCode, rawHeaders, statusMessage }) => {
    if (!isOver) receiver.onHeaders(statusCode, bytesOf(rawHeaders), () => {}, utf8(statusMessage));
  });
  asking.once("response", (response) => {
    asking.setTimeout(0);
    receive(response, receiver, fail, () => {
      if (isOver) return;
      isOver = true;
      // Bytes here, too, whatever its types say.
      receiver.onComplete(bytesOf(response.rawTrailers) as unknown as string[]);
    });
  });
  asking.once("error", (error) => fail(isConnected ? error : asRefused(error)));
  content.once("error", fail);
}

/** With all addresses refused, Node has only one error for all. */
function asRefused(error: Error): Error {
  return error instanceof AggregateError && error.errors[0] instanceof Error
    ? error.errors[0]
    : error;
}

function pass(
  content: Readable,
  asking: Asking,
  { trailers, timeoutMs }: Sent,
  fail: (error: Error) => void,
): void {
  content.pipe(asking, { end: false });
  content.once("end", () => {
    const pairs = trailers();
    if (pairs.length > 0) asking.addTrailers(pairsOf(pairs));
    asking.end();
    asking.setTimeout(timeoutMs, () => fail(new LateError()));
  });
}

function receive(
  response: IncomingMessage,
  receiver: Receiver,
  fail: (error: Error) => void,
  complete: () => void,
): void {
  const { statusCode = 0, statusMessage = "", rawHeaders } = response;
  const resume = () => response.resume();
  receiver.onHeaders(statusCode, bytesOf(rawHeaders), resume, utf8(statusMessage));
  response.on("data", (piece: Buffer) => {
    if (!receiver.onData(piece)) response.pause();
  });
  response.once("end", complete);
  response.once("error", fail);
  response.once("close", () => {
    if (!response.complete) fail(new Error("closed in the middle of an answer"));
  });
}

/** As undici reads it. */
function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString();
}

function bytesOf(texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text, "latin1"));
}
