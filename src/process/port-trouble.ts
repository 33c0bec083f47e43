/** A process has failed, and its port may be why: what stands in its way, and until when. */

import type { PortTrouble } from "../core/port-trouble.ts";
import { portWaitMs } from "../core/restart.ts";
import { findPortHolder } from "./port-holder.ts";
import { isPortFree, untilPortFree } from "./ports.ts";
import { settledWithin } from "./settled-within.ts";
import { readSocketTable } from "./socket-table.ts";
import { endStraggler } from "./straggler.ts";

/** On a machine with very many processes what is not found in time is not said. */
const searchMs = 1_000;

export async function findPortTrouble(port: number): Promise<PortTrouble | undefined> {
  const trouble = (await isPortFree(port)) ? findTimeWait(port) : findHolder(port);
  return (await settledWithin(trouble, searchMs)) ? trouble : undefined;
}

async function findHolder(port: number): Promise<PortTrouble> {
  return { is: "held", port, holder: await findPortHolder(port) };
}

/** To be free for Node is not to be free for all: it sets SO_REUSEADDR. */
async function findTimeWait(port: number): Promise<PortTrouble | undefined> {
  const rows = await readSocketTable(port);
  const leftMs = Math.max(0, ...rows.map((row) => (row.is === "time-wait" ? row.leftMs : 0)));
  return leftMs > 0 ? { is: "time-wait", port, leftMs } : undefined;
}

export interface AwaitedPort {
  readonly port: number;
  /** Of the app, and what its processes have to end in. */
  readonly root: string;
  readonly graceMs: number;
  /** What an earlier procman of this app had left there is ended first. */
  readonly onCleared: (processes: readonly string[]) => void;
}

/** True once nobody holds it; false when that was given up, or takes too long. */
export async function awaitPort(awaited: AwaitedPort, givenUp: AbortSignal): Promise<boolean> {
  const { port, root, graceMs, onCleared } = awaited;
  if (await isPortFree(port)) return !givenUp.aborted;
  const ended = await endStraggler(port, root, graceMs);
  if (ended.length > 0) onCleared(ended);
  return untilPortFree(port, portWaitMs, givenUp);
}
