import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { afterEach, describe, expect, it } from "vitest";
import { createSampler } from "../../src/process/sampler.ts";

const mebibyte = 2 ** 20;
const started: ChildProcess[] = [];

/** Leads a session of its own, and says that it has what it needs. */
async function start(file: string, ...args: readonly string[]): Promise<number> {
  const child = spawn(file, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  if (child.pid === undefined) throw new Error(`no ${file}`);
  await once(child.stdout, "data");
  return child.pid;
}

function startNode(mebibytes: number): Promise<number> {
  const script = `global.all = Buffer.alloc(${mebibytes} * 2 ** 20, 1); console.log("there"); setInterval(() => {}, 1e6)`;
  return start(process.execPath, "-e", script);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, "SIGKILL");
  await once(child, "exit");
}

afterEach(async () => {
  await Promise.all(started.splice(0).map(end));
});

const hasPerl = spawnSync("perl", ["-e", "1"]).status === 0;

describe("a sample", () => {
  it("has the memory of each, and nothing of who is not there", async () => {
    const sampler = createSampler();
    const leaders = new Map([
      ["small.1", await startNode(1)],
      ["large.1", await startNode(200)],
      ["gone.1", 2 ** 22 + 1],
    ]);
    const used = await sampler.sampleMemory(leaders);
    expect([...used.keys()]).toEqual(["small.1", "large.1"]);
    expect(used.get("small.1")).toBeGreaterThan(10 * mebibyte);
    expect(used.get("small.1")).toBeLessThan(150 * mebibyte);
    expect(used.get("large.1")).toBeGreaterThan(200 * mebibyte);
    expect(used.get("large.1")).toBeLessThan(350 * mebibyte);
  });

  it.runIf(hasPerl)("counts once what the workers of a forking server share", async () => {
    const forking = `$| = 1; $all = "x" x (100 << 20); for (1 .. 4) { fork or do { sleep 1000 } } print "there\\n"; sleep 1000`;
    const leaders = new Map([["web.1", await start("perl", "-e", forking)]]);
    const used = (await createSampler().sampleMemory(leaders)).get("web.1") ?? 0;
    // Perl may keep a second copy, which is shared, too. Resident are five times that much.
    expect(used).toBeGreaterThan(100 * mebibyte);
    expect(used).toBeLessThan(300 * mebibyte);
  });

  it("counts a family with who has left its session", async () => {
    const inner = `const all = Buffer.alloc(100 << 20, 1); console.log(all.length); setInterval(() => {}, 1e6)`;
    const outer = `const { spawn } = require("node:child_process"); const child = spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { detached: true }); child.stdout.once("data", () => console.log("there")); process.on("SIGTERM", () => process.kill(child.pid, "SIGKILL")); child.once("exit", () => process.exit())`;
    const leader = await start(process.execPath, "-e", outer);
    const used = (await createSampler().sampleMemory(new Map([["a.1", leader]]))).get("a.1") ?? 0;
    expect(used).toBeGreaterThan(100 * mebibyte);
    const exited = once(started[0] as ChildProcess, "exit");
    process.kill(leader, "SIGTERM");
    await exited;
  });

  it("answers for all else as long as it is the last one", async () => {
    const sampler = createSampler();
    const leaders = new Map([["a.1", await startNode(64)]]);
    await sampler.sampleMemory(leaders);
    const used = await sampler.sampleMemory(leaders);
    await Promise.all(started.splice(0).map(end));
    // Nobody is there any more who could be measured.
    expect(await createSampler().measureUsage(leaders)).toEqual(new Map());
    const usage = (await sampler.measureUsage(leaders)).get("a.1");
    expect(usage).toMatchObject({ memoryBytes: used.get("a.1"), ports: [] });
    expect(usage?.cpuPercent).toBeGreaterThanOrEqual(0);
  });
});

describe("usage", () => {
  it("is measured when nobody samples", async () => {
    const busy = `console.log("there"); for (;;);`;
    const leaders = new Map([["a.1", await start(process.execPath, "-e", busy)]]);
    const usage = (await createSampler().measureUsage(leaders)).get("a.1");
    expect(usage?.cpuPercent).toBeGreaterThan(1);
    expect(usage?.memoryBytes).toBeGreaterThan(10 * mebibyte);
  });
});
