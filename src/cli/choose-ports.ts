/** Before `web` is started its ports are tried; with `--port auto` the whole block may move. */
import type { App } from "../config/load.ts";
import { firstPorts, type InstanceSpec, planInstances, webType } from "../core/plan.ts";
import { findPortHolder, isPortFree } from "../process/ports.ts";
import { nameProcess, processTable } from "../process/process-table.ts";
import { findStraggler } from "../process/straggler.ts";
import { createSweeper } from "../process/sweep.ts";

export type ChosenPorts =
  | { readonly app: App; readonly notes: readonly string[] }
  | { readonly problem: string };

const autoStep = 1_000;
/** Above begin the ports that the system gives to outgoing connections. */
const lastAutoPort = 32_000;

export async function choosePorts(app: App): Promise<ChosenPorts> {
  const isAuto = app.settings.port === "auto";
  const specs = isAuto ? app.specs : app.specs.filter(({ type }) => type === webType);
  const notes: string[] = [];
  for (;;) {
    const busy = await findBusy(specs);
    if (busy === undefined) return { app, notes };
    const ended = await endStraggler(app, busy.port);
    if (ended.length === 0) return isAuto ? moveBlock(app, busy, notes) : refuse(busy, notes);
    notes.push(`ended what an earlier procman had left on port ${busy.port}: ${ended.join(", ")}`);
  }
}

async function refuse(busy: InstanceSpec, notes: readonly string[]): Promise<ChosenPorts> {
  const holder = findPortHolder(busy.port);
  const by =
    holder === undefined
      ? "another user's process, or one out of sight"
      : await nameProcess(processTable, holder);
  const refusal = `port ${busy.port} of ${busy.name} is held by ${by}; stop it, or choose other ports with --port N or --port auto`;
  return { problem: [...notes, refusal].join("; ") };
}

/** All that has the same mark goes with it, and has as long for it as when procman stops it. */
async function endStraggler({ root, settings }: App, port: number): Promise<readonly string[]> {
  const mark = await findStraggler(port, root);
  if (mark === undefined) return [];
  const { ended } = await createSweeper(processTable).sweep(mark, () => false, settings.graceMs);
  return ended;
}

async function moveBlock(
  app: App,
  busy: InstanceSpec,
  notes: readonly string[],
): Promise<ChosenPorts> {
  for (let basePort = app.basePort + autoStep; basePort <= lastAutoPort; basePort += autoStep) {
    const planned = planInstances(app.types, app.formation, firstPorts(app.types, basePort));
    if (!planned.ok || (await findBusy(planned.value))) continue;
    const note = `port ${busy.port} of ${busy.name} is taken; the ports begin at ${basePort} instead of ${app.basePort}`;
    return { app: { ...app, basePort, specs: planned.value }, notes: [...notes, note] };
  }
  return {
    problem: `no block of free ports from ${app.basePort} to ${lastAutoPort} in steps of ${autoStep}; choose one with --port N`,
  };
}

async function findBusy(specs: readonly InstanceSpec[]): Promise<InstanceSpec | undefined> {
  const free = await Promise.all(specs.map(({ port }) => isPortFree(port)));
  return specs.find((_, index) => !free[index]);
}
