import { expect, it } from "vitest";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { checkFile } from "./files.ts";
import { fuzz } from "./fuzz.ts";

it("what is nearly right breaks nothing, and each refusal says where", async () => {
  const seed = Date.now() % 1_000_000;
  const { failures } = await fuzz({ count: 4_000, seed, hugeEvery: 500 });
  const told = failures.map(({ target, number, reason }) => `${target} ${number}: ${reason}`);
  expect(told, `npm run test:fuzz -- --seed ${seed}`).toEqual([]);
}, 60_000);

it.each(["Procfile", ".env", ".foreman"] as const)("%s may be a line of 50 MB", async (name) => {
  await using folder = await makeTemporaryFolder();
  const start = process.cpuUsage();
  await checkFile(folder.path, name, Buffer.alloc(50e6, "web: x "));
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});
