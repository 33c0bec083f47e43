/** Listens for clients, and hands each request on. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer, Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Server } from "node:net";
import type { Duplex } from "node:stream";
import { type Answer, answerByHttp1, answerByHttp2 } from "./answer.ts";
import { forward } from "./forward.ts";
import { requestBody } from "./request-body.ts";
import { readRequest } from "./requests.ts";
import type { RouterConfig } from "./router-message.ts";
import type { Site } from "./site.ts";
import { upgrade } from "./upgrade.ts";

/** From the first byte of a head to its last. */
const headMs = 20_000;
/** How long a connection is kept for the next request. */
const idleMs = 60_000;
/** How often Node looks for those that take too long. */
const lookMs = 10_000;

interface Heard {
  readonly incoming: IncomingMessage | Http2ServerRequest;
  readonly response: ServerResponse | Http2ServerResponse;
  readonly answer: Answer;
  readonly isExpecting: boolean;
}

/** Where a server listens. */
export type Place = Pick<RouterConfig, "port" | "hosts" | "tls">;

/** Who answers what was asked of this host; else the text of what is said instead. */
export type FindSite = (host: string) => Site | string;

/** Resolves when it listens on all of the hosts; fails when it cannot. */
export async function openServer({ port, hosts, tls }: Place, findSite: FindSite): Promise<void> {
  const protocol = tls ? "https" : "http";

  function onRequest({ incoming, response, answer, isExpecting }: Heard): void {
    const request = readRequest(incoming, protocol);
    const site = request && findSite(request.host);
    if (request === undefined || site === undefined) {
      refuse(answer, 400, "Bad request");
      return;
    }
    if (typeof site === "string") {
      refuse(answer, 404, site);
      return;
    }
    const content = request.body === "none" ? undefined : requestBody(incoming);
    const trailers = () => incoming.rawTrailers;
    const giveUp = forward(request, { content, isExpecting, trailers }, answer, site);
    response.once("close", giveUp);
  }

  function onUpgrade(this: Server, incoming: IncomingMessage, client: Duplex, first: Buffer): void {
    if (incoming.headers.upgrade?.toLowerCase() === "h2c" && !tls) {
      // Offered by some clients with whatever they ask first, and nobody has to take it.
      client.unshift(first);
      client.unshift(headWithoutUpgrade(incoming));
      this.emit("connection", client);
      return;
    }
    const request = readRequest(incoming, protocol);
    const site = request && findSite(request.host);
    // What would follow could be its body, or the other protocol.
    if (request === undefined || request.body !== "none" || site === undefined) {
      client.end(headOnly("400 Bad Request"));
    } else if (typeof site === "string") {
      client.end(headOnly("404 Not Found"));
    } else {
      upgrade(incoming, client, first, request, site);
    }
  }

  function open(): Server {
    const options = {
      headersTimeout: headMs,
      requestTimeout: 0,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: lookMs,
    };
    const server = tls
      ? createSecureServer({ ...options, ...tls, allowHTTP1: true })
      : createServer(options);
    const heard =
      (isExpecting: boolean) =>
      (
        incoming: IncomingMessage | Http2ServerRequest,
        response: ServerResponse | Http2ServerResponse,
      ) =>
        onRequest({ incoming, response, answer: answerBy(response), isExpecting });
    server.on("request", heard(false));
    server.on("checkContinue", heard(true));
    server.on("upgrade", onUpgrade);
    // With TLS Node takes none of them from the options. And without a count headers would be left
    // out in silence; the size of all is limited anyway.
    return Object.assign(server as Server, { ...options, maxHeadersCount: 0 });
  }

  await Promise.all(hosts.map((host) => listen(open(), host, port)));
}

function answerBy(response: ServerResponse | Http2ServerResponse): Answer {
  return response.req instanceof Http2ServerRequest
    ? answerByHttp2(response as Http2ServerResponse)
    : answerByHttp1(response as ServerResponse);
}

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!/^(upgrade|connection|http2-settings)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function headOnly(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`;
}

function refuse(answer: Answer, status: number, reason: string): void {
  const text = Buffer.from(`${reason}\n`);
  answer.begin(status, "", [
    ...["Content-Type", "text/plain; charset=utf-8", "Content-Length", String(text.length)],
    ...["Connection", "close"],
  ]);
  answer.write(text);
  answer.end([]);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      // Not every machine has it.
      const isNoAddress = error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT";
      if (host === "::1" && isNoAddress) resolve();
      else reject(error);
    });
    server.listen({ host, port, ipv6Only: true }, resolve);
  });
}
