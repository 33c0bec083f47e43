import { describe, expect, it } from "vitest";
import { get, headOf, lastGet, lastOfAll, statusOf } from "../support/http-text.ts";
import { serveRouter } from "../support/served-router.ts";
import { openHttp, openRaw } from "../support/upstream.ts";

const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
const chunked = "Transfer-Encoding: chunked";

describe("a request that could mean two things", () => {
  it.each<[what: string, request: string]>([
    [
      "a length and chunks",
      `${headOf("POST", "/", "Content-Length: 5", chunked)}0\r\n\r\n${hidden}`,
    ],
    [
      "chunks and a length",
      `${headOf("POST", "/", chunked, "Content-Length: 5")}0\r\n\r\n${hidden}`,
    ],
    ["two lengths", `${headOf("POST", "/", "Content-Length: 0", "Content-Length: 5")}${hidden}`],
    ["a list of lengths", `${headOf("POST", "/", "Content-Length: 0, 5")}${hidden}`],
    ["a length with a sign", `${headOf("POST", "/", "Content-Length: +0")}${hidden}`],
    [
      "a length that is too long",
      `${headOf("POST", "/", `Content-Length: ${"9".repeat(30)}`)}${hidden}`,
    ],
    [
      "another encoding",
      `${headOf("POST", "/", "Transfer-Encoding: gzip, chunked")}0\r\n\r\n${hidden}`,
    ],
    [
      "an encoding behind chunks",
      `${headOf("POST", "/", "Transfer-Encoding: chunked, identity")}0\r\n\r\n${hidden}`,
    ],
    [
      "an encoding that is none",
      `${headOf("POST", "/", "Transfer-Encoding: xchunked")}0\r\n\r\n${hidden}`,
    ],
    ["an encoding of nothing", `${headOf("POST", "/", "Transfer-Encoding: ")}0\r\n\r\n${hidden}`],
    [
      "two encodings",
      `${headOf("POST", "/", chunked, "Transfer-Encoding: identity")}0\r\n\r\n${hidden}`,
    ],
    [
      "a space behind a name",
      `${headOf("POST", "/", "Transfer-Encoding : chunked")}0\r\n\r\n${hidden}`,
    ],
    [
      "a line that is continued",
      `${headOf("POST", "/", "X: a\r\n Transfer-Encoding: chunked")}0\r\n\r\n${hidden}`,
    ],
    ["two hosts", headOf("GET", "/", "Host: b")],
    ["no host", "GET / HTTP/1.1\r\n\r\n"],
    ["a whole URL of another host", headOf("GET", "http://b/")],
    ["a path that is none", headOf("GET", "b")],
    ["a tunnel", headOf("CONNECT", "a:443")],
  ])("does not come to a process: %s", async (_, request) => {
    await using upstream = await openHttp((_request, response) => response.end("x"));
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(request);
    client.end();
    const reply = await client.untilEnd();
    expect(reply).not.toMatch(/HTTP\/1\.1 [^4]/);
    expect(upstream.came.all).toEqual([]);
  });
});

describe("chunks that are none", () => {
  it.each<[what: string, body: string]>([
    ["a size that is no number", `x\r\na\r\n0\r\n\r\n${hidden}`],
    ["a size with a sign", `+1\r\na\r\n0\r\n\r\n${hidden}`],
    ["a size by another base", `0x1\r\na\r\n0\r\n\r\n${hidden}`],
    ["a size that is too large", `${"f".repeat(20)}\r\na\r\n0\r\n\r\n${hidden}`],
    ["more than the size", `1\r\nab\r\n0\r\n\r\n${hidden}`],
    ["no size", `\r\na\r\n0\r\n\r\n${hidden}`],
    ["a line that ends with less", `1\na\n0\n\n${hidden}`],
  ])("end the request, and nothing comes behind it: %s", async (_, body) => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(`${headOf("POST", "/", chunked)}1\r\na\r\n`);
    const wire = await upstream.came.next();
    await wire.take("1\r\na");
    client.write(body);
    expect(statusOf(await client.untilEnd())).toBe(400);
    await wire.untilEnd();
    expect(wire.received).not.toMatch(/hidden|0\r\n\r\n$/);
    expect(upstream.connections).toBe(1);
    expect(await router.logged.next()).toMatchObject({ error: "H27" });
  });
});

describe("what looks like a request", () => {
  it.each<[what: string, request: string]>([
    [
      "in a body with a length",
      `${headOf("POST", "/", `Content-Length: ${hidden.length + 5}`)}0\r\n\r\n${hidden}`,
    ],
    [
      "in a chunk",
      `${headOf("POST", "/", chunked)}${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ],
    ["in a trailer", `${headOf("POST", "/", chunked)}0\r\nX: ${hidden.slice(0, -2)}\r\n`],
    [
      "in the extension of a chunk",
      `${headOf("POST", "/", chunked)}1;x="GET /hidden"\r\na\r\n0\r\n\r\n`,
    ],
    [
      "in a chunk, whatever the letters of the encoding",
      `${headOf("POST", "/", "Transfer-Encoding: CHUNKED")}${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ],
  ])("stays what it is: %s", async (_, request) => {
    await using upstream = await openHttp((incoming, response) => {
      incoming.resume().once("end", () => response.end("x"));
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(request + lastGet.replace("GET /", "GET /last"));
    await client.untilEnd();
    expect(upstream.came.all.map(({ url }) => url)).toEqual(["/", "/last"]);
  });

  it("behind a body without a length is one, by the rules for it", async () => {
    await using upstream = await openHttp((_, response) => response.end("x"));
    await using router = await serveRouter([upstream.route]);
    const request = `${headOf("POST", "/", chunked)}0\r\n\r\n${headOf("GET", "/next", "X-Forwarded-For: b", lastOfAll)}`;
    await router.ask(request);
    const came = upstream.came.all.map(({ url, headers }) => [url, headers["x-forwarded-for"]]);
    expect(came.sort()).toEqual([
      ["/", "127.0.0.1"],
      ["/next", "b, 127.0.0.1"],
    ]);
  });

  it("in a body that nobody wanted is not read as one", async () => {
    await using upstream = await openRaw((wire) => {
      void wire
        .take("\r\n\r\n")
        .then(() => wire.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(`${headOf("POST", "/", `Content-Length: ${hidden.length + 1}`)}x`);
    await client.take(/^HTTP\/1\.1 200 .*\r\n\r\n/s);
    client.write(hidden + get);
    await client.take(/^HTTP\/1\.1 200 .*\r\n\r\n/s);
    const [, second] = upstream.came.all;
    expect(upstream.connections).toBe(2);
    expect(second?.received).not.toContain("hidden");
  });
});
