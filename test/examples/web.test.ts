import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App, type Started } from "./app.ts";

vi.setConfig({ testTimeout: 30_000 });

const clean = { code: 0, signal: null };

let app: App;
let web: Started;
let port: number;
let url: string;

beforeEach(async () => {
  app = await App.create();
  web = app.start("web");
  port = Number(await web.line(/listening on port (\d+)/));
  url = `http://127.0.0.1:${port}`;
});

afterEach(() => app.dispose());

describe("the web example's endpoints", () => {
  it("says at / what the app is", async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toContain("/api/stats");
  });

  it("is healthy, whatever the query", async () => {
    const response = await fetch(`${url}/health?verbose=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ status: "ok" });
  });

  it("answers HEAD like GET, without the body", async () => {
    const response = await fetch(`${url}/health`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("15");
    expect(await response.text()).toBe("");
  });

  it("counts the jobs", async () => {
    await app.enqueue([{ durationMs: 1 }, { durationMs: 1 }]);
    const response = await fetch(`${url}/api/stats`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      queued: 2,
      running: 0,
      done: 0,
      failed: 0,
      uptimeSeconds: expect.any(Number),
    });
  });

  it("knows no other paths", async () => {
    const response = await fetch(`${url}/healthy`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: "not found" });
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("does not allow %s", async (method) => {
    const response = await fetch(`${url}/health`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(await response.json()).toEqual({ error: "method not allowed" });
  });

  it("survives an error in a handler", async () => {
    await rm(app.folder, { recursive: true });
    const response = await fetch(`${url}/api/stats`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: "internal server error" });
    await web.line(/^level=error msg="request failed" path=\/api\/stats error="Error: ENOENT/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

it("says that its port is taken, and fails", async () => {
  const second = app.start("web", { PORT: String(port) });
  expect(await second.exit).toEqual({ code: 1, signal: null });
  expect(second.lines).toEqual([`level=error msg="port ${port} is already in use"`]);
});

describe("the web example's shutdown", () => {
  it("finishes a request in flight", async () => {
    const socket = connect(port, "127.0.0.1");
    // The answer to the first request shows that the beginning of the second has arrived as well.
    socket.write("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /api/stats HTTP/1.1\r\nHost: a\r\n");
    const [first] = await once(socket, "data");
    expect(String(first)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);

    web.kill("SIGTERM");
    await web.line(/shutting down/);
    socket.write("\r\n");
    const second = await text(socket);
    expect(second).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(second).toMatch(/^Connection: close\r$/m);
    expect(second).toMatch(/"queued":0/);
    expect(await web.exit).toEqual(clean);
  });

  it("waits neither for idle connections nor for ones that never asked for anything", async () => {
    const silent = connect(port, "127.0.0.1");
    await once(silent, "connect");
    const idle = connect(port, "127.0.0.1");
    idle.write("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(idle, "data");

    const closed = Promise.all([once(silent, "close"), once(idle, "close")]);
    web.kill("SIGTERM");
    silent.resume();
    idle.resume();
    await closed;
    expect(await web.exit).toEqual(clean);
  });

  it("stops accepting", async () => {
    const held = connect(port, "127.0.0.1");
    held.write("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n");
    await once(held, "data");
    web.kill("SIGTERM");
    await web.line(/shutting down/);
    await expect(once(connect(port, "127.0.0.1"), "connect")).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    held.write("\r\n");
    await text(held);
    expect(await web.exit).toEqual(clean);
  });
});
