import { readdirSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { readOwner } from "../../src/control/owner.ts";
import { Rig, testTimeout } from "../support/rig.ts";
import { peakMemory } from "../support/survivors.ts";
import { flood } from "./flood.ts";

/** `npm run test:flood` has 10,000 */
const clients = Number(process.env["FLOOD_CLIENTS"] ?? 200);
const few = ["bash", "-c", 'ulimit -n 256; exec "$@"', "few"];
const maxMemory = 150 * 1024 * 1024;

vi.setConfig({ testTimeout: testTimeout * 10 });

it("a flood of clients takes neither the answer nor the descriptors for processes", async () => {
  await using rig = await Rig.create({ Procfile: "worker: exec sleep 1000\n" });
  rig.start(["worker=2"], { under: few });
  await rig.client();
  expect((await rig.ask("wait")).code).toBe(0);
  const descriptors = () => readdirSync(`/proc/${rig.pid}/fd`).length;
  const before = descriptors();
  const socket = readOwner(rig.ownFolder)?.socket ?? "";

  let isOver = false;
  const leave = new AbortController();
  const givenUp = leave.signal;
  const flooded = flood(socket, { clients, width: 400, givenUp }).finally(() => {
    isOver = true;
  });
  const said: string[] = [];
  let quantity = 2;
  for (let round = 0; round === 0 || (round < clients / 50 && !isOver); round += 1) {
    const wanted = 2 + (round % 5);
    const [ps, scaled] = await Promise.all([rig.ask("ps"), rig.ask("scale", `worker=${wanted}`)]);
    for (const { code, stderr } of [ps, scaled]) said.push(`${code} ${stderr.trim()}`);
    if (scaled.code === 0) quantity = wanted;
    // One is ended by somebody else, and must be started again.
    const [first] = workers(rig);
    if (first !== undefined) process.kill(first, "SIGKILL");
  }
  leave.abort();
  const connected = await flooded;

  // Answered, or told what to do.
  const told = /^(0$|0 |1 .*too many connections; try again$)/;
  expect(said.filter((one) => !told.test(one))).toEqual([]);
  expect(connected).toBeGreaterThan(clients / 2);
  const after = await rig.ask("ps", "--json");
  expect(after).toMatchObject({ code: 0, stderr: "" });
  expect(rig.log()).not.toMatch(/EMFILE|EAGAIN|too many open files|failed/i);
  await rig.poll(`${quantity} processes`, () => workers(rig).length === quantity || undefined);
  expect((await rig.ask("scale", "worker=2")).code).toBe(0);
  await rig.poll("the descriptors to be closed", () => descriptors() <= before + 1 || undefined);
  expect(peakMemory(rig.pid)).toBeLessThan(maxMemory);
  await rig.stop();
});

function workers(rig: Rig): readonly number[] {
  return rig
    .processes()
    .filter(({ command }) => command === "sleep 1000")
    .map(({ pid }) => pid);
}
