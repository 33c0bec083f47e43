import { describe, expect, it } from "vitest";
import { noRoutes } from "../../src/core/routes.ts";
import { bodyOf, get, headOf, lastGet, statusOf } from "../support/http-text.ts";
import { type ServedRouter, serveRouter } from "../support/served-router.ts";
import { openHttp, openRaw, refusing } from "../support/upstream.ts";
import type { Wire } from "../support/wire.ts";

const asking = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: abc"];
const upgrade = headOf("GET", "/socket", ...asking);
const accepted =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: \xe9\r\n\r\n";

interface Joined {
  readonly client: Wire;
  readonly process: Wire;
}

/** What comes behind its words is from the one to the other. */
async function join(router: ServedRouter, upstream: Awaited<ReturnType<typeof openRaw>>) {
  const client = await router.connect();
  client.write(upgrade);
  const process = await upstream.came.next();
  await process.take("\r\n\r\n");
  process.write(accepted);
  await client.take("\r\n\r\n");
  const joined: Joined = { client, process };
  return joined;
}

describe("a connection that becomes something else", () => {
  it("is asked for and granted as it was, but for the way it came", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(upgrade);
    const process = await upstream.came.next();
    const asked = await process.take(/^.*\r\n\r\n/s);
    expect(asked).toMatch(/^GET \/socket HTTP\/1\.1\r\n/);
    expect(asked).toContain("\r\nSec-WebSocket-Key: abc\r\n");
    expect(asked).toContain("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    expect(asked).toContain("\r\nX-Forwarded-For: 127.0.0.1\r\n");
    expect(asked.match(/\r\nHost: a\r\n/gi)).toHaveLength(1);
    process.write(accepted);
    expect(await client.take(/^.*\r\n\r\n/s)).toBe(accepted);
  });

  it("carries bytes both ways", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const { client, process } = await join(router, upstream);
    client.write("\x00\xff\r\n");
    await process.take("\x00\xff\r\n");
    process.write("HTTP/1.1 \x80");
    await client.take("HTTP/1.1 \x80");
    client.write(get);
    await process.take(get);
    client.destroy();
  });

  it("carries what was sent with the asking and with the grant", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    await using client = await router.connect();
    client.write(`${upgrade}early`);
    const process = await upstream.came.next();
    await process.take("\r\n\r\n");
    process.write(`${accepted}soon`);
    await client.take(`${accepted}soon`);
    await process.take(/^early/);
  });

  it("carries on to the client when that says no more", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const { client, process } = await join(router, upstream);
    client.write("last");
    client.end();
    expect(await process.untilEnd()).toBe("last");
    process.write("answer");
    await client.take("answer");
    process.end();
    await client.untilClosed();
  });

  it.each<[who: keyof Joined, other: keyof Joined]>([
    ["client", "process"],
    ["process", "client"],
  ])("ends for both when the %s goes away, and is logged then", async (who, other) => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const joined = await join(router, upstream);
    joined.process.write("abc");
    await joined.client.take("abc");
    expect(router.logged.all).toEqual([]);
    joined[who].destroy();
    await joined[other].untilEnd();
    joined[other].destroy();
    expect(await router.logged.next()).toMatchObject({
      error: undefined,
      status: 101,
      method: "GET",
      path: "/socket",
      instance: "web.1",
      bytes: 3,
    });
  });

  it("is nothing that a process has to be waited for", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const { client } = await join(router, upstream);
    router.backends.drain(upstream.route);
    expect(await router.drained.next()).toEqual(upstream.route);
    client.destroy();
  });

  it("may bring its client back to the process", async () => {
    await using upstream = await openRaw((wire) => {
      void wire.take("\r\n\r\n").then(() => wire.write(accepted));
    });
    await using router = await serveRouter([upstream.route], { isSticky: true });
    await using client = await router.connect();
    client.write(upgrade);
    await client.take(/^HTTP\/1\.1 101 .*\r\nSet-Cookie: procman_web=web\.1; .*\r\n\r\n/s);
  });

  it("is only read as fast as the other side takes it", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const { client, process } = await join(router, upstream);
    client.socket.pause();
    const piece = Buffer.alloc(2 ** 20);
    for (let sent = 0; sent < 64; sent += 1) process.socket.write(piece);
    process.write("end");
    client.write("x");
    await process.take("x");
    expect(process.socket.writableLength).toBeGreaterThan(2 ** 24);
    client.socket.resume();
    await client.take(/end$/);
    client.destroy();
  });
});

describe("an upgrade that is not granted", () => {
  it("is answered like any request, and the connection ends", async () => {
    await using upstream = await openHttp((_, response) => {
      response.writeHead(426, { "X-Odd": "1" }).end("no");
    });
    await using router = await serveRouter([upstream.route]);
    const reply = await router.ask(upgrade + lastGet);
    expect(statusOf(reply)).toBe(426);
    expect(reply).toContain("X-Odd: 1\r\n");
    expect(bodyOf(reply)).toContain("no");
    expect(upstream.came.all).toHaveLength(1);
    expect(await router.logged.next()).toMatchObject({ error: undefined, status: 426, bytes: 2 });
  });

  it("is cut off when the answer is", async () => {
    await using upstream = await openRaw((wire) => {
      void wire.take("\r\n\r\n").then(() => {
        wire.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        wire.end();
      });
    });
    await using router = await serveRouter([upstream.route]);
    await router.ask(upgrade);
    expect(await router.logged.next()).toMatchObject({ error: "H18", instance: "web.1" });
  });

  it.each<[what: string, text: string, code: string, times: readonly number[]]>([
    ["nothing", "", "H13", [1, 1]],
    ["no HTTP", "hello\r\n\r\n", "H17", [1, 0]],
  ])("by a process that says %s is told of", async (_, text, code, times) => {
    const say = (wire: Wire) => {
      void wire.take("\r\n\r\n").then(() => {
        wire.write(text);
        wire.end();
      });
    };
    await using one = await openRaw(say, "web.1");
    await using two = await openRaw(say, "web.2");
    await using router = await serveRouter([one.route, two.route]);
    const reply = await router.ask(upgrade);
    expect(statusOf(reply)).toBe(503);
    expect(bodyOf(reply)).toContain(code);
    expect([one.connections, two.connections]).toEqual(times);
  });

  it("by a process that refuses is asked of another", async () => {
    await using two = await openRaw(() => {}, "web.2");
    await using router = await serveRouter([await refusing(), two.route]);
    const { client, process } = await join(router, two);
    client.destroy();
    process.destroy();
    expect(await router.logged.next()).toMatchObject({ status: 101, instance: "web.2" });
  });

  it("as nobody takes requests is told of", async () => {
    await using router = await serveRouter(noRoutes);
    const reply = await router.ask(upgrade);
    expect(statusOf(reply)).toBe(503);
    expect(bodyOf(reply)).toContain("H14 No web processes running");
    expect(await router.logged.next()).toMatchObject({ error: "H14", instance: "" });
  });

  it("in time is told of", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route], { timeoutMs: 50 });
    expect(bodyOf(await router.ask(upgrade))).toContain("H12 Request timeout");
    expect(await router.logged.next()).toMatchObject({ error: "H12", instance: "web.1" });
  });

  it("before the client goes away is ended", async () => {
    await using upstream = await openRaw();
    await using router = await serveRouter([upstream.route]);
    const client = await router.connect();
    client.write(upgrade);
    const process = await upstream.came.next();
    await process.take("\r\n\r\n");
    client.socket.resetAndDestroy();
    await process.untilEnd();
    expect(await router.logged.next()).toMatchObject({ error: "H27", status: 499 });
  });

  it("with a body could be anything", async () => {
    await using upstream = await openHttp((_, response) => response.end());
    await using router = await serveRouter([upstream.route]);
    const request = headOf("POST", "/", ...asking, "Content-Length: 3");
    expect(statusOf(await router.ask(`${request}abc`))).toBe(400);
    expect(upstream.came.all).toEqual([]);
  });
});
