/** Is a port free. */
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "./now-ms.ts";
import { errorCode } from "./signal.ts";

/**
 * On Linux one probe of `::` for both families sees every holder; one of 0.0.0.0 would miss those
 * on IPv6 alone. Others let who listens on one address live beside who listens on all.
 */
const hosts = process.platform === "linux" ? ["::"] : ["::", "0.0.0.0", "::1", "127.0.0.1"];

/** Whether somebody could listen there, on any address. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of hosts) {
    const code = await listenError(port, host);
    if (code === "EADDRINUSE") return false;
    const isWithoutIpv6 = code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL" || code === "EINVAL";
    if (isWithoutIpv6 && (await listenError(port, "0.0.0.0")) === "EADDRINUSE") return false;
  }
  return true;
}

function listenError(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(errorCode(error)));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

const firstPauseMs = 50;
const longestPauseMs = 500;

/** True once it is free; false when that was given up, or has not happened within `withinMs`. */
export async function untilPortFree(
  port: number,
  withinMs: number,
  givenUp: AbortSignal,
): Promise<boolean> {
  const endMs = nowMs() + withinMs;
  let pauseMs = firstPauseMs;
  while (!givenUp.aborted && nowMs() < endMs) {
    if (await isPortFree(port)) return !givenUp.aborted;
    await sleep(pauseMs, undefined, { signal: givenUp }).catch(() => {});
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
  }
  return false;
}
