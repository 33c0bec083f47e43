/** What a client asks for, from Node's request: who asks, for what, and what it would like to go to. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { ClientRequest } from "./forward.ts";
import { forwardRequest, type Origin } from "./headers.ts";
import { preferredInstance } from "./sticky.ts";

/** Undefined for what no process should have to make sense of. */
export function readRequest(
  incoming: IncomingMessage | Http2ServerRequest,
  protocol: Origin["protocol"],
): ClientRequest | undefined {
  const { socket, rawHeaders, method = "" } = incoming;
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const origin = { address, protocol, port: socket.localPort ?? 0 };
  const head = forwardRequest(rawHeaders, origin, tools);
  if (head === undefined) return undefined;
  const path = pathOf(incoming.url ?? "", head.host);
  if (path === undefined) return undefined;
  const preferred = preferredInstance(head.cookie);
  const body = "stream" in incoming ? bodyByHttp2(incoming, head.body) : head.body;
  return { ...head, body, method, path, protocol, preferred };
}

const tools = { newId: randomUUID, timeMs: Date.now };

/** There a body needs no length, and is known by what comes behind the head. */
function bodyByHttp2(
  { stream }: Http2ServerRequest,
  body: ClientRequest["body"],
): ClientRequest["body"] {
  if (stream.endAfterHeaders) return "none";
  return body === "none" ? "chunked" : body;
}

/** The form that a process knows. A whole URL has to name the same host as the header does. */
function pathOf(target: string, host: string): string | undefined {
  if (target.startsWith("/")) return target;
  const [, named, path] = /^https?:\/\/([^/?#]*)([^#]*)$/i.exec(target) ?? [];
  if (named === undefined || path === undefined || named !== host) return undefined;
  return path.startsWith("/") ? path : `/${path}`;
}
