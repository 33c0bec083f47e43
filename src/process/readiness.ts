/** Waits until somebody answers on a port of this machine. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const firstPauseMs = 25;
const longestPauseMs = 400;

/** True once it answers, false when it was given up before. */
export async function portAnswers(port: number, givenUp: AbortSignal): Promise<boolean> {
  let pauseMs = firstPauseMs;
  while (!givenUp.aborted) {
    const answers = await Promise.all([accepts(port, "127.0.0.1"), accepts(port, "::1")]);
    if (answers.includes(true)) return !givenUp.aborted;
    await sleep(pauseMs, undefined, { signal: givenUp }).catch(() => {});
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
  }
  return false;
}

function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
