// Waits for a while, or until the shutdown if that comes first.

import { setTimeout as sleep } from "node:timers/promises";
import { shutdown } from "./shutdown.js";

export async function pause(durationMs) {
  try {
    await sleep(durationMs, undefined, { signal: shutdown });
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}
