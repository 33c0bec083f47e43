/** Before `web` is started its ports are tried; with `--port auto` the whole block may move. */
import type { App } from "../config/load.ts";
import { firstPorts, type InstanceSpec, planInstances } from "../core/plan.ts";
import { portOfRouter } from "../core/router-settings.ts";
import { isWeb } from "../core/type-name.ts";
import { isPortFree } from "../process/ports.ts";
import type { PortNeed } from "./explain-port.ts";

export type ChosenPorts =
  | { readonly app: App; readonly notes: readonly string[] }
  | { readonly problem: string };

const autoStep = 1_000;
/** Above begin the ports that the system gives to outgoing connections. */
const lastAutoPort = 32_000;

export async function choosePorts(app: App): Promise<ChosenPorts> {
  const { root, settings } = app;
  const isAuto = settings.port === "auto";
  const specs = isAuto ? app.specs : app.specs.filter(({ type }) => isWeb(type));
  const notes: string[] = [];
  for (;;) {
    const busy = await findBusy(needsOf(specs, app));
    if (busy === undefined) return { app, notes };
    const { port } = busy;
    const { endStraggler } = await import("../process/straggler.ts");
    const ended = await endStraggler(port, root, settings.graceMs);
    if (ended.length === 0) return isAuto ? moveBlock(app, busy, notes) : refuse(busy, notes);
    notes.push(`ended what an earlier procman had left on port ${port}: ${ended.join(", ")}`);
  }
}

async function refuse(busy: PortNeed, notes: readonly string[]): Promise<ChosenPorts> {
  const { explainPort } = await import("./explain-port.ts");
  const { held, remedy } = await explainPort(busy);
  const refusal = `${held}; ${remedy}, or choose other ports with --port N or --port auto`;
  return { problem: [...notes, refusal].join("; ") };
}

async function moveBlock(app: App, busy: PortNeed, notes: readonly string[]): Promise<ChosenPorts> {
  for (let basePort = app.basePort + autoStep; basePort <= lastAutoPort; basePort += autoStep) {
    const planned = planInstances(app.types, app.formation, firstPorts(app.types, basePort));
    const needs = planned.ok ? needsOf(planned.value, { ...app, basePort }) : [];
    if (!planned.ok || (await findBusy(needs))) continue;
    const { explainPort } = await import("./explain-port.ts");
    const { held } = await explainPort(busy);
    const note = `${held}; the ports begin at ${basePort} instead of ${app.basePort}`;
    return { app: { ...app, basePort, specs: planned.value }, notes: [...notes, note] };
  }
  return {
    problem: `no block of free ports from ${app.basePort} to ${lastAutoPort} in steps of ${autoStep}; choose one with --port N`,
  };
}

function needsOf(specs: readonly InstanceSpec[], { router, basePort }: App): readonly PortNeed[] {
  const needs = specs.flatMap(({ name, port }) => (port === undefined ? [] : { name, port }));
  return router && !router.isShared
    ? [...needs, { name: "the router", port: portOfRouter(router, basePort) }]
    : needs;
}

async function findBusy(needs: readonly PortNeed[]): Promise<PortNeed | undefined> {
  const free = await Promise.all(needs.map(({ port }) => isPortFree(port)));
  return needs.find((_, index) => !free[index]);
}
