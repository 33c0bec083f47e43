import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import type { RoutedRequest } from "../../src/core/router-log.ts";
import { noRoutes } from "../../src/core/routes.ts";
import { bodyOf, get, headOf, lastGet, lastOfAll, statusOf } from "../support/http-text.ts";
import { serveRouter } from "../support/served-router.ts";
import { openHttp, openRaw } from "../support/upstream.ts";

function echo(request: IncomingMessage, response: ServerResponse): void {
  request.setEncoding("latin1");
  let body = "";
  request.on("data", (text) => {
    body += text;
  });
  request.on("end", () => response.end(`${request.method} ${request.url} ${body}.`));
}

describe("a connection", () => {
  it("is kept for the next request, by the client and to the process", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(headOf("GET", "/1"));
    await client.take("GET /1 .");
    client.write(headOf("GET", "/2"));
    await client.take("GET /2 .");
    expect(upstream.connections).toBe(1);
  });

  it("is closed for the client who asks for it, and kept to the process", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    expect(await router.ask(lastGet)).toMatch(/\r\nConnection: close\r\n/);
    await router.ask(lastGet);
    expect(upstream.connections).toBe(1);
  });

  it("is kept for the client when the process closes its own", async () => {
    await using upstream = await openHttp((_, response) => {
      response.setHeader("Connection", "close").end("x");
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(get);
    expect(await client.take(/^HTTP[\s\S]*x/)).not.toMatch(/connection: close/i);
    client.write(get);
    await client.take(/^HTTP[\s\S]*x/);
    expect(upstream.connections).toBe(2);
  });

  it("takes requests before their turn, and answers in turn", async () => {
    const waiting: (() => void)[] = [];
    await using upstream = await openHttp((request, response) => {
      waiting.push(() => echo(request, response));
      if (waiting.length === 2) for (const answer of waiting.reverse()) answer();
    });
    await using router = await serveRouter([upstream.route]);
    const reply = await router.ask(headOf("GET", "/1") + headOf("GET", "/2", lastOfAll));
    expect(reply).toMatch(/GET \/1 \.[\s\S]*GET \/2 \./);
  });

  it.each<[option: "headersTimeout" | "requestTimeout" | "keepAliveTimeout", value: number]>([
    ["headersTimeout", 20_000],
    ["requestTimeout", 0],
    ["keepAliveTimeout", 60_000],
  ])("has its %s", async (option, value) => {
    await using router = await serveRouter(noRoutes);
    expect(router.server).toHaveProperty(option, value);
  });
});

describe("a request", () => {
  it.each<[method: string]>([
    ["GET"],
    ["POST"],
    ["PUT"],
    ["PATCH"],
    ["DELETE"],
    ["OPTIONS"],
    ["PROPFIND"],
    ["QUERY"],
  ])("of %s is sent with its body, sized or in chunks", async (method) => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    const sized = `${headOf(method, "/", "Content-Length: 3", lastOfAll)}abc`;
    expect(bodyOf(await router.ask(sized))).toContain(`${method} / abc.`);
    const inChunks = `${headOf(method, "/", "Transfer-Encoding: chunked", lastOfAll)}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n`;
    expect(bodyOf(await router.ask(inChunks))).toContain(`${method} / abc.`);
    const [first, second] = upstream.came.all;
    expect(first?.headers["content-length"]).toBe("3");
    expect(second?.headers["transfer-encoding"]).toBe("chunked");
  });

  it("is as it was, to the byte", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(
      headOf("GET", "/%41/../b?c=[|]", "X-Odd-CASE: \xe9\xff", "x-twice: 1", "x-twice: 2"),
    );
    const wire = await upstream.came.next();
    const came = await wire.take(/^[\s\S]*\r\n\r\n/);
    expect(came).toMatch(/^GET \/%41\/\.\.\/b\?c=\[\|\] HTTP\/1\.1\r\n/);
    expect(came).toContain("\r\nX-Odd-CASE: \xe9\xff\r\nx-twice: 1\r\nx-twice: 2\r\n");
  });

  it("tells where it came from", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    await router.ask(headOf("GET", "/", "X-Forwarded-For: 10.0.0.1", "Via: 1.0 b", lastOfAll));
    const { headers } = await upstream.came.next();
    expect(headers).toMatchObject({
      host: "a",
      "x-forwarded-for": "10.0.0.1, 127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-port": String(router.port),
      "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      via: "1.0 b, 1.1 procman",
    });
  });

  it("comes to the process while it is being sent", async () => {
    await using upstream = await openHttp((request, response) => {
      request.setEncoding("latin1").on("data", (piece) => response.write(`<${piece}>`));
      request.on("end", () => response.end());
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(headOf("POST", "/", "Transfer-Encoding: chunked"));
    client.write("1\r\na\r\n");
    await client.take("<a>");
    client.write("1\r\nb\r\n");
    await client.take("<b>");
    client.write("0\r\n\r\n");
    await client.take("0\r\n\r\n");
  });

  it("is only read as fast as the process takes it", async () => {
    await using upstream = await openHttp((request) => request.pause());
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(headOf("POST", "/", `Content-Length: ${2 ** 26}`));
    const piece = Buffer.alloc(2 ** 20);
    for (let sent = 0; sent < 64; sent += 1) client.socket.write(piece);
    const request = await upstream.came.next();
    const before = client.socket.writableLength;
    expect(before).toBeGreaterThan(2 ** 24);
    request.resume();
    await new Promise((resolve) => request.once("end", resolve));
    expect(client.socket.writableLength).toBe(0);
  });

  it("is asked for its body when the process is there", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter({
      routes: [],
      absence: { is: "starting", reason: "web.1 is starting" },
    });
    await using client = await router.connect();
    client.write(headOf("POST", "/", "Content-Length: 3", "Expect: 100-continue", lastOfAll));
    await router.held.next();
    expect(client.received).toBe("");
    router.backends.follow({ routes: [upstream.route], absence: noRoutes.absence });
    await client.take("HTTP/1.1 100 Continue\r\n\r\n");
    client.write("abc");
    expect(bodyOf(await client.untilEnd())).toContain("POST / abc.");
    expect((await upstream.came.next()).headers).not.toHaveProperty("expect");
  });

  it("is not asked for its body when nobody takes it", async () => {
    await using router = await serveRouter(noRoutes);
    const fields = ["Content-Length: 3", "Expect: 100-continue", lastOfAll];
    expect(statusOf(await router.ask(headOf("POST", "/", ...fields)))).toBe(503);
  });

  it("with a whole URL is sent with its path", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    expect(await router.ask(headOf("GET", "http://a/b?c", lastOfAll))).toContain("GET /b?c .");
    expect(await router.ask(headOf("GET", "http://a?c", lastOfAll))).toContain("GET /?c .");
    expect(statusOf(await router.ask(headOf("GET", "http://b/", lastOfAll)))).toBe(400);
    expect(upstream.came.all).toHaveLength(2);
  });

  it("of HTTP/1.0 gets an answer that ends with the connection", async () => {
    await using upstream = await openHttp((_, response) => {
      response.write("a");
      response.end("b");
    });
    await using router = await serveRouter([upstream.route]);
    const reply = await router.ask("GET / HTTP/1.0\r\n\r\n");
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(reply).not.toMatch(/transfer-encoding/i);
    expect(bodyOf(reply)).toBe("ab");
  });

  it("with too many headers is refused", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    const many = Array.from(
      { length: 2 ** 10 },
      (_, index) => `x-${index}: ${"x".repeat(2 ** 10)}`,
    );
    expect(statusOf(await router.ask(headOf("GET", "/", ...many)))).toBe(431);
    expect(upstream.came.all).toEqual([]);
  });

  it("with very many small headers comes with all of them", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    const many = Array.from({ length: 1_500 }, (_, index) => `${index.toString(36)}:`);
    const reply = await router.ask(
      `${headOf("POST", "/", ...many, "Content-Length: 3", lastOfAll)}abc`,
    );
    expect(reply).toContain("POST / abc.");
  });

  it("is logged when it is over", async () => {
    await using upstream = await openHttp((_, response) => response.writeHead(201).end("abcd"));
    await using router = await serveRouter([upstream.route]);
    await router.ask(
      headOf("POST", "/x?y", "Content-Length: 0", "X-Request-Id: a1234567890123456789", lastOfAll),
    );
    const expected: RoutedRequest = {
      error: undefined,
      method: "POST",
      path: "/x?y",
      host: "a",
      requestId: "a1234567890123456789",
      fwd: "127.0.0.1",
      instance: "web.1",
      connectMs: expect.any(Number),
      serviceMs: expect.any(Number),
      status: 201,
      bytes: 4,
      protocol: "http",
    };
    expect(await router.logged.next()).toEqual(expected);
  });
});

describe("an answer", () => {
  it("comes to the client while it is being sent", async () => {
    let answer: ServerResponse | undefined;
    await using upstream = await openHttp((_, response) => {
      answer = response;
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: 1\n\n");
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(get);
    expect(await client.take(/[\s\S]*data: 1\n\n/)).toContain("Content-Type: text/event-stream");
    answer?.write("data: 2\n\n");
    await client.take("data: 2\n\n");
    answer?.end();
    await client.take("0\r\n\r\n");
  });

  it("has its head before there is anything behind it", async () => {
    await using upstream = await openHttp((_, response) => response.flushHeaders());
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(get);
    await client.take(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n/);
  });

  it("is only read as fast as the client takes it", async () => {
    const piece = Buffer.alloc(2 ** 20);
    let answer: ServerResponse | undefined;
    await using upstream = await openHttp((_, response) => {
      answer = response;
      for (let sent = 0; sent < 64; sent += 1) response.write(piece);
      response.end();
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.socket.pause();
    client.write(get);
    await upstream.came.next();
    expect(answer?.writableLength).toBeGreaterThan(2 ** 24);
    client.socket.resume();
    await client.take(/0\r\n\r\n$/);
    expect((await router.logged.next()).bytes).toBe(2 ** 26);
  });

  it("keeps the trailers of a request, and sends its head before its body", async () => {
    await using upstream = await openHttp((request, response) => {
      request.resume();
      request.once("end", () => response.end(JSON.stringify(request.trailers)));
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(headOf("POST", "/", "Transfer-Encoding: chunked", "Connection: close"));
    expect((await upstream.came.next()).url).toBe("/");
    client.write("1\r\na\r\n0\r\nX-Sum: 1\r\nConnection: x\r\n\r\n");
    expect(await client.untilEnd()).toContain('{"x-sum":"1"}');
  });

  it("takes no notice of an offer of HTTP/2, and what comes behind it is its body", async () => {
    await using upstream = await openHttp((request, response) => {
      request.pipe(response);
    });
    await using router = await serveRouter([upstream.route]);
    const offer = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAA"];
    await using client = await router.connect();
    client.write(`${headOf("POST", "/", ...offer, "Content-Length: 3")}abc`);
    await client.take(/^HTTP\/1\.1 200 OK\r\n.*abc/s);
    client.write(`${headOf("GET", "/", ...offer)}`);
    await client.take(/HTTP\/1\.1 200 OK\r\n/);
    const asked = [await upstream.came.next(), await upstream.came.next()];
    expect(asked.map(({ headers }) => headers.upgrade)).toEqual([undefined, undefined]);
  });

  it("keeps its trailers", async () => {
    await using upstream = await openHttp((_, response) => {
      response.writeHead(200, { Trailer: "X-Sum" }).write("a");
      response.addTrailers({ "X-Sum": "1" });
      response.end();
    });
    await using router = await serveRouter([upstream.route]);
    const reply = await router.ask(lastGet);
    expect(reply).toContain("Trailer: X-Sum\r\n");
    expect(reply).toMatch(/\r\n0\r\nX-Sum: 1\r\n\r\n$/);
    expect(await router.ask("GET / HTTP/1.0\r\n\r\n")).not.toMatch(/trailer|X-Sum/i);
  });

  it.each<[what: string, request: string, reply: string, head: RegExp, body: string]>([
    [
      "HEAD has a length and no body",
      headOf("HEAD", "/", lastOfAll),
      "200 OK\r\nContent-Length: 3",
      /\r\nContent-Length: 3\r\n/,
      "",
    ],
    ["204 has no body", lastGet, "204 No Content", /^HTTP\/1\.1 204 No Content\r\n/, ""],
    [
      "304 has a length and no body",
      lastGet,
      '304 Not Modified\r\nETag: "a"\r\nContent-Length: 3',
      /\r\nETag: "a"\r\nContent-Length: 3\r\n/,
      "",
    ],
    [
      "without a length it ends with its connection",
      headOf("GET", "/", lastOfAll),
      "200 OK\r\n\r\nabc",
      /\r\nTransfer-Encoding: chunked\r\n/,
      "3\r\nabc\r\n0\r\n\r\n",
    ],
    [
      "an unknown status stays",
      lastGet,
      "799 Odd\r\nContent-Length: 0",
      /^HTTP\/1\.1 799 Odd\r\n/,
      "",
    ],
    [
      "a name is not that of its status",
      lastGet,
      "200 Fine by me\r\nContent-Length: 0",
      /^HTTP\/1\.1 200 Fine by me\r\n/,
      "",
    ],
    [
      "a name is none in ASCII",
      lastGet,
      "200 \xe6\x88\x90\xe5\x8a\x9f\r\nContent-Length: 1\r\n\r\na",
      /^HTTP\/1\.1 200 /,
      "a",
    ],
    [
      "fields are bytes, in any number",
      lastGet,
      "200 OK\r\nX: \xe9\xff\r\nx: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0",
      /\r\nX: \xe9\xff\r\nx: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n/,
      "",
    ],
    [
      "a field is announced behind a body that is none",
      headOf("HEAD", "/", lastOfAll),
      "200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked",
      /^HTTP\/1\.1 200 OK\r\n/,
      "",
    ],
    [
      "a field is announced behind a body with a length",
      lastGet,
      "200 OK\r\nTrailer: X-Sum\r\nContent-Length: 1\r\n\r\na",
      /^HTTP\/1\.1 200 OK\r\n/,
      "a",
    ],
    [
      "a trailer is none in ASCII",
      lastGet,
      "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: \xe6\x88\x90\r\n\r\n",
      /^HTTP\/1\.1 200 OK\r\n/,
      "1\r\na\r\n0\r\nX-Sum: \xe6\x88\x90\r\n\r\n",
    ],
    [
      "there are hints before it",
      lastGet,
      "103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0",
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
      "",
    ],
    [
      "there are hints of several",
      lastGet,
      "103 Early Hints\r\nLink: </a>; rel=preload, </b>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0",
      /HTTP\/1\.1 200 OK\r\n/,
      "",
    ],
    [
      "there is a status before it",
      lastGet,
      "102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0",
      /^HTTP\/1\.1 200 OK\r\n/,
      "",
    ],
  ])("is right when %s", async (_, request, reply, expected, body) => {
    await using upstream = await openRaw((wire) => {
      void wire.take("\r\n\r\n").then(() => {
        wire.write(
          `HTTP/1.1 ${reply}${reply.includes("\r\n\r\n") && !reply.endsWith("Content-Length: 0") ? "" : "\r\n\r\n"}`,
        );
        wire.end();
      });
    });
    await using router = await serveRouter([upstream.route]);
    const got = await router.ask(request);
    expect(got).toMatch(expected);
    expect(got.slice(got.lastIndexOf("Via: 1.1 procman")).replace(/^[\s\S]*?\r\n\r\n/, "")).toBe(
      body,
    );
  });
});

describe("a cookie", () => {
  it("brings a client back to its process", async () => {
    await using one = await openHttp((_, response) => response.end("one"), "web.1");
    await using two = await openHttp((_, response) => response.end("two"), "web.2");
    await using router = await serveRouter([one.route, two.route], { isSticky: true });
    const first = await router.ask(lastGet);
    expect(first).toMatch(/one/);
    const cookie = /Set-Cookie: (procman_web=web\.1); Path=\/; HttpOnly; SameSite=Lax\r\n/.exec(
      first,
    )?.[1];
    const again = headOf("GET", "/", `Cookie: a=b; ${cookie}`, lastOfAll);
    for (let count = 0; count < 3; count += 1) {
      const reply = await router.ask(again);
      expect(reply).toMatch(/one/);
      expect(reply).not.toMatch(/set-cookie/i);
    }
    router.backends.follow({ routes: [two.route], absence: noRoutes.absence });
    expect(await router.ask(again)).toMatch(/Set-Cookie: procman_web=web\.2;[\s\S]*two/);
  });

  it("is not set unless it is asked for", async () => {
    await using upstream = await openHttp(echo);
    await using router = await serveRouter([upstream.route]);
    expect(await router.ask(lastGet)).not.toMatch(/set-cookie/i);
  });
});
