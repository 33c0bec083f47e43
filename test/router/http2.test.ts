import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noRoutes, type Route } from "../../src/core/routes.ts";
import { makeCertificate } from "../../src/process/make-certificate.ts";
import { headOf, lastOfAll } from "../support/http-text.ts";
import { type ServedRouter, serveRouter } from "../support/served-router.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { openHttp, openRaw } from "../support/upstream.ts";
import { Wire } from "../support/wire.ts";

let folder: TemporaryFolder;
let tls: { readonly cert: string; readonly key: string };

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  const [cert, key] = [join(folder.path, "cert.pem"), join(folder.path, "key.pem")];
  await makeCertificate(cert, key, 1);
  tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
});

afterAll(() => folder[Symbol.asyncDispose]());

interface Client extends AsyncDisposable {
  readonly session: ClientHttp2Session;
  /** Not ended. */
  ask(headers: OutgoingHttpHeaders): ClientHttp2Stream;
  get(headers?: OutgoingHttpHeaders): Promise<Reply>;
}

interface Reply {
  readonly head: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
}

async function openClient({ port }: ServedRouter): Promise<Client> {
  const session = connect(`https://localhost:${port}`, { ca: tls.cert });
  await once(session, "connect");
  const ask = (headers: OutgoingHttpHeaders) => session.request(headers, { endStream: false });
  return {
    session,
    ask,
    get(headers = {}) {
      const stream = ask({ ":path": "/", ...headers });
      stream.end();
      return readAll(stream);
    },
    async [Symbol.asyncDispose]() {
      if (session.destroyed) return;
      const closed = once(session, "close");
      session.destroy();
      await closed;
    },
  };
}

async function readAll(stream: ClientHttp2Stream): Promise<Reply> {
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let body = "";
  stream.setEncoding("latin1");
  stream.once("response", (headers) => {
    head = headers;
  });
  stream.once("trailers", (headers) => {
    trailers = headers;
  });
  for await (const piece of stream) body += piece;
  return { head, body, trailers };
}

function serve(...routes: readonly Route[]): Promise<ServedRouter> {
  return serveRouter(routes, { tls });
}

describe("over TLS", () => {
  it("a client of HTTP/2 is understood", async () => {
    await using upstream = await openHttp((request, response) => {
      response.end(`${request.method} ${request.url} ${request.headers.host}`);
    });
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    expect(client.session.alpnProtocol).toBe("h2");
    const { head, body } = await client.get({ ":path": "/a?b", cookie: ["c=1", "d=2"] });
    expect(head).toMatchObject({ ":status": 200, via: "1.1 procman" });
    expect(body).toBe(`GET /a?b localhost:${router.port}`);
    expect((await upstream.came.next()).headers).toMatchObject({
      cookie: "c=1; d=2",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "127.0.0.1",
    });
    expect(await router.logged.next()).toMatchObject({ protocol: "https", status: 200 });
  });

  it("a client that knows no other than HTTP/1.1 is understood", async () => {
    await using upstream = await openHttp((_, response) => response.end("x"));
    await using router = await serve(upstream.route);
    const socket = connectTls({
      port: router.port,
      host: "127.0.0.1",
      ca: tls.cert,
      servername: "localhost",
      ALPNProtocols: ["http/1.1"],
    });
    await once(socket, "secureConnect");
    await using wire = new Wire(socket);
    expect(socket.alpnProtocol).toBe("http/1.1");
    wire.write(headOf("GET", "/", lastOfAll));
    expect(await wire.untilEnd()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*x/s);
    expect((await upstream.came.next()).headers).toMatchObject({ "x-forwarded-proto": "https" });
  });

  it("a client that says nothing of it is understood, with all of its headers", async () => {
    await using upstream = await openHttp((request, response) => request.pipe(response));
    await using router = await serve(upstream.route);
    const socket = connectTls({
      port: router.port,
      host: "127.0.0.1",
      ca: tls.cert,
      servername: "localhost",
    });
    await once(socket, "secureConnect");
    await using wire = new Wire(socket);
    const many = Array.from({ length: 1_500 }, (_, index) => `${index.toString(36)}:`);
    wire.write(`${headOf("POST", "/", ...many, "Content-Length: 3", lastOfAll)}abc`);
    expect(await wire.untilEnd()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*abc/s);
  });

  it("a connection becomes something else", async () => {
    await using upstream = await openRaw();
    await using router = await serve(upstream.route);
    const socket = connectTls({
      port: router.port,
      host: "127.0.0.1",
      ca: tls.cert,
      servername: "localhost",
    });
    await once(socket, "secureConnect");
    await using wire = new Wire(socket);
    const accepted = "HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
    wire.write(headOf("GET", "/", "Connection: Upgrade", "Upgrade: x"));
    const process = await upstream.came.next();
    await process.take("\r\n\r\n");
    process.write(`${accepted}a`);
    await wire.take(`${accepted}a`);
    wire.write("b");
    await process.take("b");
  });

  it.each<[option: string, value: number]>([
    ["headersTimeout", 20_000],
    ["requestTimeout", 0],
    ["keepAliveTimeout", 60_000],
  ])("HTTP/1.1 has its %s", async (option, value) => {
    await using router = await serveRouter(noRoutes, { tls });
    expect(router.server).toHaveProperty(option, value);
  });
});

describe("a stream", () => {
  it("is passed on both ways while it is being sent", async () => {
    await using upstream = await openHttp((request, response) => {
      request.setEncoding("latin1").on("data", (piece) => response.write(`<${piece}>`));
      request.on("end", () => response.end());
    });
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    const stream = client.ask({ ":path": "/", ":method": "POST" });
    stream.setEncoding("latin1");
    stream.write("a");
    expect(await once(stream, "data")).toEqual(["<a>"]);
    stream.write("b");
    expect(await once(stream, "data")).toEqual(["<b>"]);
    stream.resume().end();
    await once(stream, "end");
    expect((await upstream.came.next()).headers["transfer-encoding"]).toBe("chunked");
  });

  it("has a length where it is told", async () => {
    await using upstream = await openHttp((request, response) => request.pipe(response));
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    const stream = client.ask({ ":path": "/", ":method": "POST", "content-length": 3 });
    stream.end("abc");
    expect((await readAll(stream)).body).toBe("abc");
    expect((await upstream.came.next()).headers["content-length"]).toBe("3");
  });

  it("is one of many at once", async () => {
    await using upstream = await openHttp((request, response) => response.end(request.url));
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const replies = await Promise.all(paths.map((path) => client.get({ ":path": path })));
    expect(replies.map(({ body }) => body)).toEqual(paths);
  });

  it("keeps its trailers", async () => {
    await using upstream = await openHttp((_, response) => {
      response.writeHead(200, { Trailer: "X-Sum" }).write("a");
      response.addTrailers({ "X-Sum": "1" });
      response.end();
    });
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    expect(await client.get()).toMatchObject({ body: "a", trailers: { "x-sum": "1" } });
  });

  it("is over though its trailers are odd", async () => {
    const trailers = "ETag: 1\r\nETag: 2\r\nKeep-Alive: a\r\nConnection: b\r\nX: \xe6\x88\x90\r\n";
    await using upstream = await openRaw((wire) => {
      void wire.take("\r\n\r\n").then(() => {
        wire.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${trailers}\r\n`);
      });
    });
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    expect((await client.get()).trailers).toMatchObject({ etag: "1, 2" });
  });

  it("brings its cookies one by one", async () => {
    await using upstream = await openHttp((_, response) => {
      response.setHeader("Set-Cookie", ["a=1", "b=2"]).end();
    });
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    expect((await client.get()).head["set-cookie"]).toEqual(["a=1", "b=2"]);
  });

  it.each<[what: string, fields: string]>([
    [
      "of which HTTP/2 has one only",
      "X-Content-Type-Options: nosniff\r\nX-Content-Type-Options: nosniff",
    ],
    [
      "of HTTP/1 only",
      "Proxy-Connection: keep-alive\r\nHTTP2-Settings: a\r\nKeep-Alive: timeout=5",
    ],
    ["that are no ASCII", "X: \xe9\xff"],
    ["that are empty", "X:"],
  ])("is answered though the process has fields %s", async (_, fields) => {
    await using upstream = await openRaw((wire) => {
      void wire.take("\r\n\r\n").then(() => {
        wire.write(`HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: 1\r\n\r\na`);
      });
    });
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    expect(await client.get()).toMatchObject({ head: { ":status": 200 }, body: "a" });
  });

  it("is asked for its body when the process is there", async () => {
    await using upstream = await openHttp((request, response) => request.pipe(response));
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    const stream = client.ask({ ":path": "/", ":method": "POST", expect: "100-continue" });
    await once(stream, "continue");
    stream.end("abc");
    expect((await readAll(stream)).body).toBe("abc");
  });

  it("is cut off when the answer is", async () => {
    await using upstream = await openRaw((wire) => {
      void wire.take("\r\n\r\n").then(() => {
        wire.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        wire.end();
      });
    });
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    await expect(client.get()).rejects.toThrow("NGHTTP2_INTERNAL_ERROR");
    expect(await router.logged.next()).toMatchObject({ error: "H18", bytes: 3 });
    await using other = await openHttp((_, response) => response.end("x"));
    router.backends.follow({ routes: [other.route], absence: noRoutes.absence });
    expect((await client.get()).body).toBe("x");
  });

  it("that is given up ends its request", async () => {
    await using upstream = await openRaw();
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    const stream = client.ask({ ":path": "/" });
    stream.on("error", () => {});
    stream.end();
    const wire = await upstream.came.next();
    await wire.take("\r\n\r\n");
    stream.close(constants.NGHTTP2_CANCEL);
    await wire.untilEnd();
    expect(await router.logged.next()).toMatchObject({ error: "H27", status: 499 });
  });

  it("that nobody takes is told of", async () => {
    await using router = await serve();
    await using client = await openClient(router);
    const { head, body } = await client.get({ accept: "text/html" });
    expect(head).toMatchObject({ ":status": 503, "content-type": "text/html; charset=utf-8" });
    expect(body).toContain("H14 No web processes running");
  });

  it("that could mean two things is refused", async () => {
    await using upstream = await openHttp((_, response) => response.end("x"));
    await using router = await serve(upstream.route);
    await using client = await openClient(router);
    expect((await client.get({ ":authority": "a", host: "b" })).head[":status"]).toBe(400);
    expect(upstream.came.all).toEqual([]);
  });
});
