/**
 * A router that several apps share: each app connects to its socket and says who takes requests, and
 * a request goes to the app that its host names. An app that disconnects is gone.
 */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { Writable } from "node:stream";
import { formatRouted } from "../core/router-log.ts";
import { hostOfSite, siteOfHost } from "../core/site-name.ts";
import { after } from "./after.ts";
import { createBackends } from "./backends.ts";
import { eachLine } from "./each-line.ts";
import { createLogQueue } from "./log-queue.ts";
import { openServer, type Place } from "./server.ts";
import type { FromShared, ToShared } from "./shared-message.ts";
import type { Site } from "./site.ts";

export interface SharedOptions {
  readonly place: Place;
  /** Of the socket, in a folder that only its owner can enter. */
  readonly path: string;
  readonly say: (text: string) => void;
}

/** Resolves when it listens; fails when it cannot, or another one does. */
export async function serveShared({ place, path, say }: SharedOptions): Promise<void> {
  const sites = new Map<string, Site>();
  const urlOf = (site: string) =>
    `${place.tls ? "https" : "http"}://${hostOfSite(site)}:${place.port}`;

  function findSite(host: string): Site | string {
    const name = siteOfHost(host);
    const site = name === undefined ? undefined : sites.get(name);
    if (site) return site;
    const known = [...sites.keys()].sort().map(urlOf);
    const all = known.length > 0 ? `There are:\n${known.join("\n")}` : "There is none yet.";
    return `No app is called ${name ?? "anything"} here. ${all}`;
  }

  if (await isAnswered(path)) throw new Error("another procman router runs already");
  await openServer(place, findSite);
  removeStale(path);
  const server = createServer((socket) => serveApp(socket, sites, urlOf, say));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
}

function serveApp(
  socket: Socket,
  sites: Map<string, Site>,
  urlOf: (site: string) => string,
  say: (text: string) => void,
): void {
  const tell = (message: FromShared, onSent?: () => void) =>
    void socket.write(`${JSON.stringify(message)}\n`, onSent);
  const backends = createBackends((route) => tell({ is: "drained", route }));
  const lines = createLogQueue(logOf(tell), after);
  let served: { readonly name: string; readonly site: Site } | undefined;
  socket.on("error", () => {});

  function serve({ site: name, isSticky, timeoutMs }: Extract<ToShared, { do: "serve" }>): void {
    if (sites.has(name)) {
      tell({ is: "refused", reason: `another app is called ${name} there` });
      return;
    }
    const site: Site = {
      ...{ backends, isSticky, timeoutMs },
      log: (request) => lines.add(formatRouted(request)),
    };
    served = { name, site };
    sites.set(name, site);
    say(`${urlOf(name)} is there`);
    tell({ is: "serving", url: urlOf(name) });
  }

  function hear(message: ToShared): void {
    switch (message.do) {
      case "serve":
        serve(message);
        return;
      case "follow":
        backends.follow(message.table);
        return;
      case "drain":
        backends.drain(message.route);
        return;
    }
  }

  eachLine(socket, (line) => {
    const message = readMessage(line);
    if (message) hear(message);
    else socket.destroy();
  });
  socket.once("close", () => {
    backends.follow({ routes: [], absence: { is: "none" } });
    if (served === undefined) return;
    sites.delete(served.name);
    say(`${urlOf(served.name)} is gone`);
  });
}

function readMessage(line: string): ToShared | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function logOf(tell: (message: FromShared, onSent: () => void) => void): Writable {
  return new Writable({
    write: (bytes: Buffer, _encoding, done) =>
      tell({ is: "log", text: bytes.toString("latin1") }, () => done()),
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** What one that was killed has left. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}
