import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createRawServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Client, findClient } from "../../src/control/client.ts";
import { createHttpServer, usualLimits } from "../../src/control/http.ts";
import { writeOwner } from "../../src/control/owner.ts";
import { json } from "../../src/control/reply.ts";
import { hold } from "../support/raw-client.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;
let socket: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  socket = join(folder.path, "control");
});

afterEach(async () => {
  server?.close();
  server = undefined;
  await folder[Symbol.asyncDispose]();
});

async function listen(listener: Server): Promise<void> {
  server = listener;
  writeOwner(folder.path, { pid: 4_711, id: "3f1c", socket });
  listener.listen(socket);
  await once(listener, "listening");
}

function open(deadlineMs?: number): Client {
  const options = { folder: folder.path, name: "procman test" };
  const client = findClient(deadlineMs === undefined ? options : { ...options, deadlineMs });
  if (client === undefined) throw new Error("not running");
  return client;
}

const notRunning = { is: "not-running" };

describe("procman is not running", () => {
  const options = () => ({ folder: folder.path, name: "procman test" });

  it("where nobody says so", () => {
    expect(findClient(options())).toBeUndefined();
  });

  it("where its socket is gone", async () => {
    writeOwner(folder.path, { pid: 4_711, id: "3f1c", socket });
    expect(await open().ask("GET", "/procman/v1/ping")).toEqual(notRunning);
  });

  it("where its socket is left over", async () => {
    const script = `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script]), "exit");
    writeOwner(folder.path, { pid: 4_711, id: "3f1c", socket });
    expect(await open().ask("GET", "/procman/v1/ping")).toEqual(notRunning);
  });

  it.each(["", "{", "[]", '{"pid":1}', '{"pid":"1","id":"x","socket":"/x"}'])(
    "where %j says so",
    async (text) => {
      await writeFile(join(folder.path, "owner.json"), text);
      expect(findClient(options())).toBeUndefined();
    },
  );
});

describe("an answer", () => {
  it("is a body from JSON, with the number of the command", async () => {
    await listen(
      createServer((message, response) => {
        const { method, url, headers } = message;
        message.on("data", (chunk: Buffer) => {
          const body = { method, url, agent: headers["user-agent"], body: chunk.toString() };
          response.setHeader("Procman-Command-Number", "17").end(JSON.stringify(body));
        });
      }),
    );
    const client = open();
    expect(client.pid).toBe(4_711);
    expect(await client.ask("PATCH", "/x?y=1", { text: "ä" })).toEqual({
      is: "answered",
      status: 200,
      number: 17,
      body: { method: "PATCH", url: "/x?y=1", agent: "procman test", body: '{"text":"ä"}' },
    });
  });

  it("may be long, and come in many pieces", async () => {
    const text = JSON.stringify("ä".repeat(1_000_000));
    await listen(createServer((_, response) => response.end(text)));
    const answer = await open().ask("GET", "/");
    expect(answer).toMatchObject({ is: "answered", number: undefined });
    expect(JSON.stringify(answer.is === "answered" && answer.body) === text).toBe(true);
  });

  it("may be a refusal", async () => {
    await listen(
      createServer((_, response) => {
        response.writeHead(422).end('{"id":"invalid_params","message":"No"}');
      }),
    );
    const refused = { is: "refused", status: 422, id: "invalid_params", message: "No" };
    expect(await open().ask("POST", "/")).toEqual(refused);
  });

  it.each<[name: string, bytes: string]>([
    ["nothing", ""],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-"],
    ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"],
    ["half a JSON", 'HTTP/1.1 200 OK\r\n\r\n{"a":'],
    ["no HTTP", "hello\r\n\r\n{}"],
  ])("is none when procman ends after %s", async (_, bytes) => {
    await listen(
      createRawServer((one) => one.on("data", () => one.end(bytes)).on("error", () => {})),
    );
    expect(await open().ask("GET", "/")).toEqual({ is: "gone", pid: 4_711 });
  });

  it("is none when procman has ended meanwhile", async () => {
    await listen(createServer());
    const client = open();
    server?.close();
    expect(await client.ask("GET", "/")).toEqual(notRunning);
  });
});

describe("a procman that does not answer", () => {
  const silent = (afterMs: number) => ({ is: "silent", pid: 4_711, afterMs });

  it("is waited for no longer than the deadline", async () => {
    await listen(createServer(() => {}));
    const client = open(30);
    expect(await client.ask("GET", "/")).toEqual(silent(30));
    expect(await client.askAndWait("GET", "/")).toEqual(silent(30));
    (server as ReturnType<typeof createServer>).closeAllConnections();
  });

  it("is waited for when it says that it works on it", async () => {
    const working: ServerResponse[] = [];
    await listen(
      createServer((_, response) => {
        response.flushHeaders();
        working.push(response);
      }),
    );
    const patient = open(1_000).askAndWait("GET", "/");
    await once(server as Server, "request");
    // Its deadline passes while others are waited for.
    const other = open(400);
    for (let count = 0; count < 3; count += 1) {
      expect(await other.ask("GET", "/")).toEqual(silent(400));
    }
    for (const response of working) response.end('"done"');
    expect(await patient).toMatchObject({ is: "answered", body: "done" });
  });

  it("may be stopped", async () => {
    const script = `require("http").createServer((_, r) => r.end("{}")).listen(${JSON.stringify(socket)}, () => console.log("ready"))`;
    const child = spawn(process.execPath, ["-e", script]);
    try {
      await once(child.stdout, "data");
      const pid = child.pid ?? 0;
      writeOwner(folder.path, { pid, id: "3f1c", socket });
      const client = open(100);
      expect(await client.ask("GET", "/")).toMatchObject({ is: "answered" });
      child.kill("SIGSTOP");
      expect(await client.ask("GET", "/")).toEqual({ is: "silent", pid, afterMs: 100 });
      child.kill("SIGCONT");
      expect(await client.ask("GET", "/")).toMatchObject({ is: "answered" });
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
});

describe("a procman with too many connections", () => {
  const handler = { findObjection: () => undefined, answer: () => Promise.resolve(json("hello")) };
  const limits = { ...usualLimits, connections: 1 };

  it("is asked again", async () => {
    const http = createHttpServer(handler, limits, (error) => expect.fail(String(error)));
    await listen(http.server);
    const held = await hold({ path: socket });
    const client = open();
    const answer = client.ask("GET", "/");
    let refused = 0;
    for (; refused < 2; refused += 1) await once(http.server, "connection");
    held.destroy();
    expect(await answer).toMatchObject({ is: "answered", body: "hello" });
  });

  it("is asked again when it closes without reading", async () => {
    let asked = 0;
    await listen(
      createRawServer({ pauseOnConnect: true }, (one: Socket) => {
        asked += 1;
        if (asked < 3) one.destroy();
        else one.on("data", () => one.end("HTTP/1.1 200 OK\r\n\r\n{}")).resume();
      }),
    );
    expect(await open().ask("POST", "/")).toMatchObject({ is: "answered" });
    expect(asked).toBe(3);
  });

  it("and goes on like that says so", async () => {
    await listen(createRawServer({ pauseOnConnect: true }, (one: Socket) => one.destroy()));
    expect(await open().ask("POST", "/")).toMatchObject({ is: "refused", status: 429 });
  });

  it("is not asked again when nobody knows what has become of a command", async () => {
    let asked = 0;
    await listen(
      createRawServer((one: Socket) =>
        one
          .on("error", () => {})
          .on("data", () => {
            asked += 1;
            one.destroy();
          }),
      ),
    );
    expect(await open().ask("POST", "/")).toEqual({ is: "gone", pid: 4_711 });
    expect(asked).toBe(1);
  });
});

it("the owner file is for nobody else to read", async () => {
  writeOwner(folder.path, { pid: 1, id: "x", socket });
  expect(JSON.parse(await readFile(join(folder.path, "owner.json"), "utf8"))).toEqual({
    pid: 1,
    id: "x",
    socket,
  });
});
