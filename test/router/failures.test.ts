import { describe, expect, it } from "vitest";
import { noRoutes, type Route, type RouteTable } from "../../src/core/routes.ts";
import {
  bodyOf,
  get,
  headOf,
  lastGet,
  lastOfAll,
  lastPost,
  statusOf,
} from "../support/http-text.ts";
import { serveRouter } from "../support/served-router.ts";
import { openHttp, openRaw, refusing } from "../support/upstream.ts";
import type { Wire } from "../support/wire.ts";

function tableOf(...routes: readonly Route[]): RouteTable {
  return { routes, absence: noRoutes.absence };
}

const starting: RouteTable = {
  routes: [],
  absence: { is: "starting", reason: "web.1 is starting" },
};

/** Reads a request, and says that. */
function saying(text: string): (wire: Wire) => void {
  return (wire) => {
    void wire.take("\r\n\r\n").then(() => {
      wire.write(text);
      wire.end();
    });
  };
}

describe("a process that closes without an answer", () => {
  it.each<[method: string, request: string, times: number]>([
    ["GET", lastGet, 2],
    ["HEAD", headOf("HEAD", "/", lastOfAll), 2],
    ["DELETE", headOf("DELETE", "/", lastOfAll), 2],
    ["POST", lastPost("abc"), 1],
    ["POST without a body", lastPost(""), 1],
    ["PUT with a body", lastPost("abc").replace("POST", "PUT"), 1],
  ])("gets a %s, which in all is sent this often: %#", async (_, request, times) => {
    await using one = await openRaw(saying(""), "web.1");
    await using two = await openRaw(saying(""), "web.2");
    await using three = await openRaw(saying(""), "web.3");
    await using router = await serveRouter([one.route, two.route, three.route]);
    expect(statusOf(await router.ask(request))).toBe(503);
    expect([one, two, three].flatMap(({ came }) => came.all)).toHaveLength(times);
    expect(await router.logged.next()).toMatchObject({
      error: "H13",
      status: 503,
      instance: `web.${times}`,
    });
  });

  it("is not noticed when another answers", async () => {
    await using one = await openRaw(saying(""), "web.1");
    await using two = await openHttp((_, response) => response.end("two"), "web.2");
    await using router = await serveRouter([one.route, two.route]);
    expect(bodyOf(await router.ask(lastGet))).toContain("two");
    expect(await router.logged.next()).toMatchObject({ error: undefined, instance: "web.2" });
  });

  it("does so in the middle of a request, and the client is told", async () => {
    await using upstream = await openRaw((wire) => {
      void wire.take("abc").then(() => wire.destroy());
    });
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(`${headOf("POST", "/", "Content-Length: 1000", lastOfAll)}abc`);
    await client.take(/^HTTP\/1\.1 503 .*H13 /s);
  });
});

describe("a process that refuses", () => {
  it("is left alone for another, that gets all of the request", async () => {
    await using two = await openHttp((request, response) => request.pipe(response), "web.2");
    await using router = await serveRouter([await refusing("web.1"), two.route]);
    expect(bodyOf(await router.ask(lastPost("x".repeat(100_000))))).toContain("x".repeat(50_000));
    expect(bodyOf(await router.ask(lastPost("abc")))).toContain("abc");
    expect(await router.logged.next()).toMatchObject({ error: undefined, instance: "web.2" });
  });

  it("is waited for, and it may do better", async () => {
    const route = await refusing();
    await using router = await serveRouter([route]);
    await using client = await router.connect();
    client.write(lastGet);
    await router.held.next();
    await using upstream = await openHttp((_, response) => response.end("two"), "web.2");
    router.backends.follow(tableOf(upstream.route));
    expect(bodyOf(await client.untilEnd())).toContain("two");
  });

  it("is told of when there is no other", async () => {
    const route = await refusing();
    await using router = await serveRouter([route]);
    await using client = await router.connect();
    client.write(lastGet);
    await router.held.next();
    router.backends.follow(noRoutes);
    const reply = await client.untilEnd();
    expect(statusOf(reply)).toBe(503);
    expect(bodyOf(reply)).toMatch(
      `H21 Backend connection refused: web.1 takes no connections on port ${route.port} (ECONNREFUSED)\n`,
    );
    expect(await router.logged.next()).toMatchObject({ error: "H21", connectMs: undefined });
  });
});

describe("a process that answers with what is no HTTP", () => {
  it.each<[what: string, text: string]>([
    ["words", "hello\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    ["a broken field", "HTTP/1.1 200 OK\r\nX\x00: 1\r\n\r\n"],
    ["too large a head", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(2 ** 17)}\r\n\r\n`],
  ])("is told of: %s", async (_, text) => {
    await using upstream = await openRaw(saying(text));
    await using router = await serveRouter([upstream.route]);
    const reply = await router.ask(lastGet);
    expect(statusOf(reply)).toBe(503);
    expect(bodyOf(reply)).toMatch(/^H17 Poorly formatted HTTP response: web\.1 has sent /);
    expect(await router.logged.next()).toMatchObject({ error: "H17", status: 503 });
  });
});

describe("a process that breaks off", () => {
  it.each<[what: string, fields: string]>([
    ["with a length", "Content-Length: 10\r\n\r\nabc"],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
    ["in a chunk", "Transfer-Encoding: chunked\r\n\r\n9\r\nabc"],
    ["with a broken chunk", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n"],
  ])("has the client cut off: an answer %s", async (_, text) => {
    await using upstream = await openRaw(saying(`HTTP/1.1 200 OK\r\n${text}`));
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(get);
    expect(await client.untilEnd()).not.toMatch(/0\r\n\r\n$/);
    expect(await router.logged.next()).toMatchObject({
      error: "H18",
      status: 503,
      instance: "web.1",
      bytes: 3,
    });
  });
});

describe("a client that goes away", () => {
  const gone = { error: "H27", status: 499 };

  it("has its request ended", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const client = await router.connect();
    client.write(get);
    const wire = await upstream.came.next();
    await wire.take("\r\n\r\n");
    client.destroy();
    await wire.untilEnd();
    expect(await router.logged.next()).toMatchObject({ ...gone, instance: "web.1", bytes: 0 });
  });

  it("has it ended in the middle of the answer", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const client = await router.connect();
    client.write(get);
    const wire = await upstream.came.next();
    await wire.take("\r\n\r\n");
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    await client.take("abc");
    client.destroy();
    await wire.untilEnd();
    expect(await router.logged.next()).toMatchObject({ ...gone, bytes: 3 });
  });

  it("has it ended in the middle of the request", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const client = await router.connect();
    client.write(`${headOf("POST", "/", "Content-Length: 10")}abc`);
    const wire = await upstream.came.next();
    await wire.take("abc");
    client.destroy();
    await wire.untilEnd();
    expect(wire.received).toBe("");
    expect(await router.logged.next()).toMatchObject(gone);
  });

  it("does not leave its request waiting", async () => {
    await using upstream = await openHttp((_, response) => response.end("x"));
    await using router = await serveRouter(starting);
    const client = await router.connect();
    client.write(get);
    await router.held.next();
    client.destroy();
    expect(await router.logged.next()).toMatchObject({ ...gone, instance: "" });
    router.backends.follow(tableOf(upstream.route));
    await router.ask(lastGet);
    expect(upstream.came.all).toHaveLength(1);
  });
});

describe("a process that does not answer in time", () => {
  it("is told of", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route], { timeoutMs: 50 });
    const reply = await router.ask(lastGet);
    expect(statusOf(reply)).toBe(503);
    expect(bodyOf(reply)).toMatch(/^H12 Request timeout: web\.1 has not answered within 0\.05 s\n/);
    expect(await router.logged.next()).toMatchObject({ error: "H12", instance: "web.1" });
    expect(upstream.came.all).toHaveLength(1);
  });

  it("has the time from the end of the request", async () => {
    await using upstream = await openHttp((request, response) => {
      if (request.method === "POST") request.resume().once("end", () => response.end("done"));
    });
    await using router = await serveRouter([upstream.route], { timeoutMs: 50 });
    await using client = await router.connect();
    client.write(`${headOf("POST", "/", "Content-Length: 6", lastOfAll)}abc`);
    await upstream.came.next();
    for (let times = 0; times < 2; times += 1) expect(await router.ask(lastGet)).toContain("H12");
    client.write("abc");
    expect(bodyOf(await client.untilEnd())).toContain("done");
  });

  it("has all the time for the rest of an answer", async () => {
    await using upstream = await openHttp((request, response) => {
      if (request.method === "POST") response.write("first");
    });
    await using router = await serveRouter([upstream.route], { timeoutMs: 50 });
    await using client = await router.connect();
    client.write(lastPost(""));
    await client.take("first");
    for (let times = 0; times < 2; times += 1) expect(await router.ask(lastGet)).toContain("H12");
    expect(client.hasEnded).toBe(false);
  });
});

describe("when nobody takes requests", () => {
  it("a client is told", async () => {
    await using router = await serveRouter(noRoutes);
    const reply = await router.ask(
      headOf("GET", "/", "X-Request-Id: a1234567890123456789", lastOfAll),
    );
    expect(statusOf(reply)).toBe(503);
    expect(reply).toContain("Content-Type: text/plain; charset=utf-8\r\n");
    expect(reply).toContain("Cache-Control: no-store\r\n");
    expect(bodyOf(reply)).toBe(
      "H14 No web processes running: web has no process that runs\n" +
        "Start one with: procman scale web=1, or, if it was stopped, procman restart web\n" +
        "Request a1234567890123456789\n",
    );
    expect(await router.logged.next()).toMatchObject({
      error: "H14",
      instance: "",
      connectMs: undefined,
      serviceMs: undefined,
      bytes: bodyOf(reply).length,
    });
  });

  it("a browser shows it", async () => {
    await using router = await serveRouter(noRoutes);
    const reply = await router.ask(headOf("GET", "/", "Accept: text/html, */*", lastOfAll));
    expect(reply).toContain("Content-Type: text/html; charset=utf-8\r\n");
    expect(bodyOf(reply)).toMatch(/^<!doctype html>.*<h1>H14 No web processes running<\/h1>/s);
  });

  it("HEAD has no body", async () => {
    await using router = await serveRouter(noRoutes);
    expect(bodyOf(await router.ask(headOf("HEAD", "/", lastOfAll)))).toBe("");
    expect(await router.logged.next()).toMatchObject({ error: "H14", bytes: 0 });
  });

  it("a connection stays good for the next request", async () => {
    await using router = await serveRouter(noRoutes);
    await using client = await router.connect();
    client.write(`${headOf("POST", "/", "Content-Length: 70000")}${"x".repeat(70_000)}`);
    await client.take("H14");
    client.write(get);
    await client.take("H14");
  });

  it("but one starts, a request waits for it", async () => {
    await using upstream = await openHttp((_, response) => response.end("there"));
    await using router = await serveRouter(starting);
    await using client = await router.connect();
    client.write(lastGet);
    await router.held.next();
    router.backends.follow(tableOf(upstream.route));
    expect(bodyOf(await client.untilEnd())).toContain("there");
  });

  it.each<[absence: RouteTable["absence"], line: string]>([
    [{ is: "none" }, "H14 No web processes running: web has no process that runs"],
    [{ is: "crashed", reason: "web.1 is exited" }, "H10 App crashed: web.1 is exited"],
  ])("and none will come after all, a request is told: %j", async (absence, line) => {
    await using router = await serveRouter(starting);
    await using client = await router.connect();
    client.write(lastGet);
    await router.held.next();
    router.backends.follow({ routes: [], absence });
    const reply = await client.untilEnd();
    expect(statusOf(reply)).toBe(503);
    expect(bodyOf(reply)).toContain(line);
  });
});

describe("a process that is leaving", () => {
  it("is drained when its last request is over, and not before", async () => {
    await using one = await openRaw(() => {}, "web.1");
    await using two = await openHttp((_, response) => response.end("two"), "web.2");
    await using router = await serveRouter([one.route, two.route]);
    await using client = await router.connect();
    client.write(lastGet);
    const wire = await one.came.next();
    await wire.take("\r\n\r\n");
    router.backends.drain(one.route);
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
    await client.take("\r\n\r\na");
    for (let count = 0; count < 3; count += 1) {
      expect(bodyOf(await router.ask(lastGet))).toContain("two");
    }
    expect(router.drained.all).toEqual([]);
    wire.write("b");
    expect(await router.drained.next()).toEqual(one.route);
    expect(await client.untilEnd()).toBe("b");
    expect(one.connections).toBe(1);
  });

  it("is drained at once when it has none", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    router.backends.drain(upstream.route);
    expect(router.drained.all).toEqual([upstream.route]);
  });

  it("is drained when the client of the last one goes away", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const client = await router.connect();
    client.write(get);
    await (await upstream.came.next()).take("\r\n\r\n");
    router.backends.drain(upstream.route);
    expect(router.drained.all).toEqual([]);
    client.destroy();
    expect(await router.drained.next()).toEqual(upstream.route);
  });
});
