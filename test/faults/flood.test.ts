import { readdirSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { readOwner } from "../../src/control/owner.ts";
import { Rig, testTimeout } from "../support/rig.ts";
import { peakMemory } from "../support/survivors.ts";
import { flood } from "./flood.ts";

/** `npm run test:flood` has 10,000 */
const clients = Number(process.env["FLOOD_CLIENTS"] ?? 500);
const few = ["bash", "-c", 'ulimit -n 256; exec "$@"', "few"];
const maxMemory = 150 * 1024 * 1024;

vi.setConfig({ testTimeout: testTimeout * 10 });

it("a flood of clients takes neither the answer nor the descriptors for processes", async () => {
  await using rig = await Rig.create({ Procfile: "web: exec sleep 1000\n" });
  rig.start(["web=2"], { under: few });
  await rig.client();
  expect((await rig.ask("wait")).code).toBe(0);
  const descriptors = () => readdirSync(`/proc/${rig.pid}/fd`).length;
  const before = descriptors();
  const socket = readOwner(rig.ownFolder)?.socket ?? "";

  let isOver = false;
  const flooded = flood(socket, { clients, width: 400 }).finally(() => {
    isOver = true;
  });
  const said: string[] = [];
  let quantity = 2;
  do {
    const [ps, scaled] = await Promise.all([
      rig.ask("ps"),
      rig.ask("scale", `web=${quantity + 1}`),
    ]);
    for (const { code, stderr } of [ps, scaled]) said.push(`${code} ${stderr.trim()}`);
    if (scaled.code === 0) quantity += 1;
    // One is ended by somebody else, and must be started again.
    const [first] = webs(rig);
    if (first !== undefined) process.kill(first, "SIGKILL");
  } while (!isOver && said.length < 40);
  const connected = await flooded;

  // Answered, or told what to do.
  const told = /^(0$|0 |1 .*too many connections; try again$)/;
  expect(said.filter((one) => !told.test(one))).toEqual([]);
  expect(connected).toBeGreaterThan(clients / 2);
  const after = await rig.ask("ps", "--json");
  expect(after).toMatchObject({ code: 0, stderr: "" });
  expect(rig.log()).not.toMatch(/EMFILE|EAGAIN|too many open files|failed/i);
  await rig.poll(`${quantity} processes`, () => webs(rig).length === quantity || undefined);
  // Each process has some of its own.
  const each = 4 * (quantity - 2);
  await rig.poll("the descriptors to be closed", () => descriptors() <= before + each || undefined);
  expect(peakMemory(rig.pid)).toBeLessThan(maxMemory);
  await rig.stop();
});

function webs(rig: Rig): readonly number[] {
  return rig
    .processes()
    .filter(({ command }) => command === "sleep 1000")
    .map(({ pid }) => pid);
}
