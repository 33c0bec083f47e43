import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const web = `web: exec '${process.execPath}' '${fileURLToPath(new URL("../support/web.js", import.meta.url))}'\n`;

interface Got {
  readonly status: number;
  readonly text: string;
}

/** Rejects when there is no whole answer. */
function ask(
  port: number,
  path = "/",
  { agent, host = `127.0.0.1:${port}` }: { readonly agent?: Agent; readonly host?: string } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const headers = { Host: host };
    const request = get({ port, path, host: "127.0.0.1", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.once("error", reject);
  });
}

/** Asks on and on, eight at a time. Gives what ends it, and says what was no good answer. */
function flood(port: number): { end(): Promise<{ good: number; bad: string[] }> } {
  let isOver = false;
  let good = 0;
  const bad: string[] = [];
  const agent = new Agent({ keepAlive: true });
  const one = async () => {
    while (!isOver) {
      try {
        const { status, text } = await ask(port, "/", { agent });
        if (status === 200 && /^web\.\d+ \d+$/.test(text)) good += 1;
        else bad.push(`${status} ${text}`);
      } catch (error) {
        bad.push(String(error));
      }
    }
  };
  const all = Promise.all(Array.from({ length: 8 }, one));
  return {
    async end() {
      isOver = true;
      await all;
      agent.destroy();
      return { good, bad };
    },
  };
}

async function start(rig: Rig, ...args: readonly string[]): Promise<number> {
  const port = rig.port + 5;
  rig.start(["--router", String(port), ...args]);
  await rig.line(/the router listens on http:\/\/localhost:\d+$/);
  return port;
}

async function pidsOf(rig: Rig): Promise<readonly number[]> {
  const { stdout } = await rig.ask("ps", "--json");
  return (JSON.parse(stdout) as { pid: number }[]).map(({ pid }) => pid);
}

describe.concurrent("the router", () => {
  it("spreads requests over all processes of web, and logs each", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig, "web=2");
    await rig.line(/web\.2 is up/);
    const answers = [await ask(port, '/a"b'), await ask(port)];
    expect(answers.map(({ text }) => text.split(" ")[0]).sort()).toEqual(["web.1", "web.2"]);
    const { stdout } = await rig.ask("logs", "-s", "router");
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(
        /^\S+ procman\[router\]: at=info method=GET path="\/a%22b" host=127\.0\.0\.1:\d+ request_id=\S{36} fwd="127\.0\.0\.1" dyno=web\.[12] connect=\d+ms service=\d+ms status=200 bytes=\d+ protocol=http$/,
      ),
      expect.stringContaining('path="/"'),
    ]);
    expect((await rig.stop()).stdout).not.toContain("method=GET");
    await expect(ask(port)).rejects.toThrow("ECONNREFUSED");
  });

  it("loses no request in restarts, scaling, and kills", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig, "web=2");
    await rig.line(/web\.2 is up/);
    const before = await pidsOf(rig);
    const requests = flood(port);
    expect(await rig.ask("restart", "web")).toMatchObject({ code: 0 });
    const after = await pidsOf(rig);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(await rig.ask("scale", "web=1")).toMatchObject({ code: 0 });
    // The only one: what comes in between waits.
    expect(await rig.ask("restart", "web", "--wait")).toMatchObject({ code: 0 });
    expect(await rig.ask("restart", "web", "--rolling")).toMatchObject({ code: 0 });
    expect(await rig.ask("scale", "web=3", "--wait")).toMatchObject({ code: 0 });
    process.kill((await pidsOf(rig)).at(-1) ?? 0, "SIGKILL");
    await rig.line(/web\.3 was ended by SIGKILL/);
    const { good, bad } = await requests.end();
    expect(bad).toEqual([]);
    expect(good).toBeGreaterThan(50);
    await rig.stop();
  });

  it("leaves the old ones in their place when the new one does not come up", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig, "web=2");
    await rig.line(/web\.2 is up/);
    const before = await pidsOf(rig);
    await rig.write("Procfile", "web: exit 4\n");
    expect(await rig.ask("restart", "web")).toMatchObject({
      code: 1,
      stderr: "procman: web.1 was not replaced: the new one exited with code 4\n",
    });
    expect(await pidsOf(rig)).toEqual(before);
    expect((await ask(port)).status).toBe(200);
    expect(await rig.ask("wait", "web")).toMatchObject({ code: 0 });
    await rig.stop();
  });

  it("waits for requests in flight before it stops their process", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig);
    await rig.line(/web\.1 is up/);
    const [pid] = await pidsOf(rig);
    const slow = ask(port, "/hold");
    await rig.poll(
      "a held request",
      async () => (await ask(rig.port, "/held")).text === "1" || undefined,
    );
    const restarted = rig.ask("restart", "web", "--rolling");
    await rig.line(/web\.1 is up/, 2);
    expect((await ask(port)).text).not.toBe(`web.1 ${pid}`);
    await ask(rig.port, "/release");
    expect(await slow).toEqual({ status: 200, text: `web.1 ${pid}` });
    expect(await restarted).toMatchObject({ code: 0 });
    await rig.stop();
  });

  it("says which processes there are when there are none, and who has crashed", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig);
    await rig.line(/web\.1 is up/);
    expect(await ask(port, "/exit")).toMatchObject({ status: 503 });
    expect(await rig.ask("scale", "web=0")).toMatchObject({ code: 0 });
    const { status, text } = await ask(port);
    expect([status, text.split("\n")[0]]).toEqual([
      503,
      "H14 No web processes running: web has no process that runs",
    ]);
    const { stdout } = await rig.ask("logs", "-s", "router");
    expect(stdout).toMatch(/at=error code=H13 desc="Connection closed without response"/);
    expect(stdout).toMatch(/at=error code=H14 desc="No web processes running".* status=503 /);
    await rig.stop();
  });

  it("is started again when it is killed, and leaves the app alone", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig);
    await rig.line(/web\.1 is up/);
    const [pid] = await pidsOf(rig);
    process.kill(routerOf(rig), "SIGKILL");
    await rig.line(/the router has ended \(by SIGKILL\); it is started again$/);
    await rig.poll("an answer", () => ask(port).catch(() => undefined));
    expect(await pidsOf(rig)).toEqual([pid]);
    await rig.stop();
  });

  it("is gone with procman, however that ends", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig);
    const pid = routerOf(rig);
    rig.kill();
    await rig.nobodyLeft();
    await rig.poll("its end", () => (isAlive(pid) ? undefined : true));
    await expect(ask(port)).rejects.toThrow("ECONNREFUSED");
  });

  it("has its port looked at before anything is started", async () => {
    await using rig = await Rig.create({ Procfile: web });
    const port = await start(rig);
    await using other = await Rig.create({ Procfile: procfile("web") });
    other.start(["--router", String(port)]);
    const { code, stderr } = await other.end();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^procman: port ${port} of the router is held by `)),
    ]);
    await rig.stop();
  });

  it("speaks HTTPS with a certificate that procman makes, and keeps", async () => {
    await using rig = await Rig.create({
      Procfile: web,
      "procman.yml": "router: {tls: true, sticky: true}\n",
    });
    const port = rig.port + 5;
    rig.start(["--router", String(port)]);
    await rig.line(/the router listens on https:\/\/localhost:\d+$/);
    await rig.line(/web\.1 is up/);
    const certificate = join(rig.ownFolder, "router.cert.pem");
    const curl = execFileSync(
      "curl",
      ["-sS", "--cacert", certificate, "-o", "/dev/null", "-D", "-", `https://localhost:${port}/`],
      { encoding: "utf8" },
    );
    expect(curl).toMatch(/^HTTP\/2 200/);
    expect(curl).toMatch(/^set-cookie: procman_web=web\.1; Path=\/; HttpOnly; SameSite=Lax\r$/m);
    await rig.stop();
  });
});

describe.concurrent("a router that apps share", () => {
  it("serves each under its name, and may come and go", async () => {
    await using rig = await Rig.create({ Procfile: web });
    rig.start(["--router", "shared", "--app", "Shop"]);
    await rig.line(/there is no shared router; start one in another terminal/);
    const port = rig.port + 5;
    const first = rig.beside(["router", String(port)]);
    await rig.line(new RegExp(`the shared router serves http://shop\\.localhost:${port}$`));
    await rig.line(/web\.1 is up/);
    expect(await ask(port, "/", { host: "shop.localhost" })).toMatchObject({ status: 200 });
    expect(await ask(port, "/", { host: "other.localhost" })).toEqual({
      status: 404,
      text: `No app is called other here. There are:\nhttp://shop.localhost:${port}\n`,
    });
    expect(await rig.ask("router", String(port + 1))).toMatchObject({
      code: 1,
      stderr: "procman: another procman router runs already\n",
    });
    expect(await rig.ask("restart", "web", "--rolling")).toMatchObject({ code: 0 });
    expect((await rig.ask("logs", "-s", "router")).stdout).toMatch(
      /procman\[router\]: at=info .* host=shop\.localhost .* dyno=web\.1 .* status=200 /,
    );
    process.kill(first.pid, "SIGKILL");
    await first.ended;
    await rig.line(/there is no shared router/, 2);
    const second = rig.beside(["router", String(port)]);
    await rig.line(/the shared router serves http/, 2);
    expect(await ask(port, "/", { host: "www.shop.localhost" })).toMatchObject({ status: 200 });
    await rig.stop();
    process.kill(second.pid, "SIGTERM");
    expect(await second.ended).toMatchObject({
      code: 143,
      stdout: expect.stringContaining(`http://shop.localhost:${port} is gone\n`),
    });
  });
});

const browser = ["chromium", "chromium-browser", "google-chrome"].find(hasProgram);
const whyNot = browser === undefined ? " (skipped: no Chromium is installed)" : "";

describe.skipIf(browser === undefined)(`a browser${whyNot}`, () => {
  it("has its WebSocket and its server-sent events", async () => {
    const server = fileURLToPath(new URL("../support/live-page.js", import.meta.url));
    await using rig = await Rig.create({
      Procfile: `web: exec '${process.execPath}' '${server}'\n`,
    });
    const port = await start(rig);
    await rig.line(/web\.1 is up/);
    const options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    const child = spawn(
      browser ?? "",
      [...options, `--user-data-dir=${rig.folder}/profile`, `http://127.0.0.1:${port}/`],
      { stdio: "ignore", detached: true },
    );
    try {
      await rig.line(/web\.1 +\| \/report\?hello\+event$/);
    } finally {
      const ended = once(child, "exit");
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await ended;
    }
    await rig.stop();
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** procman's child that is marked as its router. */
function routerOf(rig: Rig): number {
  const lines = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(rig.pid)], {
    encoding: "utf8",
  }).split("\n");
  const found = lines.find((line) => line.includes("--router-process"));
  if (found === undefined) throw new Error(`no router among ${lines}`);
  return Number(found.trim().split(" ")[0]);
}
