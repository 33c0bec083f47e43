import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App, type Started } from "./app.ts";

vi.setConfig({ testTimeout: 30_000 });

const clean = { code: 0, signal: null };

let app: App;

beforeEach(async () => {
  app = await App.create();
});

afterEach(() => app.dispose());

/** Sends signals without a break until the process has ended. */
async function pester(child: Started): Promise<void> {
  let ended = false;
  const next = () => {
    if (ended) return;
    child.kill("SIGTERM");
    child.kill("SIGINT");
    setImmediate(next);
  };
  next();
  await child.exit;
  ended = true;
}

describe.each(["web", "worker", "clock"] as const)("the shutdown of the %s example", (type) => {
  it.each(["SIGTERM", "SIGINT"] as const)("is clean at %s", async (signal) => {
    const child = app.start(type);
    await child.line(/level=info/);
    child.kill(signal);
    expect(await child.exit).toEqual(clean);
    expect(child.lines).toContain(`level=info msg="shutting down" signal=${signal}`);
  });

  it("is clean however many signals come, and says so once", async () => {
    const child = app.start(type);
    await child.line(/level=info/);
    await pester(child);
    expect(await child.exit).toEqual(clean);
    expect(child.matches(/shutting down/)).toHaveLength(1);
  });
});
