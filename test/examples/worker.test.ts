import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "./app.ts";

vi.setConfig({ testTimeout: 30_000 });

const clean = { code: 0, signal: null };
const started = /msg="job started" job=(\S+)/;
const done = /msg="job done" job=(\S+) ms=\d+$/;

let app: App;

beforeEach(async () => {
  app = await App.create();
});

afterEach(() => app.dispose());

function jobs(count: number, durationMs: number): { durationMs: number }[] {
  return Array.from({ length: count }, () => ({ durationMs }));
}

describe("the worker example", () => {
  it("works each job exactly once, with two workers at once", async () => {
    const workers = [app.start("worker"), app.start("worker")];
    await Promise.all(workers.map((worker) => worker.line(/waiting for jobs/)));
    const ids = await app.enqueue(jobs(40, 10));
    await app.until(() => workers.flatMap((worker) => worker.matches(done)).length === 40);
    for (const worker of workers) worker.kill("SIGTERM");
    for (const worker of workers) expect(await worker.exit).toEqual(clean);

    const expected = [...ids].sort();
    expect(workers.flatMap((worker) => worker.matches(started)).sort()).toEqual(expected);
    expect(workers.flatMap((worker) => worker.matches(done)).sort()).toEqual(expected);
    expect(await app.files("done")).toEqual(expected);
    expect(await app.files("queued")).toEqual([]);
    expect(await app.files("claimed")).toEqual([]);
  });

  it("finishes the job in hand at SIGTERM and leaves the others queued", async () => {
    const ids = await app.enqueue(jobs(5, 50));
    const first = app.start("worker");
    await first.line(started);
    first.kill("SIGTERM");
    expect(await first.exit).toEqual(clean);
    expect(first.matches(done)).toEqual(first.matches(started));
    expect(await app.files("done")).toEqual([...first.matches(done)].sort());
    expect(await app.files("claimed")).toEqual([]);
    expect([...(await app.files("done")), ...(await app.files("queued"))].sort()).toEqual(
      [...ids].sort(),
    );

    const second = app.start("worker");
    const left = 5 - first.matches(done).length;
    await app.until(() => second.matches(done).length === left);
    expect(await app.files("done")).toEqual([...ids].sort());
  });

  it("leaves the job of a live worker alone and takes over that of a dead one", async () => {
    const [id] = await app.enqueue([{ durationMs: 600_000 }]);
    const victim = app.start("worker");
    await victim.line(started);
    const claim = `${id}.${victim.pid}`;

    const bystander = app.start("worker");
    const [other] = await app.enqueue([{ durationMs: 1 }]);
    expect(await bystander.line(done)).toBe(other);
    bystander.kill("SIGTERM");
    expect(await bystander.exit).toEqual(clean);
    expect(await app.files("claimed")).toEqual([claim]);

    victim.kill("SIGKILL");
    expect(await victim.exit).toEqual({ code: null, signal: "SIGKILL" });
    expect(await app.files("claimed")).toEqual([claim]);
    // It need not take as long again.
    await writeFile(join(app.folder, "claimed", claim), JSON.stringify({ durationMs: 1 }));
    const heir = app.start("worker");
    expect(await heir.line(/msg="job put back" job=(\S+)/)).toBe(id);
    expect(await heir.line(done)).toBe(id);
    expect(await app.files("done")).toEqual([id, other].sort());
  });

  it("takes a claim in its own name, made while it held no job, for a predecessor's", async () => {
    const worker = app.start("worker");
    await worker.line(/waiting for jobs/);
    const claim = join(app.folder, "claimed", `0-orphan.${worker.pid}`);
    // In two steps, as the worker may look at any moment.
    await writeFile(join(app.folder, "draft"), JSON.stringify({ durationMs: 1 }));
    await rename(join(app.folder, "draft"), claim);
    expect(await worker.line(/msg="job put back" job=(\S+)/)).toBe("0-orphan");
    expect(await worker.line(done)).toBe("0-orphan");
  });

  it("removes what a dead process has not finished writing, and nothing else", async () => {
    const dead = app.start("worker");
    await dead.line(/waiting for jobs/);
    const living = app.start("clock");
    await living.line(/job enqueued/);
    dead.kill("SIGKILL");
    await dead.exit;
    await writeFile(join(app.folder, "writing", `1.${dead.pid}`), "{");
    await writeFile(join(app.folder, "writing", `2.${living.pid}`), "{");
    await app.start("worker").line(done);
    expect(await app.files("writing")).toEqual([`2.${living.pid}`]);
  });

  it("sets a job that throws aside and goes on", async () => {
    await mkdir(join(app.folder, "queued"));
    await writeFile(join(app.folder, "queued", "0-broken"), "{");
    const [id] = await app.enqueue(jobs(1, 1));
    const worker = app.start("worker");
    expect(await worker.line(done)).toBe(id);
    await worker.line(/^level=error msg="job threw" job=0-broken error="SyntaxError: /);
    expect(await app.files("failed")).toEqual(["0-broken"]);
  });

  it("keeps the newest 100 of the jobs done", async () => {
    const ids = await app.enqueue(jobs(103, 0));
    const worker = app.start("worker");
    await app.until(() => worker.matches(done).length === 103);
    worker.kill("SIGTERM");
    expect(await worker.exit).toEqual(clean);
    expect(await app.files("done")).toEqual([...ids].sort().slice(3));
  });
});
