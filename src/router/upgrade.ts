/** A connection that becomes something else than HTTP, as a WebSocket: from then on bytes, both ways. */
import { request as ask, type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Duplex } from "node:stream";
import { type RouterErrorCode, routerErrors } from "../core/router-error.ts";
import { createAttempts, type Failure } from "./attempts.ts";
import { lookup } from "./backends.ts";
import { errorPage } from "./error-page.ts";
import { type ClientRequest, failureOf, routed } from "./forward.ts";
import { pairsOf, wantsPage } from "./headers.ts";
import { LateError } from "./send.ts";
import { type Site, stickFields, wishOf } from "./site.ts";
import type { Upstream } from "./upstreams.ts";

/** A client that is told the end has this long to end its side. */
const lingerMs = 5_000;

export function upgrade(
  incoming: IncomingMessage,
  client: Duplex,
  first: Buffer,
  request: ClientRequest,
  site: Site,
): void {
  const { backends, timeoutMs } = site;
  const startMs = performance.now();
  const attempts = createAttempts({ backends, preferred: wishOf(site, request), send, fail });
  let upstream: Upstream | undefined;
  let connectMs: number | undefined;
  let bytes = 0;
  let status = 0;
  let isOver = false;
  let abort: () => void = () => {};

  function send(to: Upstream): void {
    const sentMs = performance.now();
    upstream = to;
    connectMs = undefined;
    to.outstanding += 1;
    let isSettled = false;
    const settle = () => {
      if (isSettled) return;
      isSettled = true;
      to.outstanding -= 1;
      backends.onSettled(to);
    };
    const asking = ask({
      host: "localhost",
      port: to.route.port,
      lookup,
      method: request.method,
      path: request.path,
      headers: [
        ...request.headers,
        ...["Connection", "Upgrade", "Upgrade", incoming.headers.upgrade ?? ""],
      ],
      // One of its own, which nobody uses after it.
      agent: false,
    });
    abort = () => asking.destroy();
    asking.setTimeout(timeoutMs, () => asking.destroy(new LateError()));
    asking.once("socket", (socket) =>
      socket.once("connect", () => {
        connectMs = performance.now() - sentMs;
      }),
    );
    asking.once("upgrade", (response, socket, head) => {
      settle();
      status = 101;
      join(response, socket, head);
    });
    asking.once("response", (response) => {
      status = response.statusCode ?? 502;
      asking.setTimeout(0);
      const answer = answerTo(status, response.statusMessage, response.rawHeaders);
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
      });
      response.pipe(answer);
      response.once("close", () => {
        settle();
        end(response.complete ? undefined : "H18");
        if (!response.complete) client.destroy();
      });
    });
    asking.once("error", (error) => {
      settle();
      if (isOver || status !== 0) return;
      attempts.onFailed(
        to,
        failureOf(to, error, connectMs !== undefined, timeoutMs),
        request.method === "GET",
      );
    });
    asking.end();
  }

  function join(response: IncomingMessage, socket: Socket, head: Buffer): void {
    const lines = [`HTTP/1.1 101 ${response.statusMessage ?? ""}`];
    const { rawHeaders } = response;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
    }
    for (const field of pairsOf(stickFields(site, upstream?.route.instance ?? "", request))) {
      lines.push(field.join(": "));
    }
    client.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    client.write(head);
    socket.write(first);
    socket.setTimeout(0);
    socket.on("data", (piece: Buffer) => {
      bytes += piece.length;
    });
    socket.pipe(client);
    client.pipe(socket);
    // However it went: for the client it is an end like any other.
    const onUpstreamEnd = () => {
      client.end();
      setTimeout(() => client.destroy(), lingerMs).unref();
      end(undefined);
    };
    socket.once("error", () => {});
    socket.once("close", onUpstreamEnd);
    abort = () => socket.destroy();
  }

  function answerTo(
    code: number,
    statusText: string | undefined,
    headers: readonly string[],
  ): ServerResponse {
    const answer = new ServerResponse(incoming);
    answer.sendDate = false;
    // Nothing reads what may come behind the request.
    answer.shouldKeepAlive = false;
    answer.assignSocket(client as Socket);
    answer.once("finish", () => client.end());
    answer.writeHead(code, statusText ?? "", withoutConnection(headers));
    return answer;
  }

  function fail({ code, cause }: Failure): void {
    const page = errorPage(code, cause, request.requestId, wantsPage(request));
    status = routerErrors[code].status;
    bytes = Buffer.byteLength(page.body);
    answerTo(status, "", ["Content-Type", page.contentType]).end(page.body);
    end(code);
  }

  function end(error: RouterErrorCode | undefined): void {
    if (isOver) return;
    isOver = true;
    site.log(routed(request, { error, status, bytes, connectMs, startMs, upstream }));
  }

  client.on("error", () => {});
  client.once("close", () => {
    attempts.giveUp();
    abort();
    end(status === 101 ? undefined : "H27");
  });
  attempts.next();
}

function withoutConnection(headers: readonly string[]): string[] {
  return pairsOf(headers)
    .filter(([name]) => !/^(connection|keep-alive|transfer-encoding|upgrade)$/i.test(name))
    .flat();
}
