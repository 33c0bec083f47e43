import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { takeHold } from "../../src/process/hold.ts";

it.skipIf(process.platform !== "linux")("leaves nothing open when it cannot be had", () => {
  const folder = mkdtempSync(join(tmpdir(), "hold-test-"));
  // No file, and so not to be opened to write.
  mkdirSync(join(folder, "groups"));
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let times = 0; times < 50; times += 1) {
    expect(() => takeHold({ folder, mark: "", log: "", path: "" })).toThrow("EISDIR");
  }
  // Others may have opened something meanwhile.
  expect(open() - before).toBeLessThan(50);
  rmSync(folder, { recursive: true });
});
