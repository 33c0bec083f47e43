import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeFifos } from "../../src/process/fifos.ts";

/** How the shell that makes them is started; undefined for Node's own way. */
const start = vi.hoisted(() => ({ shell: undefined as (() => ChildProcess) | undefined }));

vi.mock("node:child_process", async (original) => {
  const own = await original<typeof import("node:child_process")>();
  const spawn = (...args: Parameters<typeof own.spawn>) => start.shell?.() ?? own.spawn(...args);
  return { ...own, spawn };
});

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fifos-test-"));
  vi.stubEnv("TMPDIR", folder);
});

afterEach(() => {
  start.shell = undefined;
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const noDescriptor = Object.assign(new Error("spawn EMFILE"), { code: "EMFILE" });

describe("FIFOs", () => {
  it("are there until they are released", async () => {
    const fifos = makeFifos(2);
    await fifos.made();
    expect(fifos.paths).toHaveLength(2);
    expect(readdirSync(folder)).toHaveLength(1);
    await fifos.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[name: string, shell: () => ChildProcess]>([
    [
      "throws",
      () => {
        throw noDescriptor;
      },
    ],
    [
      "is told later",
      () => {
        const child = new EventEmitter();
        process.nextTick(() => child.emit("error", noDescriptor));
        return child as ChildProcess;
      },
    ],
  ])("leave no folder when their shell cannot be started, which %s", async (_, shell) => {
    start.shell = shell;
    const fifos = makeFifos(2);
    await expect(fifos.made()).rejects.toBe(noDescriptor);
    await fifos.release();
    expect(readdirSync(folder)).toEqual([]);
  });
});
