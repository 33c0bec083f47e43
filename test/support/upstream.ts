import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
} from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Route } from "../../src/core/routes.ts";
import { Arrivals } from "./arrivals.ts";
import { Wire } from "./wire.ts";

/** What a router sends requests to. */
export interface Listening<T> extends AsyncDisposable {
  readonly route: Route;
  /** What has come to it. */
  readonly came: Arrivals<T>;
  readonly connections: number;
}

export async function openHttp(
  listener: RequestListener,
  instance = "web.1",
): Promise<Listening<IncomingMessage>> {
  const server = createHttpServer({ keepAliveTimeout: 60_000 });
  const came = new Arrivals<IncomingMessage>();
  server.on("request", (request, response) => {
    came.push(request);
    listener(request, response);
  });
  return listen(server, instance, came);
}

/** Speaks no HTTP but what the test has it say. */
export async function openRaw(
  listener: (wire: Wire) => void = () => {},
  instance = "web.1",
): Promise<Listening<Wire>> {
  const server = createServer({ allowHalfOpen: true });
  const came = new Arrivals<Wire>();
  server.on("connection", (socket) => {
    const wire = new Wire(socket);
    came.push(wire);
    listener(wire);
  });
  return listen(server, instance, came);
}

/** A port on which nobody listens. */
export async function refusing(instance = "web.1"): Promise<Route> {
  const server = await openRaw(() => {}, instance);
  await server[Symbol.asyncDispose]();
  return server.route;
}

async function listen<T>(
  server: Server,
  instance: string,
  came: Arrivals<T>,
): Promise<Listening<T>> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    route: { instance, pid: 1, port: portOf(server) },
    came,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: () => shut(server, sockets),
  };
}

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

export async function shut(server: Server, sockets: Iterable<Socket>): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
