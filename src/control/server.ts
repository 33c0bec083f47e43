/**
 * The control API of a running app, on a socket that only its owner can open and, if that is asked
 * for, on loopback TCP. Where the socket is stands in the app's own folder as long as it is open.
 */
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { isNoRoom } from "../logs/errno.ts";
import { describeAsker } from "./asker.ts";
import type { Api } from "./call.ts";
import type { ControlledApp } from "./controlled-app.ts";
import { findObjection } from "./guard.ts";
import { createHttpServer, type Handler, type HttpServer, usualLimits } from "./http.ts";
import { createLogSessions } from "./log-sessions.ts";
import type { LogSource } from "./log-stream.ts";
import { readOwner, removeOwner, writeOwner } from "./owner.ts";
import { answer, needsToken } from "./routes.ts";
import { isSocketThere, listen, listenOnSocket, removeStaleSocket } from "./socket.ts";

export interface ControlOptions {
  readonly app: ControlledApp;
  readonly log: LogSource;
  /** procman's own. */
  readonly version: string;
  /** The app's own, where the owner file goes. */
  readonly folder: string;
  /** Whether to go on unfound where there is no room for the owner file, until `restore` can write it. */
  readonly isPatient: boolean;
  /** `XDG_RUNTIME_DIR`: where else a socket may be when the folder for temporary files is no place. */
  readonly runtimeFolder?: string | undefined;
  readonly tcp?: TcpOptions | undefined;
  /** A bug, which costs the one who asked an answer and nobody else anything. */
  readonly onError: (error: unknown) => void;
}

export interface TcpOptions {
  readonly host: "127.0.0.1" | "localhost" | "::1";
  /** 0 for one that is free. */
  readonly port: number;
  readonly token: string;
}

export interface ControlServer {
  /** Its path. */
  socket(): string;
  /** The port of the API on TCP. */
  readonly port: number | undefined;
  /**
   * For who still holds the lock: listens anew when the socket is gone, says again where it is when
   * that is gone, and whether anything was. Who is connected stays so.
   */
  restore(): Promise<boolean>;
  /** The last thing to do: whoever waits for procman's end is told by it. */
  close(): Promise<void>;
}

/** For who holds the app's lock. */
export async function serveControl(options: ControlOptions): Promise<ControlServer> {
  const { app, log, version, folder, isPatient, runtimeFolder, tcp, onError } = options;
  const user = userName();
  const sessions = createLogSessions(() => performance.now());
  const api: Api = { app, log, sessions, user, version };
  const folders = [tmpdir(), runtimeFolder, "/tmp"].filter((path) => path !== undefined);

  const handler: Handler = {
    findObjection: () => undefined,
    answer: (message, body, givenUp) => answer(api, requestOf(message, body, givenUp)),
  };
  function requestOf(message: IncomingMessage, body: unknown, givenUp: AbortSignal) {
    const { method = "", url = "", headers } = message;
    return {
      method,
      target: url,
      body,
      by: describeAsker(user, headers["user-agent"]),
      base: `http://${headers.host ?? "localhost"}`,
      accept: headers.accept ?? "",
      lastEventId: headers["last-event-id"]?.toString(),
      givenUp,
    };
  }

  const local = createHttpServer(handler, usualLimits, onError);
  let socket = await listenOnSocket(local.server, folders);
  local.server.on("error", onError);
  const closeLocal = async () => {
    await local.close();
    removeStaleSocket({ socket });
  };
  let remote: Remote | undefined;
  const { pid, id } = app.status();
  try {
    remote = tcp && (await listenOnTcp(handler, tcp, onError));
    tryWriteOwner();
  } catch (error) {
    await Promise.all([closeLocal(), remote?.http.close()]);
    throw error;
  }

  function tryWriteOwner(): void {
    try {
      writeOwner(folder, { pid, id, socket });
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      if (!isPatient) throw new Error(noRoom(folder), { cause: error });
    }
  }

  async function restoreSocket(): Promise<void> {
    const gone = socket;
    // It only stops listening.
    local.server.close();
    socket = await listenOnSocket(local.server, folders);
    removeStaleSocket({ socket: gone });
  }

  return {
    socket: () => socket,
    port: remote?.port,
    async restore() {
      if (!isSocketThere(socket)) await restoreSocket();
      const found = readOwner(folder);
      if (found?.id === id && found.socket === socket) return false;
      writeOwner(folder, { pid, id, socket });
      return true;
    },
    async close() {
      // Who has taken the folder over may have written its own.
      if ((readOwner(folder)?.id ?? id) === id) removeOwner(folder);
      await Promise.all([closeLocal(), remote?.http.close()]);
    },
  };
}

function noRoom(folder: string): string {
  return `no room is left on the disk of ${folder}, so nobody would find this procman; make some and try again`;
}

interface Remote {
  readonly http: HttpServer;
  readonly port: number;
}

async function listenOnTcp(
  handler: Handler,
  tcp: TcpOptions,
  onError: (error: unknown) => void,
): Promise<Remote> {
  let port = 0;
  const guarded: Handler = {
    ...handler,
    findObjection({ url = "", headers: { host, authorization } }) {
      const key = { port, token: tcp.token };
      return findObjection({ host, authorization }, key, needsToken(url));
    },
  };
  const http = createHttpServer(guarded, usualLimits, onError);
  const { server } = http;
  try {
    await listen(server, { host: tcp.host, port: tcp.port });
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    const why = isTaken ? "the port is taken; use another" : error;
    throw new Error(`cannot serve the API on ${tcp.host}:${tcp.port}: ${why}`, { cause: error });
  }
  // To accept a connection may fail, too, when no descriptor is left.
  server.on("error", onError);
  port = (server.address() as AddressInfo).port;
  return { http, port };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user whom the machine has no name for, as in a container.
    return `user ${process.getuid?.() ?? ""}`.trim();
  }
}
