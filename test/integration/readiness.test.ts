import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

function withWorker(settings: string) {
  return Rig.create({
    Procfile: procfile("worker"),
    "procman.yml": `types: {worker: {${settings}}}\n`,
  });
}

const isUp = /worker\.1 is up after /;

describe.concurrent("ready", () => {
  it("http: a path on its own port, when the answer is below 400, and not asked after that", async () => {
    await using rig = await withWorker("ready: {http: /health?a=b, interval: 5ms}");
    rig.start();
    const worker = await rig.child("worker.1");
    await worker.serve(503);
    await rig.poll("two requests", async () =>
      ((await worker.servedSoFar()) as string[]).length > 1 ? true : undefined,
    );
    expect((await rig.ask("ps")).stdout).toMatch(/worker\.1: starting /);
    await worker.serve(302);
    await rig.line(isUp);
    const paths = (await worker.servedSoFar()) as string[];
    expect(new Set(paths)).toEqual(new Set(["/health?a=b"]));
    await worker.print("asked");
    await rig.line(/\| asked$/);
    expect(await worker.servedSoFar()).toHaveLength(paths.length);
    await rig.stop();
  });

  it("http: a URL with variables of its environment", async () => {
    await using rig = await withWorker(
      "env: {WHERE: 127.0.0.1}, ready: {http: 'http://$WHERE:$PORT/'}",
    );
    rig.start();
    await (await rig.child("worker.1")).serve(200);
    await rig.line(isUp);
    await rig.stop();
  });

  it.each(["$PORT", "localhost:$PORT", "127.0.0.1:$PORT"])("tcp: %s", async (address) => {
    await using rig = await withWorker(`ready: {tcp: '${address}'}`);
    rig.start();
    const worker = await rig.child("worker.1");
    await worker.listen();
    await rig.line(isUp);
    await rig.stop();
  });

  it("log: a line that matches, whatever its colours, and no piece of one", async () => {
    await using rig = await withWorker("ready: {log: '/^listening on \\d+$/i'}");
    rig.start();
    const worker = await rig.child("worker.1");
    await worker.print("not listening on 80");
    await worker.write("Listening on \u001b[1m80");
    await rig.line(/not listening/);
    expect((await rig.ask("ps")).stdout).toMatch(/worker\.1: starting /);
    await worker.write("80\u001b[0m\r\n");
    await rig.line(isUp);
    await rig.stop();
  });

  it("command: exits with 0, in its folder and its environment", async () => {
    await using rig = await withWorker(
      "cwd: below, env: {WHAT: flag}, ready: {command: 'test -f $WHAT', interval: 5ms}",
    );
    await rig.write("below/.keep", "");
    rig.start();
    await rig.child("worker.1");
    expect((await rig.ask("ps")).stdout).toMatch(/worker\.1: starting /);
    await rig.write("below/flag", "");
    await rig.line(isUp);
    await rig.stop();
  });

  it("timeout: it is stopped and started anew, and told why", async () => {
    await using rig = await withWorker("ready: {command: 'test -e done', timeout: 1s}");
    rig.start();
    await rig.line(
      /worker\.1 is unhealthy: not ready within 1 s: test -e done exited with code 1; stopping it$/,
    );
    await rig.write("done", "");
    await rig.line(/worker\.1 was unhealthy \(.*\) after .*; starting it again in /);
    await rig.line(isUp);
    expect((await rig.ask("why", "worker")).stdout).toContain("not ready within 1 s");
    await rig.stop();
  });

  it("timeout: nobody answers on the port it is given", async () => {
    await using rig = await withWorker("ready: {tcp: $PORT, timeout: 100ms}");
    rig.start();
    await rig.line(
      /worker\.1 is unhealthy: not ready within 100 ms: nobody answers on port \d+ \(ECONNREFUSED\); stopping it$/,
    );
    await rig.stop();
  });

  it("command: one that hangs is killed, and nothing of it is left", async () => {
    await using rig = await withWorker(
      "ready: {command: 'sleep 1000 & echo hanging; wait', timeout: 200ms}",
    );
    rig.start();
    await rig.line(/not ready within 200 ms: no answer within \d+ ms/);
    await rig.stop();
  });

  it("a stop in the middle of it waits for no answer", async () => {
    await using rig = await withWorker("ready: {command: 'sleep 1000'}");
    rig.start();
    await rig.child("worker.1");
    const { stdout } = await rig.stop();
    expect(stdout).not.toContain("unhealthy");
  });
});

describe.concurrent("live", () => {
  it("http: so many failures in a row, and it is replaced", async () => {
    await using rig = await withWorker("live: {http: /, interval: 20ms, failures: 2}");
    rig.start();
    const worker = await rig.child("worker.1");
    await worker.serve(200);
    await rig.poll("three requests", async () =>
      ((await worker.servedSoFar()) as string[]).length > 2 ? true : undefined,
    );
    await worker.serve(500);
    await rig.line(
      /worker\.1 is unhealthy: GET http:\/\/localhost:\d+\/ answered 500, 2 times in a row; stopping it/,
    );
    await worker.gone();
    expect(worker.signals).toEqual([]);
    await rig.child("worker.1", 2);
    await rig.stop();
  });

  it("an answer that is late is none", async () => {
    await using rig = await withWorker(
      "live: {command: 'sleep 1000', interval: 20ms, timeout: 50ms, failures: 1}",
    );
    rig.start();
    await rig.line(/worker\.1 is unhealthy: no answer within 50 ms; stopping it/);
    await rig.stop();
  });

  it("log: a line that matches in each interval", async () => {
    await using rig = await withWorker("live: {log: tick, interval: 300ms, failures: 1}");
    rig.start();
    const worker = await rig.child("worker.1");
    for (let count = 0; count < 3; count += 1) {
      await worker.print(`tick ${count}`);
      await rig.line(new RegExp(`tick ${count}`));
    }
    await rig.line(/worker\.1 is unhealthy: no line has matched \/tick\/; stopping it/);
    await rig.stop();
  });

  it("is not asked before it is up", async () => {
    await using rig = await withWorker(
      "ready: {log: go}, live: {command: 'echo >> asked', interval: 10ms}",
    );
    rig.start();
    const worker = await rig.child("worker.1");
    expect((await rig.ask("ps")).stdout).toMatch(/worker\.1: starting /);
    await expect(rig.read("asked")).rejects.toThrow("ENOENT");
    await worker.print("go");
    await rig.poll("a question", () => rig.read("asked").catch(() => undefined));
    await rig.stop();
  });
});

it("says what is wrong with the settings", async () => {
  await using rig = await Rig.create({
    Procfile: procfile("a", "b", "c", "d", "e"),
    "procman.yml": `types:
  a: {ready: {timeout: 5s}}
  b: {ready: {http: health}, live: {tcp: 70000}}
  c: {port: none, ready: {http: /health}, live: {tcp: $PORT}}
  d: {live: {tcp: 1, log: x, failures: 0}}
  e: {ready: {log: '/(/'}}
`,
  });
  const { code, stdout } = await rig.ask("check");
  expect(code).toBe(1);
  expect(stdout.trim().split("\n")).toEqual([
    'procman.yml:2:7: error: "types.a.ready" needs one of http, tcp, log, command',
    'procman.yml:5:22: error: "types.d.live" needs only one of http, tcp, log, command',
    'procman.yml:5:40: error: "0" is not a whole number from 1 to 1000',
    'procman.yml:6:20: error: "/(/" is not a regular expression such as /listening on/i, or a plain text',
    "4 errors, 0 warnings",
  ]);
  await rig.write(
    "procman.yml",
    `types:
  b: {ready: {http: health}, live: {tcp: 70000}}
  c: {port: none, ready: {http: /health}, live: {tcp: $PORT}}
`,
  );
  expect((await rig.ask("check")).stdout.trim().split("\n")).toEqual([
    'procman.yml:2:15: error: "health" is neither a path nor a URL; as in /health, or http://localhost:$PORT/health',
    'procman.yml:2:37: error: "70000" is no port; as in 5432, $PORT or localhost:5432',
    "procman.yml:3:27: error: c has port: none; write the whole URL",
    "procman.yml:3:50: error: c has port: none; write the port that it listens on",
    "4 errors, 0 warnings",
  ]);
});
