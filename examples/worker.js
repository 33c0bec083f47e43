// The worker process: takes jobs from the queue and works them off, one at a time. Run as many of
// it as there is work for.

import { setTimeout as sleep } from "node:timers/promises";
import { logger } from "./shared/logger.js";
import { pause } from "./shared/pause.js";
import { shutdown } from "./shared/shutdown.js";
import * as store from "./shared/store.js";

const pollIntervalMs = 200;

await store.open();
logger.info("waiting for jobs");

while (!shutdown.aborted) {
  for (const id of await store.reclaim()) logger.info("job put back", { job: id });
  const job = await store.claim();
  if (job) await work(job);
  else await pause(pollIntervalMs);
}

// A shutdown waits for the job in hand: it is short, and better finished than begun again.
async function work(job) {
  logger.info("job started", { job: job.id });
  const startMs = performance.now();
  let outcome = "done";
  try {
    await perform(await store.read(job));
  } catch (error) {
    outcome = "failed";
    logger.error("job threw", { job: job.id, error });
  }
  await store.finish(job, outcome);
  logger.info(`job ${outcome}`, { job: job.id, ms: Math.round(performance.now() - startMs) });
  await store.prune();
}

// Stands in for real work.
async function perform({ durationMs }) {
  await sleep(durationMs);
}
