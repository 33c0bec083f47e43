import { once } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createHttpServer,
  type Handler,
  type HttpServer,
  type Limits,
  usualLimits,
} from "../../src/control/http.ts";
import { failure, json, type Reply } from "../../src/control/reply.ts";
import { bodyOf, closed, get, hold, request, statusOf, talk } from "../support/raw-client.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;
let path: string;
let http: HttpServer | undefined;
let errors: unknown[];

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  path = join(folder.path, "control");
  errors = [];
});

afterEach(async () => {
  await http?.close();
  await folder[Symbol.asyncDispose]();
  expect(errors).toEqual([]);
});

/** Answers with what it was asked, unless it is told otherwise. */
async function serve(
  limits: Partial<Limits> = {},
  answer: Handler["answer"] = (_, body) => Promise.resolve(json({ body })),
  findObjection: Handler["findObjection"] = () => undefined,
): Promise<void> {
  const onError = (error: unknown) => errors.push(error);
  http = createHttpServer({ answer, findObjection }, { ...usualLimits, ...limits }, onError);
  http.server.listen(path);
  await once(http.server, "listening");
}

function streaming(pieces: AsyncIterable<string | Uint8Array>): Reply {
  return { is: "stream", contentType: "text/plain", headers: {}, pieces };
}

async function expectAlive(): Promise<void> {
  expect(statusOf(await talk({ path }, get("/")))).toBe(200);
}

describe("a request", () => {
  it("is answered, and the connection closed", async () => {
    await serve();
    const reply = await talk({ path }, request("POST", "/", {}, '{"a":"ä"}'));
    expect(statusOf(reply)).toBe(200);
    expect(JSON.parse(Buffer.from(bodyOf(reply), "latin1").toString())).toEqual({
      body: { a: "ä" },
    });
    expect(reply).toMatch(/^connection: close\r$/im);
  });

  it("in HTTP/1.1, with a body in chunks, is too", async () => {
    await serve();
    const head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    const reply = await talk({ path }, `${head}2\r\n{"\r\n5\r\na":1}\r\n0\r\n\r\n`);
    expect(JSON.parse(bodyOf(reply))).toEqual({ body: { a: 1 } });
  });

  it("that expects what nobody knows is answered like any other", async () => {
    await serve();
    const reply = await talk({ path }, request("POST", "/", { Expect: "a miracle" }, '{"a":1}'));
    expect(statusOf(reply)).toBe(200);
    expect(JSON.parse(bodyOf(reply))).toEqual({ body: { a: 1 } });
  });

  it("that comes behind another on the same connection is not answered", async () => {
    let count = 0;
    await serve({}, () => {
      count += 1;
      return Promise.resolve(json(count));
    });
    const text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const reply = await talk({ path }, text.repeat(3));
    expect(reply.match(/HTTP\/1.1 200/g)?.length).toBe(1);
  });

  it("that is objected to is answered before its body is there", async () => {
    await serve({}, undefined, () => failure("unauthorized", "No"));
    const reply = await talk({ path }, "POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
    expect(statusOf(reply)).toBe(401);
  });

  it("that the answer fails for is a 500, and told", async () => {
    await serve({}, () => Promise.reject(new Error("a bug")));
    const reply = await talk({ path }, get("/"));
    expect(statusOf(reply)).toBe(500);
    expect(reply).not.toContain("a bug");
    expect(errors.splice(0)).toEqual([new Error("a bug")]);
  });
});

describe("whoever is hostile gets a status or a closed connection", () => {
  const garbage = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(100);

  it.each<[name: string, bytes: string, status: number]>([
    ["garbage", garbage, 400],
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", 400],
    ["a method that is none", "BREW / HTTP/1.1\r\n\r\n", 400],
    ["two lengths", "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
    ["a head of 10 MB", `GET / HTTP/1.1\r\nX: ${"x".repeat(10_000_000)}\r\n\r\n`, 431],
    ["a path of 10 MB", `GET /${"x".repeat(10_000_000)} HTTP/1.1\r\n\r\n`, 431],
    ["a thousand headers", `GET / HTTP/1.1\r\n${"X: x\r\n".repeat(10_000)}\r\n`, 431],
    ["no JSON", request("POST", "/", {}, "{"), 400],
    ["a body of 2 MiB", request("POST", "/", {}, `"${"x".repeat(2 * 1024 * 1024)}"`), 413],
  ])("%s", async (_, bytes, status) => {
    await serve();
    const reply = await talk({ path }, Buffer.from(bytes, "latin1"));
    // A status may be lost to a client that is still writing.
    if (reply !== "") {
      expect(statusOf(reply)).toBe(status);
      expect(JSON.parse(bodyOf(reply))).toEqual({
        id: expect.any(String),
        message: expect.any(String),
      });
    }
    await expectAlive();
  });

  it("a tunnel, and another protocol on the same connection", async () => {
    await serve();
    expect(await talk({ path }, "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n")).toBe("");
    const upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
    await talk({ path }, `GET / HTTP/1.1\r\n${upgrade}\r\n`);
    await expectAlive();
  });

  it("a connection on which nothing comes", async () => {
    await serve({ headMs: 20 });
    const reply = await talk({ path }, "");
    expect(statusOf(reply)).toBe(408);
  });

  it("a head that does not end, however busy its sender is", async () => {
    await serve({ headMs: 50 });
    const socket = await hold({ path }, "GET / HTTP/1.1\r\n");
    let hasEnded = false;
    const ended = closed(socket).then(() => {
      hasEnded = true;
    });
    socket.resume();
    while (!hasEnded) {
      socket.write("X: x\r\n");
      await new Promise(setImmediate);
    }
    await ended;
  });

  it("a body that does not come", async () => {
    await serve({ bodyMs: 20 });
    const reply = await talk({ path }, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{");
    expect(statusOf(reply)).toBe(408);
  });

  it("a request that is cut off, which is not carried out", async () => {
    const asked: unknown[] = [];
    await serve({}, (_, body) => {
      asked.push(body);
      return Promise.resolve(json({}));
    });
    for (const text of ["", "{}"]) {
      const socket = await hold({ path }, `POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n${text}`);
      socket.end();
      socket.resume();
      await closed(socket);
    }
    await expectAlive();
    expect(asked).toEqual([undefined]);
  });

  it("a reply that is not taken", async () => {
    const body = "x".repeat(10_000_000);
    await serve({ bodyMs: 50 }, () => Promise.resolve(json(body)));
    const connection = once(http?.server ?? fail(), "connection");
    const socket = await hold({ path }, get("/"));
    const [served] = (await connection) as [Socket];
    await closed(served);
    socket.destroy();
  });

  it("one connection too many", async () => {
    await serve({ connections: 2 });
    const held = [await hold({ path }), await hold({ path })];
    expect(statusOf(await talk({ path }, get("/")))).toBe(429);
    const [first] = held;
    first?.destroy();
    for (let status = 429; status === 429; ) {
      status = statusOf(await talk({ path }, get("/")));
    }
    for (const socket of held) socket.destroy();
    await expectAlive();
  });

  it("a thousand who connect and leave", async () => {
    await serve();
    for (let count = 0; count < 1_000; count += 1) {
      const arrival = once(http?.server ?? fail(), "connection");
      const socket = await hold({ path }, "GET /");
      await arrival;
      socket.destroy();
    }
    await expectAlive();
  });

  it("bytes by chance", async () => {
    await serve();
    const words = fc.constantFrom(
      "GET ",
      "POST ",
      "/",
      " HTTP/1.1",
      "\r\n",
      "Content-Length: ",
      "9",
    );
    const noise = fc.string({ unit: "binary", maxLength: 20 });
    const bytes = fc.array(fc.oneof(words, noise), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(bytes, async (parts) => {
        const socket = await hold({ path }, parts.join(""));
        socket.end();
        socket.resume();
        await closed(socket);
      }),
      { numRuns: 200 },
    );
    await expectAlive();
  });
});

describe("a stream", () => {
  it("begins before its first piece, and is told when its reader goes", async () => {
    const givenUp = new Promise<void>((resolve) => {
      void serve({}, (_, __, signal) => {
        signal.addEventListener("abort", () => resolve());
        return Promise.resolve(streaming(silence(signal)));
      });
    });
    await new Promise(setImmediate);
    const socket = await hold({ path }, get("/"));
    const [head] = await once(socket, "data");
    expect(String(head)).toMatch(/^HTTP\/1.1 200/);
    socket.destroy();
    await givenUp;
  });

  it("is ended when a piece comes after its reader has gone", async () => {
    let onEnd = () => {};
    const ended = new Promise<void>((resolve) => {
      onEnd = resolve;
    });
    async function* late(signal: AbortSignal): AsyncGenerator<string> {
      try {
        await once(signal, "abort");
        yield "late";
      } finally {
        onEnd();
      }
    }
    await serve({}, (_, __, signal) => Promise.resolve(streaming(late(signal))));
    const socket = await hold({ path }, get("/"));
    await once(socket, "data");
    socket.destroy();
    await ended;
  });

  it("waits for who does not read, and for nobody else", async () => {
    const piece = Buffer.alloc(64 * 1024);
    const asked = { stuck: 0, eager: 0 };
    await serve({}, ({ url = "" }) => {
      const who = url === "/stuck" ? "stuck" : "eager";
      return Promise.resolve(
        streaming(
          (async function* () {
            for (; asked.eager < 1_000; asked[who] += 1) yield piece;
          })(),
        ),
      );
    });
    const stuck = await hold({ path }, get("/stuck"));
    expect((await talk({ path }, get("/eager"))).length).toBeGreaterThan(60_000_000);
    expect(asked.stuck).toBeLessThan((8 * 1024 * 1024) / piece.length);
    stuck.destroy();
  });

  it("that fails is cut off, and told", async () => {
    await serve({}, () => Promise.resolve(streaming(failing())));
    const reply = await talk({ path }, "GET / HTTP/1.1\r\n\r\n");
    expect(reply).toMatch(/^HTTP\/1.1 200/);
    // The end of the chunks is missing, so that the reader knows.
    expect(reply.endsWith("0\r\n\r\n")).toBe(false);
    expect(errors.splice(0)).toEqual([new Error("disk")]);
  });

  it("ends well when the server is closed", async () => {
    await serve({}, (_, __, signal) => Promise.resolve(streaming(silence(signal))));
    const reply = talk({ path }, "GET / HTTP/1.1\r\n\r\n");
    const [, response] = (await once(http?.server ?? fail(), "request")) as [
      unknown,
      NodeJS.EventEmitter,
    ];
    while (!("headersSent" in response && response.headersSent)) await new Promise(setImmediate);
    await http?.close();
    expect((await reply).endsWith("0\r\n\r\n")).toBe(true);
  });

  async function* failing() {
    yield "one";
    await Promise.resolve();
    throw new Error("disk");
  }

  async function* silence(signal: AbortSignal): AsyncGenerator<string> {
    await once(signal, "abort");
    yield* [];
  }
});

describe("to close", () => {
  it("cuts off who does not read", async () => {
    await serve({}, () => Promise.resolve(json("x".repeat(10_000_000))));
    const socket = await hold({ path }, get("/"));
    await once(http?.server ?? fail(), "request");
    await http?.close();
    socket.destroy();
  });

  it("waits for nobody who asks for nothing", async () => {
    await serve();
    const arrival = once(http?.server ?? fail(), "connection");
    await hold({ path });
    await arrival;
    const cutOff = vi.spyOn(http?.server ?? fail(), "closeAllConnections");
    await http?.close();
    expect(cutOff).not.toHaveBeenCalled();
  });
});

function fail(): never {
  throw new Error("no server");
}
