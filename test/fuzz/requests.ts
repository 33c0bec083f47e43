/** Control requests: as the calls of the API, and as bytes on the socket of a real server. */
import { connect } from "node:net";
import { createLogSessions } from "../../src/control/log-sessions.ts";
import type { Reply } from "../../src/control/reply.ts";
import { answer } from "../../src/control/routes.ts";
import { type ControlServer, serveControl } from "../../src/control/server.ts";
import { createFakeApp, type FakeApp } from "../support/fake-app.ts";
import { createFakeLog, logLine } from "../support/fake-log.ts";
import { bodyOf, get, statusOf } from "../support/raw-client.ts";

export interface RequestTarget {
  /** As if the bytes had been read by a perfect HTTP. */
  call(bytes: Buffer): Promise<void>;
  /** On the socket. */
  send(bytes: Buffer): Promise<void>;
  /** A proper request is answered. */
  ping(): Promise<void>;
  /** And nobody waits for anything any more. */
  close(): Promise<void>;
}

/** A mistake of the client is never this. */
const serverMistake = 500;
const maxInstances = 100;

export async function openRequestTarget(folder: string): Promise<RequestTarget> {
  const app = smallApp();
  const log = createFakeLog();
  log.add(logLine("web.1", "one"), logLine("worker.1", "two"));
  const errors: unknown[] = [];
  const server = await serveControl({
    app,
    log,
    version: "1.2.3",
    folder,
    isPatient: false,
    onError: (error) => errors.push(error),
  });
  const sessions = createLogSessions(() => performance.now());
  const api = { app, log, sessions, user: "marc", version: "1.2.3" };

  return {
    async call(bytes) {
      const [, method = "", target = ""] = /^(\S*) (\S*)/.exec(bytes.toString()) ?? [];
      const end = new AbortController();
      const reply = await answer(api, {
        method,
        target,
        body: bodyIn(bytes),
        by: "fuzz",
        base: "http://localhost",
        accept: "",
        lastEventId: bytes.toString("latin1", 0, 10),
        givenUp: end.signal,
      });
      end.abort();
      await expectReply(reply);
    },
    async send(bytes) {
      expectRaw(await exchange(server, bytes));
      if (errors.length > 0) throw errors[0];
    },
    async ping() {
      const reply = await exchange(server, get("/procman/v1/ping"));
      if (statusOf(reply) !== 200) throw new Error(`no answer to a proper request: ${reply}`);
    },
    async close() {
      await server.close();
      const left = { waiting: app.waiting(), listeners: app.listeners() };
      if (left.waiting + left.listeners > 0) throw new Error(`left: ${JSON.stringify(left)}`);
    },
  };
}

/** The real one, too, refuses more than there is room for; here they would only cost time. */
function smallApp(): FakeApp {
  const app = createFakeApp();
  return {
    ...app,
    scale(changes, by) {
      const { length } = app.status().instances;
      const sum = changes.reduce((total, { amount }) => total + amount, length);
      const message = "too many";
      return sum > maxInstances
        ? { is: "refused", diagnostics: [{ severity: "error", file: "api", message }] }
        : app.scale(changes, by);
    },
  };
}

function bodyIn(bytes: Buffer): unknown {
  const text = bytes.toString();
  try {
    return JSON.parse(text.slice(text.search(/[[{]/)));
  } catch {
    return text.length % 2 === 0 ? undefined : { names: [text], dyno: text };
  }
}

async function expectReply(reply: Reply): Promise<void> {
  if (reply.is === "stream") {
    for await (const piece of reply.pieces) if (piece.length > 1e7) throw new Error("a flood");
    return;
  }
  expectRefusal(reply.status, reply.body);
}

function expectRefusal(status: number, body: unknown): void {
  if (status >= serverMistake) throw new Error(`${status}: ${JSON.stringify(body)}`);
  if (status < 400) return;
  const { id, message } = body as { id?: unknown; message?: unknown };
  if (typeof id !== "string" || typeof message !== "string" || message === "") {
    throw new Error(`${status} without an id and a message: ${JSON.stringify(body)}`);
  }
}

/** Nothing at all where the server has closed the connection while it was written to. */
function expectRaw(reply: string): void {
  if (reply === "" || reply.startsWith("HTTP/1.1 100 ")) return;
  const status = statusOf(reply);
  if (Number.isNaN(status)) throw new Error(`no reply: ${JSON.stringify(reply.slice(0, 100))}`);
  const body = bodyOf(reply);
  if (status >= 400 && body !== "") expectRefusal(status, JSON.parse(body));
}

/** What has come when the reply is whole, or when a stream has begun. */
function exchange(server: ControlServer, bytes: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ path: server.socket() });
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.end(bytes));
    socket.on("data", (chunk: Buffer | string) => {
      text += chunk;
      const length = /^content-length: *(\d+)\r$/im.exec(text)?.[1];
      const isWhole = text.includes("\r\n\r\n") && bodyOf(text).length >= Number(length ?? 0);
      if (isWhole) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}
