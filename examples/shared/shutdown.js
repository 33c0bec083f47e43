// Turns the first SIGTERM or SIGINT into an abort signal. Whoever has something to wind down
// listens to it; the process then ends by itself, as soon as nothing is left to do.

import process from "node:process";
import { logger } from "./logger.js";

const controller = new AbortController();

export const shutdown = controller.signal;

// The handlers stay in place, so that a second signal cannot kill a process that is winding down.
for (const name of ["SIGTERM", "SIGINT"]) {
  process.on(name, () => {
    if (shutdown.aborted) return;
    controller.abort();
    logger.info("shutting down", { signal: name });
  });
}

// By now nothing is left to do or to print. Without this, Node would hand the signals back to the
// system while it tears itself down, and one that comes late would still kill the process.
process.once("beforeExit", () => process.exit());
