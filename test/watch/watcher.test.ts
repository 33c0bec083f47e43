import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { systemClock as clock } from "../../src/process/system-clock.ts";
import { openWatcher } from "../../src/watch/watcher.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const rules = new Map([["web", { paths: ["dist/js/**"], ignore: [], debounceMs: 50 }]]);

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a folder in a folder that is new", () => {
  it.each(Array.from({ length: 16 }, (_, count) => count))(
    "is seen, though it comes %i turns after that",
    { timeout: 30_000, concurrent: true },
    async (count) => {
      await using folder = await makeTemporaryFolder();
      const root = folder.path;
      const onChange = vi.fn();
      const watcher = await new Promise<{ close(): Promise<void> }>((resolve) => {
        const opened = openWatcher(rules, {
          root,
          clock,
          onChange,
          say: () => void opened.then(resolve),
        });
      });
      mkdirSync(join(root, "dist"));
      await turns(count % 8);
      mkdirSync(join(root, "dist/js"));
      writeFileSync(join(root, "dist/js/a.js"), "1");
      await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), { timeout: 20_000 });
      expect(onChange.mock.calls[0]).toEqual(["web", { file: "dist/js/a.js", others: 0 }]);
      await watcher.close();
    },
  );
});
