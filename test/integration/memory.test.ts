import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

function withMemory(memory: string) {
  return Rig.create({
    Procfile: procfile("web", "worker"),
    "procman.yml": `types: {worker: {memory: ${memory}}}\n`,
  });
}

describe.concurrent("memory", () => {
  it("warn is told, limit starts it anew, with what a reload has taken over", async () => {
    await using rig = await withMemory("{warn: 150M}");
    rig.start();
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await worker.trap("SIGTERM");
    await worker.allocate(200);
    await rig.line(/worker\.1 takes \d+M of memory, over its warn of 150M$/);
    const warning =
      /procman\[worker\.1\]: Process running mem=\d+M\(\d+\.\d%\)\n.*procman\[worker\.1\]: Error R14 \(Memory quota exceeded\)\n/;
    await rig.poll("the warning in the log", () => warning.test(rig.log()) || undefined);
    const [dyno] = JSON.parse((await rig.ask("ps", "worker", "--json")).stdout);
    expect(dyno.memory_bytes).toBeGreaterThan(200 * 2 ** 20);
    await rig.write("procman.yml", "types: {worker: {memory: 180M}}\n");
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    await worker.signalled("SIGTERM");
    await worker.exit(0);
    await rig.line(/worker\.1 takes \d+M of memory, over its limit of 180M; stopping it$/);
    const limit = "Error R15 (Memory quota vastly exceeded)";
    await rig.poll("the limit in the log", () => rig.log().includes(limit) || undefined);
    const next = await rig.child("worker.1", 2);
    expect([next.isGone, web.isGone]).toEqual([false, false]);
    await rig.stop();
    expect(worker.signals).toEqual(["SIGTERM"]);
    expect(rig.children).toHaveLength(3);
  });

  it("of all that it has started", async () => {
    await using rig = await withMemory("200M");
    rig.start();
    const worker = await rig.child("worker.1");
    await worker.fork("session", "helper");
    await (await rig.forked("helper")).allocate(200);
    await rig.line(/worker\.1 takes \d+M of memory, over its limit of 200M; stopping it$/);
    await rig.line(/worker\.1 was unhealthy \(took .*\) after .*; starting it again in/);
    await rig.child("worker.1", 2);
    await rig.stop();
  });

  it("mistakes: all at once, before anything is started", async () => {
    await using rig = await withMemory("{warn: 2G, limit: 1G}");
    const { code, stdout } = await rig.ask("check");
    expect(code).toBe(1);
    expect(stdout).toContain("procman.yml:1:27: error: warn is 2048M, above the limit of 1024M");
  });
});
