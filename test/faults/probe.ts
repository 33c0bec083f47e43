/** What a running procman holds, asked of the probe that was loaded into it. */
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Stage, Start } from "./stage.ts";

export interface Held {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly timers: number;
  readonly descriptors: number;
}

const script = fileURLToPath(new URL("programs/probe.cjs", import.meta.url));

/** How to start a procman that can be asked. */
export function withProbe({ folder, environment }: Stage): Start {
  return {
    flags: ["--expose-gc", "--expose-internals", "-r", script],
    env: { ...environment, FAULTS_PROBE: probePath(folder) },
  };
}

/** After a forced collection. */
export async function probe({ folder }: Stage, pid: number): Promise<Held> {
  const descriptors = readdirSync(`/proc/${pid}/fd`).length;
  const text = await new Promise<string>((resolve, reject) => {
    let got = "";
    const socket = connect({ path: probePath(folder) });
    socket.setEncoding("utf8").on("data", (part) => {
      got += part;
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(got));
  });
  return { ...JSON.parse(text), descriptors };
}

function probePath(folder: string): string {
  return join(folder, "probe");
}

export const mebibyte = 2 ** 20;

export function mebibytes(bytes: number): string {
  return (bytes / mebibyte).toFixed(1);
}
