import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Client, findClient } from "../../src/control/client.ts";
import { readOwner, writeOwner } from "../../src/control/owner.ts";
import { type ControlServer, serveControl } from "../../src/control/server.ts";
import { createFakeApp, type FakeApp } from "../support/fake-app.ts";
import { createFakeLog, type FakeLog, logLine } from "../support/fake-log.ts";
import { bodyOf, get, hold, request, statusOf, talk } from "../support/raw-client.ts";
import { tryListen } from "../support/rig.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

const token = "sesame";

let folder: TemporaryFolder;
/** Where this file's servers find room for theirs. */
let sockets: TemporaryFolder;
let app: FakeApp;
let log: FakeLog;
let server: ControlServer;
let errors: unknown[];

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  sockets = await makeTemporaryFolder();
  vi.stubEnv("TMPDIR", sockets.path);
  app = createFakeApp();
  log = createFakeLog();
  errors = [];
  server = await serve(0);
});

afterEach(async () => {
  await server.close();
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
  await sockets[Symbol.asyncDispose]();
  expect(errors).toEqual([]);
});

function serve(port: number): Promise<ControlServer> {
  return serveControl({
    app,
    log,
    version: "1.2.3",
    folder: folder.path,
    isPatient: false,
    tcp: { host: "127.0.0.1", port, token },
    onError: (error) => errors.push(error),
  });
}

function open(): Client {
  const client = findClient({ folder: folder.path, name: "procman scale" });
  if (client === undefined) throw new Error("not running");
  return client;
}

/** Over TCP, as it should be. */
const own = () => ({ Host: `127.0.0.1:${server.port}`, Authorization: `Bearer ${token}` });

function tcp(text: string): Promise<string> {
  return talk({ port: server.port ?? 0 }, text);
}

describe("the socket", () => {
  it("answers whoever finds it in the app's folder, and knows who asks", async () => {
    const client = open();
    const updates = [{ type: "worker", quantity: "+1" }];
    expect(await client.ask("POST", "/procman/v1/scale", { updates })).toMatchObject({
      is: "answered",
      number: 1,
      body: { command_number: 1 },
    });
    expect(app.asked).toEqual([`1 scale worker+1 by ${userInfo().username} with procman scale`]);
  });

  it("refuses in Heroku's form", async () => {
    expect(await open().ask("GET", "/apps/other")).toEqual({
      is: "refused",
      status: 404,
      id: "not_found",
      message: 'No app "other" runs here; "shop" does',
    });
  });

  it("needs no Host and no token", async () => {
    expect(statusOf(await talk({ path: server.socket() }, get("/apps")))).toBe(200);
    const rebound = get("/apps", { Host: "evil.example" });
    expect(statusOf(await talk({ path: server.socket() }, rebound))).toBe(200);
  });

  it("is there for its owner alone", async () => {
    expect(lstatSync(server.socket()).mode & 0o777).toBe(0o600);
    expect(lstatSync(dirname(server.socket())).mode & 0o777).toBe(0o700);
    expect(lstatSync(join(folder.path, "owner.json")).mode & 0o777).toBe(0o600);
    expect(readOwner(folder.path)).toEqual({
      pid: process.pid,
      id: "3f1c",
      socket: server.socket(),
    });
  });

  const isRoot = process.getuid?.() === 0;
  it.skipIf(!isRoot)(`cannot be opened by others${isRoot ? "" : " (SKIPPED: not root)"}`, () => {
    const script = `require("net").connect(${JSON.stringify(server.socket())}).on("connect", () => process.exit(0)).on("error", (error) => { console.log(error.code); process.exit(1); })`;
    const options = { uid: 65_534, gid: 65_534, cwd: "/", encoding: "utf8" } as const;
    const { stdout, error } = spawnSync(process.execPath, ["-e", script], options);
    expect(error).toBeUndefined();
    expect(stdout).toBe("EACCES\n");
  });
});

describe("loopback TCP", () => {
  it("has the same routes", async () => {
    const reply = await tcp(get("/apps/shop", own()));
    expect(JSON.parse(bodyOf(reply))).toMatchObject({ name: "shop" });
  });

  it.each<[status: number, name: string, headers: Record<string, string>]>([
    [401, "no token", { Authorization: "" }],
    [401, "a wrong token", { Authorization: "Bearer Sesame" }],
    [403, "a foreign Host", { Host: "evil.example" }],
    [403, "a Host without a port", { Host: "localhost" }],
  ])("is %d with %s, and does nothing", async (status, _, headers) => {
    for (const line of [
      ["DELETE", "/apps/shop/dynos"],
      ["POST", "/procman/v1/shutdown"],
      ["GET", "/nix"],
    ]) {
      const [method = "", path = ""] = line;
      expect(statusOf(await tcp(request(method, path, { ...own(), ...headers })))).toBe(status);
    }
    expect(app.asked).toEqual([]);
  });

  it("says who has the port when it is taken, and leaves nothing", async () => {
    const other = await makeTemporaryFolder();
    const before = readdirSync(sockets.path);
    const taken = serveControl({
      app,
      log,
      version: "1.2.3",
      folder: other.path,
      isPatient: false,
      tcp: { host: "127.0.0.1", port: server.port ?? 0, token },
      onError: () => {},
    });
    await expect(taken).rejects.toThrow(/cannot serve the API on 127.0.0.1:\d+: the port is taken/);
    expect(readOwner(other.path)).toBeUndefined();
    expect(readdirSync(sockets.path)).toEqual(before);
    await other[Symbol.asyncDispose]();
  });
});

describe("a log session", () => {
  async function openSession(body: object): Promise<string> {
    const text = JSON.stringify(body);
    const reply = await tcp(request("POST", "/apps/shop/log-sessions", own(), text));
    const { logplex_url } = JSON.parse(bodyOf(reply)) as { logplex_url: string };
    const base = `http://127.0.0.1:${server.port}`;
    expect(logplex_url.startsWith(`${base}/log-sessions/`)).toBe(true);
    return logplex_url.slice(base.length);
  }

  it("is read without a token, by its URL alone, and is over then", async () => {
    log.add(logLine("web.1", "one"), logLine("worker.1", "two"));
    const path = await openSession({ dyno: "worker" });
    const { Host } = own();
    const reply = await tcp(get(path, { Host }));
    expect(reply).toMatch(/^content-type: text\/plain/im);
    expect(bodyOf(reply)).toBe(`${logLine("worker.1", "two")}\n`);
    expect(statusOf(await tcp(get(path, { Host })))).toBe(404);
    expect(statusOf(await tcp(get("/log-sessions/guess", { Host })))).toBe(404);
  });

  it("is not for a foreign Host", async () => {
    const path = await openSession({ tail: true });
    expect(statusOf(await tcp(get(path, { Host: "evil.example" })))).toBe(403);
  });

  it("is events for who wants events, and goes on where a reader was cut off", async () => {
    log.add(logLine("web.1", "old"));
    const path = await openSession({ lines: 1, tail: true });
    const headers = { Accept: "text/event-stream" };
    const first = await readUntil(path, headers, "old");
    expect(first.type).toBe("text/event-stream");
    log.add(logLine("web.1", "one"), logLine("web.1", "two"));
    const [, id = ""] = /id: (\S+)\ndata: .*old/.exec(first.text) ?? [];
    const second = await readUntil(path, { ...headers, "Last-Event-ID": id }, "two");
    expect(second.text).toContain("one");
    expect(second.text).not.toContain("old");
  });

  it("lets go of who never reads", async () => {
    const path = await openSession({ tail: true });
    const socket = await hold({ port: server.port ?? 0 }, get(path, own()));
    while (log.followers() === 0) await new Promise(setImmediate);
    for (let count = 0; count < 100; count += 1) log.add(logLine("web.1", "x".repeat(100_000)));
    open();
    expect(log.followers()).toBe(1);
    socket.destroy();
    while (log.followers() > 0) await new Promise(setImmediate);
  });

  async function readUntil(path: string, headers: Record<string, string>, text: string) {
    const client = new AbortController();
    const url = `http://127.0.0.1:${server.port}${path}`;
    const response = await fetch(url, { headers, signal: client.signal });
    let got = "";
    for await (const chunk of response.body ?? []) {
      got += Buffer.from(chunk).toString();
      if (got.includes(text)) break;
    }
    client.abort();
    return { text: got, type: response.headers.get("content-type") };
  }
});

describe("what somebody has removed", () => {
  it("is there again, and who is connected stays so", async () => {
    const wait = open().askAndWait("POST", "/procman/v1/wait", {});
    while (app.waiting() === 0) await new Promise(setImmediate);
    const before = server.socket();
    expect(await server.restore()).toBe(false);
    rmSync(dirname(before), { recursive: true });
    expect(await server.restore()).toBe(true);
    expect(server.socket()).not.toBe(before);
    expect(await open().ask("GET", "/procman/v1/ping")).toMatchObject({ is: "answered" });
    rmSync(join(folder.path, "owner.json"));
    expect(await server.restore()).toBe(true);
    expect(readOwner(folder.path)?.socket).toBe(server.socket());
    app.settle({ is: "done" });
    expect(await wait).toMatchObject({ is: "answered" });
  });

  it("and replaced is left alone at the end", async () => {
    const owner = { pid: 1, id: "another", socket: "/nowhere/control" };
    writeOwner(folder.path, owner);
    await server.close();
    expect(readOwner(folder.path)).toEqual(owner);
  });
});

describe("the end", () => {
  it("is told to who shuts procman down, when it has come", async () => {
    const client = open();
    const shutDown = client.askAndWait("POST", "/procman/v1/shutdown");
    await new Promise<void>((resolve) => {
      app.onShutDown = resolve;
    });
    await server.close();
    expect(await shutDown).toMatchObject({
      is: "answered",
      number: 1,
      body: { command_number: 1 },
    });
  });

  it("is told to who waits", async () => {
    const client = open();
    const wait = client.askAndWait("POST", "/procman/v1/wait", {});
    while (app.waiting() === 0) await new Promise(setImmediate);
    await server.close();
    expect(await wait).toEqual({ is: "gone", pid: process.pid });
  });

  it("leaves nothing", async () => {
    await server.close();
    expect(readdirSync(sockets.path)).toEqual([]);
    expect(readdirSync(folder.path)).toEqual([]);
    expect(findClient({ folder: folder.path, name: "x" })).toBeUndefined();
    expect(
      await tryListen(server.port ?? 0, "127.0.0.1").then(async (one) => one?.close()),
    ).toBeDefined();
  });

  it("may come twice", async () => {
    await server.close();
    await server.close();
  });
});
