// The web process: says over HTTP what the app is, that it is well, and how its queue is doing.

import { createServer } from "node:http";
import process from "node:process";
import { logger } from "./shared/logger.js";
import { shutdown } from "./shared/shutdown.js";
import * as store from "./shared/store.js";

const port = process.env.PORT || 5006;
const graceMs = 3000;

const page = `An example app of three processes that share a queue:

  clock   enqueues a job every two seconds
  worker  works the jobs off
  web     serves this page, /health and /api/stats

For more jobs run more clocks, for a shorter queue run more workers.
`;

// What a handler returns is sent as text if it is a string and as JSON if it is not.
const routes = new Map([
  ["/", () => page],
  ["/health", () => ({ status: "ok" })],
  ["/api/stats", readStats],
]);

async function readStats() {
  return { ...(await store.stats()), uptimeSeconds: Math.floor(process.uptime()) };
}

async function respond(request, response) {
  const handler = routes.get(request.url.split("?", 1)[0]);
  if (!handler) {
    send(response, 404, { error: "not found" });
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    send(response, 405, { error: "method not allowed" });
  } else {
    send(response, 200, await handler());
  }
}

function send(response, status, body) {
  const isText = typeof body === "string";
  const content = isText ? body : JSON.stringify(body);
  response.setHeader("Content-Type", isText ? "text/plain; charset=utf-8" : "application/json");
  response.setHeader("Content-Length", Buffer.byteLength(content));
  // Otherwise the client would keep a connection open that a closing server waits for.
  if (shutdown.aborted) response.setHeader("Connection", "close");
  response.writeHead(status).end(content);
}

const server = createServer((request, response) => {
  respond(request, response).catch((error) => {
    logger.error("request failed", { path: request.url, error });
    send(response, 500, { error: "internal server error" });
  });
});

const sockets = new Set();
server.on("connection", (socket) => {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
});

server.on("listening", () => logger.info(`listening on port ${server.address().port}`));

server.on("error", (error) => {
  const isBusy = error.code === "EADDRINUSE";
  logger.error(isBusy ? `port ${port} is already in use` : error.message);
  process.exitCode = 1;
});

// Closing the server ends idle connections and leaves requests in flight alone, but it would wait
// without end for stuck clients and for connections that never asked for anything, as browsers open
// some in advance.
shutdown.addEventListener("abort", () => {
  for (const socket of sockets) {
    if (socket.bytesRead === 0) socket.destroy();
  }
  setTimeout(() => server.closeAllConnections(), graceMs).unref();
});

await store.open();
server.listen({ port, signal: shutdown });
