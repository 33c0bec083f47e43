import { Server, type Socket } from "node:net";
import { vi } from "vitest";
import type { RoutedRequest } from "../../src/core/router-log.ts";
import { noRoutes, type Route, type RouteTable } from "../../src/core/routes.ts";
import { type Backends, createBackends } from "../../src/router/backends.ts";
import type { RouterConfig } from "../../src/router/router-message.ts";
import { openServer } from "../../src/router/server.ts";
import { Arrivals } from "./arrivals.ts";
import { portOf, shut } from "./upstream.ts";
import { Wire } from "./wire.ts";

/** A router in this process, on a port that the system chooses. */
export interface ServedRouter extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  readonly backends: Backends;
  readonly logged: Arrivals<RoutedRequest>;
  readonly drained: Arrivals<Route>;
  /** Requests that have to wait for somebody. */
  readonly held: Arrivals<undefined>;
  connect(): Promise<Wire>;
  /** Sends that, and gives all that comes until the end. */
  ask(text: string): Promise<string>;
}

export async function serveRouter(
  to: readonly Route[] | RouteTable,
  given: Partial<RouterConfig> = {},
): Promise<ServedRouter> {
  const logged = new Arrivals<RoutedRequest>();
  const drained = new Arrivals<Route>();
  const held = new Arrivals<undefined>();
  const backends = createBackends(drained.push);
  const { hold } = backends;
  backends.hold = (request, withinMs) => {
    const holding = hold(request, withinMs);
    if (holding.is === "held") held.push(undefined);
    return holding;
  };
  backends.follow("routes" in to ? to : { routes: to, absence: noRoutes.absence });
  const config: RouterConfig = {
    port: 0,
    hosts: ["127.0.0.1"],
    tls: undefined,
    isSticky: false,
    timeoutMs: 30_000,
    ...given,
  };
  const server = await serverOf(() =>
    openServer(config, () => ({ ...config, backends, log: logged.push })),
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const port = portOf(server);
  return {
    port,
    server,
    backends,
    logged,
    drained,
    held,
    connect: () => Wire.open(port),
    async ask(text) {
      await using wire = await Wire.open(port);
      wire.write(text);
      return await wire.untilEnd();
    },
    async [Symbol.asyncDispose]() {
      await shut(server, sockets);
      backends.follow(noRoutes);
    },
  };
}

/** The server that is set to listen meanwhile. */
async function serverOf(open: () => Promise<void>): Promise<Server> {
  const listen = vi.spyOn(Server.prototype, "listen");
  try {
    await open();
    const [server] = listen.mock.contexts;
    if (!(server instanceof Server)) throw new Error("nothing listens");
    return server;
  } finally {
    listen.mockRestore();
  }
}
