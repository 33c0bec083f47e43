/**
 * HTTP for the API: requests in, replies out, one request a connection. Whoever is too slow, too
 * many, too large or talks nonsense gets a status or a closed connection, and is nobody's problem.
 */
import { Buffer } from "node:buffer";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connectionLimit } from "./connection-limit.ts";
import { failure, type JsonReply, type Reply, type StreamReply } from "./reply.ts";

export interface Limits {
  /** Until the head of the request is there. */
  readonly headMs: number;
  /** Then until its body is, and in the end until the client has taken a reply that is no stream. */
  readonly bodyMs: number;
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly connections: number;
}

export const usualLimits: Limits = {
  headMs: 2_000,
  bodyMs: 10_000,
  headBytes: 8 * 1024,
  bodyBytes: 1024 * 1024,
  connections: connectionLimit(),
};

export interface Handler {
  /** Before the body is read. Undefined when there is nothing against it. */
  findObjection(message: IncomingMessage): JsonReply | undefined;
  /** `givenUp` when the client goes, or the server is closed. */
  answer(message: IncomingMessage, body: unknown, givenUp: AbortSignal): Promise<Reply>;
}

export interface HttpServer {
  /** Not listening yet. */
  readonly server: Server;
  /** Ends what is being streamed, lets what is being answered go out, and closes what is left. */
  close(): Promise<void>;
}

/** A connection, and what has come of it so far. */
interface Caller {
  readonly socket: Socket;
  deadline: NodeJS.Timeout | undefined;
  response: ServerResponse | undefined;
  /** Whoever works on the answer may stop. */
  readonly givenUp: AbortController;
}

/** A reply on its way has so long to go out. */
const closingMs = 500;
/** Node looks at its connections by a timer that never rests, so it gets one that is never due. */
const neverMs = 2 ** 31 - 1;

export function createHttpServer(
  handler: Handler,
  limits: Limits,
  onError: (error: unknown) => void,
): HttpServer {
  const callers = new Map<Duplex, Caller>();
  const server = createServer({
    maxHeaderSize: limits.headBytes,
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    connectionsCheckingInterval: neverMs,
    // Whether a Host is needed is not for HTTP to say: over the socket it means nothing.
    requireHostHeader: false,
  });

  // All that wait are let in within one turn: beyond these, they are closed without a word.
  server.maxConnections = limits.connections * 2;
  server.on("connection", (socket) => {
    const caller: Caller = {
      socket,
      deadline: undefined,
      response: undefined,
      givenUp: new AbortController(),
    };
    if (callers.size >= limits.connections) {
      refuse(caller, failure("rate_limit", "procman has too many connections; try again"));
      return;
    }
    callers.set(socket, caller);
    setDeadline(caller, limits.headMs);
    socket.once("close", () => {
      clearTimeout(caller.deadline);
      callers.delete(socket);
    });
  });

  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
    const reply = isTooLarge
      ? failure("headers_too_large", `The request's head has over ${limits.headBytes} bytes`)
      : failure("bad_request", "This is no HTTP request");
    const caller = callers.get(socket);
    if (caller) refuse(caller, reply);
    else socket.destroy();
  });

  server.on("request", onRequest);
  // To expect something else than "100-continue" is no reason for an answer without a body.
  server.on("checkExpectation", onRequest);

  function onRequest(message: IncomingMessage, response: ServerResponse): void {
    const caller = callers.get(message.socket);
    // One connection too many, or a second request: both were told that the connection is closed.
    if (!caller || caller.response) return;
    caller.response = response;
    response.shouldKeepAlive = false;
    // A connection that breaks is told by "close".
    message.on("error", () => {});
    response.on("error", () => {});
    serve(caller, message, response).catch((error: unknown) => {
      onError(error);
      response.destroy();
    });
  }

  async function serve(
    caller: Caller,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const givenUp = caller.givenUp.signal;
    response.once("close", () => caller.givenUp.abort());
    setDeadline(caller, limits.bodyMs);
    const reply = handler.findObjection(message) ?? (await replyTo(caller, message, givenUp));
    if (response.headersSent || response.destroyed) return;
    if (reply.is === "stream") return sendStream(response, reply, givenUp);
    setDeadline(caller, limits.bodyMs);
    sendJson(response, reply);
  }

  async function replyTo(
    caller: Caller,
    message: IncomingMessage,
    givenUp: AbortSignal,
  ): Promise<Reply> {
    try {
      const body = await readBody(message, limits.bodyBytes);
      clearTimeout(caller.deadline);
      return body.is === "read" ? await handler.answer(message, body.value, givenUp) : body.reply;
    } catch (error) {
      onError(error);
      return failure("internal_server_error", "procman has made a mistake; its log says which");
    }
  }

  function setDeadline(caller: Caller, ms: number): void {
    clearTimeout(caller.deadline);
    if (caller.socket.destroyed) return;
    const reply = failure("request_timeout", `The request was not there within ${ms} ms`);
    caller.deadline = setTimeout(() => refuse(caller, reply), ms);
  }

  return {
    server,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const { socket, response, givenUp } of callers.values()) {
        givenUp.abort();
        if (!response) socket.destroy();
      }
      const timer = setTimeout(() => server.closeAllConnections(), closingMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Where there may be no request that Node could be asked to answer. */
function refuse({ socket, response }: Caller, reply: JsonReply): void {
  if (response?.headersSent || !socket.writable) socket.destroy();
  else if (response) sendJson(response, reply);
  else socket.end(rawReply(reply), () => socket.destroy());
}

type Body =
  | { readonly is: "read"; readonly value: unknown }
  | { readonly is: "refused"; readonly reply: JsonReply };

async function readBody(message: IncomingMessage, maxBytes: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const ended = new Promise<void>((resolve) => {
    message.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else resolve();
    });
    message.once("close", resolve);
    message.once("end", resolve);
  });
  await ended;
  if (bytes > maxBytes) {
    const text = `The request's body has over ${maxBytes} bytes`;
    return { is: "refused", reply: failure("request_too_large", text) };
  }
  // Nobody wants half of what was asked for, nor does anybody wait for the answer.
  if (!message.complete) {
    return { is: "refused", reply: failure("bad_request", "The request was cut off") };
  }
  if (bytes === 0) return { is: "read", value: undefined };
  try {
    return { is: "read", value: JSON.parse(Buffer.concat(chunks).toString()) };
  } catch {
    return { is: "refused", reply: failure("bad_request", "The request's body is no JSON") };
  }
}

function sendJson(response: ServerResponse, reply: JsonReply): void {
  const text = jsonText(reply);
  response.writeHead(reply.status, {
    ...headersOf("application/json; charset=utf-8"),
    "Content-Length": Buffer.byteLength(text),
    ...reply.headers,
  });
  response.end(text);
}

async function sendStream(
  response: ServerResponse,
  { contentType, headers, pieces }: StreamReply,
  givenUp: AbortSignal,
): Promise<void> {
  response.writeHead(200, { ...headersOf(contentType), ...headers });
  response.flushHeaders();
  for await (const piece of pieces) {
    // Of who has gone already nobody is told again.
    if (response.destroyed) break;
    if (!response.write(piece)) await drained(response);
    if (givenUp.aborted) break;
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off("drain", settle);
      response.off("close", settle);
      resolve();
    };
    response.once("drain", settle);
    response.once("close", settle);
  });
}

function headersOf(contentType: string): Readonly<Record<string, string>> {
  return { "Content-Type": contentType, "Cache-Control": "no-store" };
}

function rawReply(reply: JsonReply): string {
  const text = jsonText(reply);
  return [
    `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status]}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
    "",
    text,
  ].join("\r\n");
}

function jsonText({ body }: JsonReply): string {
  return `${JSON.stringify(body)}\n`;
}
