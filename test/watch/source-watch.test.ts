import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { watchChangedFiles } from "../../src/watch/changed-files.ts";
import { createSourceWatch } from "../../src/watch/source-watch.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

it("finds what changes in a folder in which much else is written", async () => {
  await using folder = await makeTemporaryFolder();
  const clock = createFakeClock();
  const changes: string[] = [];
  const files = watchChangedFiles(clock, ({ file }) => changes.push(file));
  files.follow([join(folder.path, "Procfile")]);
  // Each of two files in turn, as the system tells of many writes to one only once.
  const writeMuch = () => {
    for (let index = 0; index < 1_000; index += 1) {
      appendFileSync(join(folder.path, `${index % 2}.log`), "x");
    }
    return clock.armed();
  };
  await expect.poll(writeMuch).toBe(1);
  writeFileSync(join(folder.path, "Procfile"), "web: a\n");
  expect(changes).toEqual([]);
  clock.advance(5_000);
  await expect.poll(() => clock.armed()).toBe(1);
  clock.advance(1_000);
  expect(changes).toEqual(["Procfile"]);
  files.close();
});

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
