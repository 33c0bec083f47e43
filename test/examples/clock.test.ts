import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { App } from "./app.ts";

vi.setConfig({ testTimeout: 30_000 });

const enqueued = /msg="job enqueued" job=(\S+)$/;

let app: App;

beforeEach(async () => {
  app = await App.create();
});

afterEach(() => app.dispose());

it("enqueues whole jobs at every tick of the clock example", async () => {
  const clock = app.start("clock", { CLOCK_INTERVAL_MS: "1" });
  await app.until(() => clock.matches(enqueued).length >= 5);
  clock.kill("SIGTERM");
  expect(await clock.exit).toEqual({ code: 0, signal: null });
  expect(await app.files("queued")).toEqual([...clock.matches(enqueued)].sort());
  expect(await app.files("writing")).toEqual([]);
  for (const id of clock.matches(enqueued)) {
    const payload = JSON.parse(await readFile(join(app.folder, "queued", id), "utf8"));
    expect(payload.durationMs).toBeGreaterThanOrEqual(100);
    expect(payload.durationMs).toBeLessThan(400);
  }
});
