import { beforeEach, describe, expect, it } from "vitest";
import type { Api, Request } from "../../src/control/call.ts";
import { createLogSessions, type LogSessions } from "../../src/control/log-sessions.ts";
import type { JsonReply, Reply } from "../../src/control/reply.ts";
import { answer, needsToken } from "../../src/control/routes.ts";
import { createFakeApp, type FakeApp } from "../support/fake-app.ts";
import { createFakeLog, type FakeLog } from "../support/fake-log.ts";
import * as schema from "../support/heroku-schema.ts";

const { signal: never } = new AbortController();

let app: FakeApp;
let log: FakeLog;
let sessions: LogSessions;

beforeEach(() => {
  app = createFakeApp("my shop");
  log = createFakeLog();
  sessions = createLogSessions(() => 0);
});

function ask(line: string, body?: unknown, more: Partial<Request> = {}): Promise<Reply> {
  const [method = "", target = ""] = line.split(" ");
  const api: Api = { app, log, sessions, user: "marc", version: "1.2.3" };
  return answer(api, {
    method,
    target,
    body,
    by: "marc with curl",
    base: "http://127.0.0.1:5555",
    accept: "*/*",
    lastEventId: undefined,
    givenUp: never,
    ...more,
  });
}

async function askJson(line: string, body?: unknown): Promise<JsonReply> {
  const reply = await ask(line, body);
  if (reply.is !== "json") throw new Error(`a stream: ${line}`);
  return reply;
}

async function read(reply: Reply): Promise<string> {
  if (reply.is !== "stream") throw new Error(`no stream: ${JSON.stringify(reply)}`);
  let text = "";
  for await (const piece of reply.pieces) text += Buffer.from(piece).toString();
  return text;
}

const shop = "/apps/my%20shop";

describe("answers with resources", () => {
  it.each<[line: string, shape: schema.Shape]>([
    ["GET /account", schema.account],
    ["GET /apps", schema.app],
    [`GET ${shop}`, schema.app],
    [`GET ${shop}/formation`, schema.formation],
    [`GET ${shop}/formation/web`, schema.formation],
    [`GET ${shop}/dynos`, schema.dyno],
    [`GET ${shop}/dynos/worker.1`, schema.dyno],
    [`GET ${shop}/releases`, schema.release],
  ])("%s", async (line, shape) => {
    const { status, body } = await askJson(line);
    expect(status).toBe(200);
    const all = Array.isArray(body) ? body : [body];
    expect(all.length).toBeGreaterThan(0);
    for (const each of all) expect(schema.findMisfits(each, shape, line)).toEqual([]);
  });

  it("knows everything by its id, too", async () => {
    const { id } = (await askJson(`GET ${shop}`)).body as { id: string };
    const dynos = (await askJson(`GET /apps/${id}/dynos`)).body as { id: string; name: string }[];
    const types = (await askJson(`GET /apps/${id}/formation`)).body as { id: string }[];
    const dyno = dynos[1] ?? { id: "", name: "" };
    expect((await askJson(`GET /apps/${id}/dynos/${dyno.id}`)).body).toMatchObject(dyno);
    expect((await askJson(`GET /apps/${id}/formation/${types[1]?.id}`)).body).toMatchObject({
      type: "worker",
    });
    await askJson(`DELETE /apps/${id}/dynos/${dyno.id}`);
    expect(app.asked).toEqual(["1 restart web.2 by marc with curl"]);
  });
});

describe("scales", () => {
  it.each<[name: string, updates: readonly object[], asked: string]>([
    ["by a number", [{ type: "worker", quantity: 3 }], "scale worker=3"],
    ["by text", [{ type: "worker", quantity: "3" }], "scale worker=3"],
    ["up", [{ type: "worker", quantity: "+2" }], "scale worker+2"],
    ["down", [{ type: "web", quantity: "-1" }], "scale web-1"],
    ["to none", [{ type: "web", quantity: 0 }], "scale web=0"],
    ["with a size", [{ type: "web", quantity: 2, size: "Standard-2X" }], "scale web=2"],
    ["a size alone", [{ type: "web", dyno_size: { name: "local" } }], "scale web+0"],
    [
      "several at once",
      [
        { type: "clock", quantity: "+1" },
        { type: "web", quantity: 1 },
      ],
      "scale clock+1 web=1",
    ],
  ])("%s", async (_, updates, asked) => {
    const reply = await askJson(`PATCH ${shop}/formation`, { updates });
    expect(reply.status).toBe(200);
    expect(app.asked).toEqual([`1 ${asked} by marc with curl`]);
    expect(reply.headers).toEqual({ "Procman-Command-Number": "1" });
    const now = app.status().types.map(({ name, quantity }) => ({ type: name, quantity }));
    expect(reply.body).toMatchObject(now);
  });

  it("one type", async () => {
    const reply = await askJson(`PATCH ${shop}/formation/worker`, { quantity: "+1" });
    expect(reply).toMatchObject({ status: 200, body: { type: "worker", quantity: 2 } });
    expect(schema.findMisfits(reply.body, schema.formation, "formation")).toEqual([]);
  });

  it("by procman's own call", async () => {
    const updates = [{ type: "worker", quantity: "+1" }];
    const { body } = await askJson("POST /procman/v1/scale", { updates });
    expect(body).toMatchObject({ command_number: 1, formation: [{}, { quantity: 2 }, {}] });
  });

  const one = (quantity: unknown) => ({ updates: [{ type: "web", quantity }] });
  it.each<[name: string, status: number, body: unknown]>([
    ["an unknown type", 404, { updates: [{ type: "wroker", quantity: 1 }] }],
    [
      "an unknown type among others",
      404,
      {
        updates: [
          { type: "web", quantity: 1 },
          { type: "wroker", quantity: 1 },
        ],
      },
    ],
    ["a number below 0", 422, one(-1)],
    ["a fraction", 422, one(1.5)],
    ["no number", 422, one("many")],
    ["an empty text", 422, one("")],
    ["a blank", 422, one(" 1")],
    ["null", 422, one(null)],
    ["a list", 422, one([1])],
    ["far too many", 422, one(1e9)],
    ["far too many, as text", 422, one("1e9")],
    ["more away than there are", 422, one("-3")],
    [
      "a type twice",
      422,
      {
        updates: [
          { type: "web", quantity: 1 },
          { type: "web", quantity: 2 },
        ],
      },
    ],
    ["no updates", 422, {}],
    ["updates that are no list", 422, { updates: { web: 1 } }],
    ["an update that is no object", 422, { updates: ["web=1"] }],
    ["an update without a type", 422, { updates: [{ quantity: 1 }] }],
    ["a body that is no object", 400, ["web=1"]],
  ])("refuses %s, and does nothing", async (_, status, body) => {
    for (const line of [`PATCH ${shop}/formation`, "POST /procman/v1/scale"]) {
      const reply = await askJson(line, body);
      expect(reply.status).toBe(status);
      expect(reply.body).toEqual({ id: expect.any(String), message: expect.any(String) });
    }
    expect(app.asked).toEqual([]);
  });

  it("refuses a bad amount of one type, and does nothing", async () => {
    expect(await askJson(`PATCH ${shop}/formation/web`, { quantity: "x" })).toMatchObject({
      status: 422,
      body: { id: "invalid_params", message: expect.stringContaining('"x" is no quantity of web') },
    });
    expect((await askJson(`PATCH ${shop}/formation/wroker`, { quantity: 1 })).status).toBe(404);
    expect(app.asked).toEqual([]);
  });
});

describe("why", () => {
  const ended = {
    kind: "ended",
    status: { kind: "exit", code: 1 },
    ranMs: 3_000,
    sequel: { is: "again", inMs: 500, failures: 2 },
  } as const;

  beforeEach(() => {
    app.putAccount("web.2", {
      failures: 2,
      lastEnd: { notice: ended, startedMs: 0, endedMs: 3_000 },
      ranWell: { command: "node old.js", untilMs: 1_000 },
      environment: { added: ["NEW"], removed: [], changed: ["API_KEY"] },
    });
  });

  it("tells how a process came to be as it is", async () => {
    expect(await askJson("GET /procman/v1/why?name=web.2")).toMatchObject({
      status: 200,
      body: [
        {
          name: "web.2",
          failures: 2,
          last_end: {
            code: 1,
            cause: "exited with code 1 after 3 s",
            asked: false,
            started_at: "1970-01-01T00:00:00.000Z",
            ended_at: "1970-01-01T00:00:03.000Z",
          },
          ran_well: { until: "1970-01-01T00:00:01.000Z" },
          changes: {
            command: { before: "node old.js", now: "node web.js" },
            environment: { added: ["NEW"], removed: [], changed: ["API_KEY"] },
          },
        },
      ],
    });
  });

  it.each<[query: string, names: string[]]>([
    ["", ["web.1", "web.2", "worker.1"]],
    ["?name=web", ["web.1", "web.2"]],
    ["?name=worker&name=web.1", ["web.1", "worker.1"]],
  ])("asked with %j tells of %j", async (query, names) => {
    const { body } = await askJson(`GET /procman/v1/why${query}`);
    expect(body).toMatchObject(names.map((name) => ({ name })));
  });

  it("has nothing to tell of who has only run, and never of who is not there", async () => {
    const nothing = { failures: 0, last_end: null, ran_well: null, changes: null };
    expect((await askJson("GET /procman/v1/why?name=web.1")).body).toMatchObject([nothing]);
    expect(await askJson("GET /procman/v1/why?name=wbe")).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('did you mean "web"?') },
    });
  });
});

describe("restarts and stops", () => {
  it.each<[line: string, asked: string]>([
    [`DELETE ${shop}/dynos`, "restart all"],
    [`DELETE ${shop}/dynos/web.2`, "restart web.2"],
    [`DELETE ${shop}/dynos/web`, "restart web"],
    [`DELETE ${shop}/formations/web`, "restart web"],
    [`POST ${shop}/dynos/web.2/actions/stop`, "stop web.2"],
    [`POST ${shop}/dynos/web/actions/stop`, "stop web"],
    [`POST ${shop}/formations/worker/actions/stop`, "stop worker"],
  ])("%s", async (line, asked) => {
    expect(await askJson(line)).toEqual({
      is: "json",
      status: 202,
      body: {},
      headers: { "Procman-Command-Number": "1" },
    });
    expect(app.asked).toEqual([`1 ${asked} by marc with curl`]);
  });

  it.each<[line: string, body: object, asked: string]>([
    ["POST /procman/v1/restart", {}, "restart all"],
    ["POST /procman/v1/restart", { names: ["web", "worker.1"] }, "restart web worker.1"],
    ["POST /procman/v1/stop", { names: ["web"] }, "stop web"],
    ["POST /procman/v1/reload", {}, "reload"],
    ["POST /procman/v1/reload", { dry_run: true }, "reload dry"],
  ])("%s %j", async (line, body, asked) => {
    const reply = await askJson(line, body);
    expect(reply).toMatchObject({
      status: 200,
      body: { command_number: 1 },
      headers: { "Procman-Command-Number": "1" },
    });
    expect(app.asked).toEqual([`1 ${asked} by marc with curl`]);
  });

  it("says what a reload does", async () => {
    expect((await askJson("POST /procman/v1/reload")).body).toMatchObject({
      steps: [{ type: "web", what: "replace", reason: "its command changed" }],
    });
  });
});

describe("refuses, and does nothing", () => {
  it.each<[status: number, id: string, line: string, body?: unknown]>([
    [404, "not_found", "GET /"],
    [404, "not_found", "GET /nothing"],
    [404, "not_found", "GET /apps/other"],
    [404, "not_found", "DELETE /apps/other/dynos"],
    [404, "not_found", `GET ${shop}/nothing`],
    [404, "not_found", `GET ${shop}/`],
    [404, "not_found", `GET ${shop}/formation/wroker`],
    [404, "not_found", `GET ${shop}/dynos/web.9`],
    [404, "not_found", `DELETE ${shop}/dynos/web.9`],
    [404, "not_found", `DELETE ${shop}/formations/web.1`],
    [404, "not_found", `POST ${shop}/formations/wroker/actions/stop`],
    [404, "not_found", `POST ${shop}/dynos/web.9/actions/stop`],
    [404, "not_found", `POST ${shop}/log-sessions`, { dyno: "wroker" }],
    [404, "not_found", "GET /log-sessions/nothing"],
    [404, "not_found", "POST /procman/v1/restart", { names: ["web.9"] }],
    [404, "not_found", "POST /procman/v1/stop", { names: ["web", "nix"] }],
    [404, "not_found", "POST /procman/v1/wait", { names: ["nix"] }],
    [405, "method_not_allowed", `PUT ${shop}/dynos`],
    [405, "method_not_allowed", "HEAD /account"],
    [405, "method_not_allowed", "GET /procman/v1/shutdown"],
    [400, "bad_request", "GET apps"],
    [400, "bad_request", "GET http://127.0.0.1/apps"],
    [400, "bad_request", "GET /apps/%E0%A4%A"],
    [400, "bad_request", "POST /procman/v1/restart", "web"],
    [422, "invalid_params", `POST ${shop}/dynos`, { command: "rake db:migrate" }],
    [422, "invalid_params", `POST ${shop}/log-sessions`, { source: "nginx" }],
    [422, "invalid_params", `POST ${shop}/log-sessions`, { lines: -1 }],
    [422, "invalid_params", `POST ${shop}/log-sessions`, { lines: 1e9 }],
    [422, "invalid_params", `POST ${shop}/log-sessions`, { tail: "yes" }],
    [422, "invalid_params", `POST ${shop}/log-sessions`, { dyno: 1 }],
    [422, "invalid_params", "POST /procman/v1/restart", { names: "web" }],
    [422, "invalid_params", "POST /procman/v1/stop", { names: [1] }],
    [422, "invalid_params", "POST /procman/v1/stop"],
    [422, "invalid_params", "POST /procman/v1/reload", { dry_run: "no" }],
    [422, "invalid_params", "POST /procman/v1/wait", { what: "over" }],
    [422, "invalid_params", "POST /procman/v1/wait", { timeout_ms: -1 }],
    [422, "invalid_params", "POST /procman/v1/wait", { names: {} }],
  ])("%d %s: %s %j", async (status, id, line, body) => {
    const reply = await askJson(line, body);
    expect(reply).toMatchObject({ status, body: { id, message: expect.any(String) } });
    expect(app.asked).toEqual([]);
  });

  it("names what can be done instead", async () => {
    const run = await askJson(`POST ${shop}/dynos`, { command: "rake db:migrate" });
    expect(run.body).toMatchObject({
      message: expect.stringContaining("procman run rake db:migrate"),
    });
    const put = await askJson(`PUT ${shop}/dynos`);
    expect(put.headers).toEqual({ Allow: "GET, POST, DELETE" });
    const other = await askJson("GET /apps/other");
    expect(other.body).toMatchObject({ message: 'No app "other" runs here; "my shop" does' });
  });

  it("needs a token for all but the streams of log sessions", () => {
    expect(needsToken("/log-sessions/key")).toBe(false);
    for (const path of [
      "/",
      "/apps",
      "/log-sessions",
      `${shop}/log-sessions`,
      "log-sessions/key",
    ]) {
      expect(needsToken(path)).toBe(true);
    }
  });
});

describe("log sessions", () => {
  const everything = { types: [], names: [], source: undefined };

  it.each<[body: object, query: object, lines: number, tail: boolean]>([
    [{}, everything, 100, false],
    [{ lines: 5, tail: true }, everything, 5, true],
    [{ dyno: "web" }, { ...everything, types: ["web"] }, 100, false],
    [{ dyno: "web.1" }, { ...everything, names: ["web.1"] }, 100, false],
    // It may have been scaled away, and its lines are still there.
    [{ dyno: "clock.7" }, { ...everything, names: ["clock.7"] }, 100, false],
    [{ dyno: "run.1" }, { ...everything, names: ["run.1"] }, 100, false],
    [{ dyno: "procman" }, { ...everything, names: ["procman"] }, 100, false],
    [{ dyno: null, source: null }, everything, 100, false],
    [{ source: "app" }, { ...everything, source: "app" }, 100, false],
    [{ source: "router" }, { ...everything, source: "router" }, 100, false],
    [{ source: "heroku" }, { ...everything, source: "system" }, 100, false],
  ])("%j", async (body, query, lines, tail) => {
    const reply = await askJson(`POST ${shop}/log-sessions`, body);
    expect(reply.status).toBe(201);
    expect(schema.findMisfits(reply.body, schema.logSession, "log session")).toEqual([]);
    const { logplex_url } = reply.body as { logplex_url: string };
    const [, key = ""] = logplex_url.split("http://127.0.0.1:5555/log-sessions/");
    expect(key.length).toBeGreaterThanOrEqual(32);
    expect(sessions.find(key)?.request).toMatchObject({ query, lines, tail });
  });

  it("are not without number", async () => {
    const statuses = new Set<number>();
    for (let count = 0; count < 1_000 && !statuses.has(429); count += 1) {
      statuses.add((await askJson(`POST ${shop}/log-sessions`)).status);
    }
    expect([...statuses]).toEqual([201, 429]);
  });
});

describe("what Heroku has no word for", () => {
  it("says who it is", async () => {
    const { pid } = process;
    const root = "/home/marc/my shop";
    expect((await askJson("GET /procman/v1/ping")).body).toEqual({
      name: "my shop",
      root,
      pid,
      id: "3f1c",
    });
    expect((await askJson("GET /procman/v1/version")).body).toEqual({ version: "1.2.3" });
  });

  it("says all in one reply, with what is used when that is asked for", async () => {
    const { body } = await askJson("GET /procman/v1/status");
    expect(body).toMatchObject({ app: { name: "my shop" }, formation: [{}, {}, {}] });
    const used = await askJson("GET /procman/v1/status?usage=1");
    const { dynos } = used.body as { dynos: readonly object[] };
    expect(dynos[0]).toMatchObject({ name: "web.1", cpu_percent: 12.5, ports: [5_006] });
    expect(Object.keys(dynos[1] ?? {})).not.toContain("ports");
  });

  it.each<[name: string, outcome: "done" | "failed", expected: object]>([
    ["is done", "done", { outcome: "done" }],
    ["cannot come", "failed", { outcome: "failed", failed: [{ name: "web.1" }] }],
  ])("waits until it %s", async (_, is, expected) => {
    const reply = await ask("POST /procman/v1/wait", { what: "ready", names: ["web"] });
    const failed = app.status().instances.slice(0, 1);
    app.settle(is === "done" ? { is } : { is, failed });
    expect(JSON.parse(await read(reply))).toMatchObject(expected);
  });

  it("waits no longer than it is told, and says for whom", async () => {
    app.put("worker.1", { state: "starting" });
    const reply = await ask("POST /procman/v1/wait", { timeout_ms: 1 });
    expect(JSON.parse(await read(reply))).toMatchObject({
      outcome: "timed_out",
      waiting: [{ name: "worker.1", state: "starting" }],
    });
  });

  it("waits no longer than its client does", async () => {
    const client = new AbortController();
    const reply = await ask("POST /procman/v1/wait", {}, { givenUp: client.signal });
    expect(app.waiting()).toBe(1);
    client.abort();
    expect(await read(reply)).toBe("");
    expect(app.waiting()).toBe(0);
  });

  it("does not wait for a client that has gone before", async () => {
    const gone = AbortSignal.abort();
    expect(await read(await ask("POST /procman/v1/wait", {}, { givenUp: gone }))).toBe("");
    expect(app.waiting()).toBe(0);
  });

  it("shuts down, and its reply ends when it has", async () => {
    const end = new AbortController();
    app.onShutDown = () => end.abort();
    const reply = await ask("POST /procman/v1/shutdown", undefined, { givenUp: end.signal });
    expect(await read(reply)).toBe('{"command_number":1}\n');
    expect(app.asked).toEqual(["1 shut down by marc with curl"]);
  });
});

describe("events", () => {
  const change = { timeMs: 0, name: "web.1", from: "starting", to: "up" } as const;
  const line = '{"time":"1970-01-01T00:00:00.000Z","name":"web.1","from":"starting","to":"up"}\n';

  it("come from the moment of the request on, until the client goes", async () => {
    const client = new AbortController();
    const reply = await ask("GET /procman/v1/events", undefined, { givenUp: client.signal });
    app.tell(change);
    app.tell(change);
    const text = read(reply);
    await new Promise(setImmediate);
    app.tell(change);
    await new Promise(setImmediate);
    client.abort();
    expect(await text).toBe(line.repeat(3));
    expect(app.listeners()).toBe(0);
  });

  it("are not listened to for a client that has gone before", async () => {
    await ask("GET /procman/v1/events", undefined, { givenUp: AbortSignal.abort() });
    expect(app.listeners()).toBe(0);
  });

  it("are counted when nobody reads them", async () => {
    const client = new AbortController();
    const reply = await ask("GET /procman/v1/events", undefined, { givenUp: client.signal });
    for (let count = 0; count < 5_000; count += 1) app.tell(change);
    const text = read(reply);
    await new Promise(setImmediate);
    client.abort();
    expect(await text).toBe(`${line.repeat(1_000)}{"lost":4000}\n`);
  });
});
