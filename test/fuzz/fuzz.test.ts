import { expect, it } from "vitest";
import { fuzz } from "./fuzz.ts";

it("what is nearly right breaks nothing, and each refusal says where", async () => {
  const seed = Date.now() % 1_000_000;
  const { failures } = await fuzz({ count: 4_000, seed, hugeEvery: 500 });
  const told = failures.map(({ target, number, reason }) => `${target} ${number}: ${reason}`);
  expect(told, `npm run test:fuzz -- --seed ${seed}`).toEqual([]);
}, 60_000);
