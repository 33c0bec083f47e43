/** The time that passes. */
import type { Clock } from "../core/clock.ts";
import { nowMs } from "./now-ms.ts";

export const systemClock: Clock = {
  nowMs,
  after(delayMs, onDue) {
    const timer = setTimeout(onDue, delayMs);
    return () => clearTimeout(timer);
  },
};
