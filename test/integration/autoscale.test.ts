import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const rule = "max: 3, every: 100ms, metric: cat queue, per: 10";

function app(autoscale = rule, queue = "0\n") {
  return Rig.create({
    Procfile: procfile("web", "worker"),
    "procman.yml": `types: {worker: {autoscale: {${autoscale}}}}\n`,
    queue,
  });
}

describe.concurrent("autoscale", () => {
  it("follows a number that a command prints, up and down", async () => {
    await using rig = await app();
    rig.start();
    await rig.child("worker.1");
    await rig.write("queue", "25\n");
    await rig.line(
      /Scaled to web@1 worker@3 by autoscale of worker \(25, 10 for each process, 3 at most\)$/,
    );
    const [second, third] = [await rig.child("worker.2"), await rig.child("worker.3")];
    await rig.write("queue", "12\n");
    await rig.line(/Scaled to web@1 worker@2 by autoscale of worker \(\d+ was the most in 6 looks/);
    await rig.line(/worker\.3 stopped/);
    await third.gone();
    expect(second.isGone).toBe(false);
    expect(rig.count(/web\.1 stopped/)).toBe(0);
    await rig.stop();
  });

  it("begins between its bounds, and stays between them", async () => {
    await using rig = await app(`min: 2, ${rule}`, "1000\n");
    rig.start();
    await rig.child("worker.2");
    await rig.child("worker.3");
    expect(await rig.ask("scale", "worker=5")).toMatchObject({ code: 0 });
    await rig.line(/Scaled to web@1 worker@3 by autoscale of worker/, 2);
    await rig.line(/worker\.5 (was )?stopped/);
    await rig.stop();
  });

  it("goes down to none, and comes back", async () => {
    await using rig = await app(`min: 0, ${rule}`);
    rig.start();
    await rig.line(/Scaled to web@1 worker@0 by autoscale of worker/);
    await rig.write("queue", "5\n");
    await rig.line(/Scaled to web@1 worker@1 by autoscale of worker \(5, 10 for each process\)$/);
    await rig.stop();
  });

  it("is turned off by a person who wants none, until one wants some", async () => {
    await using rig = await app(rule, "30\n");
    rig.start(["-m", "all=1,worker=0"]);
    await rig.child("web.1");
    expect(await rig.ask("scale", "worker=1")).toMatchObject({ code: 0 });
    await rig.line(/Scaled to web@1 worker@3 by autoscale/);
    expect(await rig.ask("scale", "worker=0")).toMatchObject({ code: 0 });
    await rig.line(/worker\.1 stopped/);
    expect(await rig.ask("scale")).toMatchObject({ stdout: "web=1 worker=0\n" });
    expect(await rig.ask("scale", "worker=2")).toMatchObject({ code: 0 });
    await rig.line(/Scaled to web@1 worker@3 by autoscale/, 2);
    await rig.stop();
  });

  it("changes nothing when the number cannot be read, and says so once", async () => {
    await using rig = await app(rule, "many\n");
    rig.start();
    await rig.line(
      /worker is not scaled, because its metric cannot be read: cat queue has printed "many", no number$/,
    );
    await rig.write("queue", "15\n");
    await rig.line(/worker is scaled again: its metric can be read$/);
    await rig.child("worker.2");
    await rig.remove("queue");
    await rig.line(/cannot be read: cat queue exited with code 1: cat: queue: No such file/);
    expect(rig.count(/cannot be read/)).toBe(2);
    await rig.stop();
  });

  it("has its command run where the type runs, and leaves nothing of it", async () => {
    await using rig = await Rig.create({
      "api/Procfile": procfile("worker"),
      "api/.env": "WAITING=15\n",
      "api/procman.yml": `types:
  worker: {autoscale: {max: 2, every: 100ms, metric: 'sleep 1000 & pwd >&2; echo $WAITING', per: 10}}
`,
      "procman.yml": "include: {api: api}\n",
    });
    rig.start();
    await rig.line(/by autoscale of api:worker \(15, 10 for each process, 2 at most\)/);
    await rig.child("api:worker.2");
    await rig.stop();
  });

  it("is ended with all else while its command runs", async () => {
    await using rig = await app(rule.replace("cat queue", "touch asked; exec sleep 1000"));
    rig.start();
    await vi.waitFor(() => rig.read("asked"), { timeout: testTimeout });
    await rig.stop();
  });

  it("follows another rule after reload, and touches nobody for it", async () => {
    await using rig = await app(rule, "25\n");
    rig.start();
    const first = await rig.child("worker.1");
    await rig.child("worker.3");
    const settings = `types: {worker: {autoscale: {${rule.replace("max: 3", "max: 2")}}}}\n`;
    await rig.write("procman.yml", settings);
    expect((await rig.ask("reload")).stdout).toContain("autoscale changed in procman.yml");
    await rig.line(/Scaled to web@1 worker@2 by autoscale/);
    expect(first.isGone).toBe(false);
    await rig.stop();
  });

  it("is told by check when it is wrong", async () => {
    await using rig = await app("max: 3");
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    expect(code).toBe(1);
    expect(stdout).toContain("procman.yml:1:18: error: the autoscale of worker needs metric, per");
  });
});

const hasRedis = hasProgram("redis-server") && hasProgram("redis-cli");
const why = hasRedis ? "" : " (SKIPPED, it is not installed: apt-get install redis-server)";

describe.runIf(hasRedis)(`autoscale with Redis${why}`, () => {
  it("works off a queue with as many as it takes, each job once, and comes down again", async () => {
    const jobs = 300;
    const worker = new URL("../support/queue-worker.js", import.meta.url).pathname;
    await using rig = await Rig.create({
      Procfile: `redis: redis-server --port 0 --unixsocket redis.sock --save '' --appendonly no
worker: node '${worker}'
`,
      "procman.yml": `types:
  redis: {ready: {log: /ready to accept connections/i}}
  worker:
    depends_on: {redis: ready}
    env: {REDIS_SOCKET: redis.sock, JOB_MS: "20"}
    autoscale: {max: 4, every: 250ms, metric: redis-cli -s redis.sock llen jobs, per: 20}
`,
    });
    const redis = (...words: readonly string[]) =>
      execFileSync("redis-cli", ["-s", join(rig.folder, "redis.sock"), ...words], {
        encoding: "utf8",
      }).trim();
    rig.start();
    await rig.line(/worker\.1 started/);
    const names = Array.from({ length: jobs }, (_, index) => `job-${index}`);
    expect(redis("RPUSH", "jobs", ...names)).toBe(String(jobs));
    await rig.line(/Scaled to redis@1 worker@4 by autoscale of worker/);
    await rig.line(/Scaled to redis@1 worker@1 by autoscale of worker/);
    await rig.line(/worker\.4 stopped .*exited with code 0/);
    await vi.waitFor(() => expect(redis("LLEN", "done")).toBe(String(jobs)), {
      timeout: testTimeout,
    });
    expect(redis("LLEN", "active")).toBe("0");
    const done = redis("LRANGE", "done", "0", "-1").split("\n");
    expect(new Set(done)).toEqual(new Set(names));
    await rig.stop();
  });
});
