// The clock process: enqueues a job at every tick. Run one of it, as each enqueues jobs of its own.

import { randomInt } from "node:crypto";
import process from "node:process";
import { logger } from "./shared/logger.js";
import { pause } from "./shared/pause.js";
import { shutdown } from "./shared/shutdown.js";
import * as store from "./shared/store.js";

const intervalMs = Number(process.env.CLOCK_INTERVAL_MS) || 2000;

await store.open();
logger.info("ticking", { intervalMs });

while (!shutdown.aborted) {
  const id = await store.enqueue({ durationMs: randomInt(100, 400) });
  logger.info("job enqueued", { job: id });
  await pause(intervalMs);
}
