import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createSourceWatch } from "../../src/watch/source-watch.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

it("leaves a pipe alone, which can be read once", async () => {
  await using folder = await makeTemporaryFolder();
  const env = join(folder.path, ".env");
  const settles: (() => void)[] = [];
  let plans = 0;
  const sources = createSourceWatch(Promise.resolve(), {
    clock: {
      nowMs: () => 0,
      after(_, onDue) {
        settles.push(onDue);
        return () => {};
      },
    },
    async plan() {
      plans += 1;
      return { ok: true, value: [], diagnostics: [] };
    },
    say() {},
  });
  sources.follow([env]);
  /** Until it has been noticed, which is then over. */
  async function change(act: () => void): Promise<void> {
    settles.length = 0;
    const noticed = () => {
      if (settles.length === 0) act();
      return settles.at(-1);
    };
    await expect.poll(noticed).toBeDefined();
    settles.at(-1)?.();
  }
  const write = () => writeFileSync(env, "A=1\n");
  const putPipe = () => {
    rmSync(env);
    execFileSync("mkfifo", [env]);
  };
  await change(write);
  await expect.poll(() => plans).toBe(1);
  await change(putPipe);
  await change(() => {
    rmSync(env);
    write();
  });
  await expect.poll(() => plans).toBe(2);
  sources.close();
});
