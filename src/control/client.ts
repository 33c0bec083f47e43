/**
 * Asks the API of a running app, and never waits for a procman that does not answer. Loads next to
 * nothing: HTTP/1.0 has no chunks and no second reply on a connection, so reading it takes no parser.
 */
import { Buffer } from "node:buffer";
import { readOwner } from "./owner.ts";

export type Answer =
  | {
      readonly is: "answered";
      readonly status: number;
      /** From JSON. */
      readonly body: unknown;
      /** Of a command. */
      readonly number: number | undefined;
    }
  /** In Heroku's form: nothing was done. */
  | {
      readonly is: "refused";
      readonly status: number;
      readonly id: string;
      readonly message: string;
    }
  /** It accepts connections, and that is all: it is stopped, or stuck. */
  | { readonly is: "silent"; readonly pid: number; readonly afterMs: number }
  /** Nobody is there to ask. */
  | { readonly is: "not-running" }
  /** It ended while it was asked; whether the command was carried out is not known. */
  | { readonly is: "gone"; readonly pid: number };

export interface Client {
  readonly pid: number;
  /** The whole answer has to come within the deadline. */
  ask(method: Method, path: string, body?: unknown): Promise<Answer>;
  /** Its head has to, which says that procman works on it. The rest may take as long as it takes. */
  askAndWait(method: Method, path: string, body?: unknown): Promise<Answer>;
}

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

export interface ClientOptions {
  /** The app's own folder. */
  readonly folder: string;
  /** As the log shall name it: `procman scale`. */
  readonly name: string;
  readonly deadlineMs?: number;
}

const usualDeadlineMs = 5_000;
/** While procman has too many connections. */
const floodMs = 3_000;
const firstPauseMs = 10;
const tooMany: Answer = {
  is: "refused",
  status: 429,
  id: "rate_limit",
  message: "procman has too many connections; try again",
};

/** Undefined when nobody runs the app. Somebody who says so may have been killed: an answer tells. */
export function findClient(options: ClientOptions): Client | undefined {
  const { folder, name, deadlineMs = usualDeadlineMs } = options;
  const owner = readOwner(folder);
  if (!owner) return undefined;
  const { pid, socket } = owner;

  async function send(
    waitsFor: "head" | "end",
    method: Method,
    path: string,
    body: unknown,
  ): Promise<Answer> {
    const request = formatRequest(method, path, name, body);
    // Of the clock that costs nothing to load.
    const startMs = process.uptime() * 1_000;
    for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
      const answer = toAnswer(
        await exchange(socket, request, deadlineMs, waitsFor),
        pid,
        deadlineMs,
      );
      const isFlooded = answer === "flooded" || (answer.is === "refused" && answer.status === 429);
      if (!isFlooded) return answer;
      if (process.uptime() * 1_000 + pauseMs - startMs > floodMs) {
        return answer === "flooded" ? tooMany : answer;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs);
      });
    }
  }

  return {
    pid,
    ask: (method, path, body) => send("end", method, path, body),
    askAndWait: (method, path, body) => send("head", method, path, body),
  };
}

function formatRequest(method: Method, path: string, name: string, body: unknown): Buffer {
  const text = body === undefined ? "" : JSON.stringify(body);
  const head = [
    `${method} ${path} HTTP/1.0`,
    `User-Agent: ${name}`,
    "Accept: application/vnd.heroku+json; version=3",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`);
}

type Exchange =
  /** All that came until the connection was closed, in good order or not. */
  | { readonly is: "closed"; readonly bytes: Buffer }
  | { readonly is: "late" }
  /** Nobody listens. */
  | { readonly is: "no-one" }
  /** More want to connect than the kernel keeps waiting, or than procman lets in. */
  | { readonly is: "flooded" };

const headEnd = "\r\n\r\n";

/** `by` the deadline the head of the reply must be there, or the end of the connection. */
async function exchange(
  path: string,
  request: Buffer,
  deadlineMs: number,
  by: "head" | "end",
): Promise<Exchange> {
  const { connect } = await import("node:net");
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ path });
    const settle = (outcome: Exchange) => {
      clearTimeout(timer);
      resolve(outcome);
      // Whoever ends with the answer does not wait for this.
      setImmediate(() => socket.destroy());
    };
    const timer = setTimeout(() => settle({ is: "late" }), deadlineMs);
    socket.once("connect", () => socket.write(request));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (by === "head" && bytes.includes(headEnd)) clearTimeout(timer);
      // Not to wait until the connection is closed, too, is felt by who types a command.
      if (isWhole(bytes)) settle({ is: "closed", bytes });
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      switch (error.code) {
        case "ECONNREFUSED":
        case "ENOENT":
          settle({ is: "no-one" });
          return;
        case "EAGAIN":
          settle({ is: "flooded" });
          return;
        case "EPIPE":
        case "ECONNRESET":
          // What was said before may still be an answer. Nothing at all means that the request has
          // not been read: to close what has been is no error here, but an end.
          settle(
            chunks.length === 0
              ? { is: "flooded" }
              : { is: "closed", bytes: Buffer.concat(chunks) },
          );
          return;
        default:
          clearTimeout(timer);
          reject(error);
      }
    });
    socket.once("close", () => settle({ is: "closed", bytes: Buffer.concat(chunks) }));
  });
}

function toAnswer(exchanged: Exchange, pid: number, deadlineMs: number): Answer | "flooded" {
  switch (exchanged.is) {
    case "late":
      return { is: "silent", pid, afterMs: deadlineMs };
    case "no-one":
      return { is: "not-running" };
    case "flooded":
      return "flooded";
    case "closed":
      return readAnswer(exchanged.bytes) ?? { is: "gone", pid };
  }
}

interface Parts {
  readonly head: string;
  readonly rest: Buffer;
  /** Of the rest, where the head says it. */
  readonly length: number | undefined;
}

/** Undefined as long as there is no whole head. */
function partsOf(bytes: Buffer): Parts | undefined {
  const end = bytes.indexOf(headEnd);
  if (end === -1) return undefined;
  const head = bytes.subarray(0, end).toString("latin1");
  const rest = bytes.subarray(end + headEnd.length);
  return { head, rest, length: findNumber(head, "content-length") };
}

function isWhole(bytes: Buffer): boolean {
  const parts = partsOf(bytes);
  return parts?.length !== undefined && parts.rest.length >= parts.length;
}

/** Undefined when the reply is not whole. */
function readAnswer(bytes: Buffer): Answer | undefined {
  const parts = partsOf(bytes);
  if (parts === undefined) return undefined;
  const { head, rest, length } = parts;
  const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(head)?.[1]);
  if (Number.isNaN(status) || (length !== undefined && rest.length < length)) return undefined;
  const body = parse(rest.toString());
  if (body === undefined) return undefined;
  if (status < 400) {
    return { is: "answered", status, body, number: findNumber(head, "procman-command-number") };
  }
  const { id = "", message = "" } = (body ?? {}) as { id?: unknown; message?: unknown };
  return { is: "refused", status, id: String(id), message: String(message) };
}

function findNumber(head: string, name: string): number | undefined {
  const found = new RegExp(`^${name}: *([0-9]+)\\r?$`, "im").exec(head)?.[1];
  return found === undefined ? undefined : Number(found);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
