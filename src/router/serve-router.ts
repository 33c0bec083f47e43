/**
 * The router's own process, so that no traffic is in the way of supervising. Hears from procman on
 * stdin, tells it on descriptor 3, and writes its log to stdout. Ends when procman does.
 */
import { Socket } from "node:net";
import { formatRouted } from "../core/router-log.ts";
import { after } from "./after.ts";
import { createBackends } from "./backends.ts";
import { eachLine } from "./each-line.ts";
import { createLogQueue } from "./log-queue.ts";
import type { FromRouter, RouterConfig, ToRouter } from "./router-message.ts";
import { type FindSite, openServer } from "./server.ts";
import type { Site } from "./site.ts";

/** Never comes back, but for the exit code when there is nobody to hear from any more. */
export function serveRouter(): Promise<number> {
  const told = new Socket({ fd: 3 });
  told.on("error", () => {});
  const tell = (message: FromRouter) => void told.write(`${JSON.stringify(message)}\n`);
  const lines = createLogQueue(new Socket({ fd: 1, readable: false }), after);
  const backends = createBackends((route) => tell({ is: "drained", route }));

  function siteOf({ isSticky, timeoutMs }: RouterConfig): FindSite {
    const site: Site = {
      ...{ backends, isSticky, timeoutMs },
      log: (request) => lines.add(formatRouted(request)),
    };
    return () => site;
  }

  function hear(message: ToRouter): void {
    switch (message.do) {
      case "listen":
        openServer(message.config, siteOf(message.config)).then(
          () => tell({ is: "listening" }),
          (error: Error) => tell({ is: "failed", reason: error.message }),
        );
        return;
      case "follow":
        backends.follow(message.table);
        return;
      case "drain":
        backends.drain(message.route);
        return;
    }
  }

  return new Promise((resolve) => {
    eachLine(process.stdin, (line) => hear(JSON.parse(line)));
    process.stdin.on("error", () => {});
    process.stdin.once("close", () => void lines.close().then(() => resolve(0)));
  });
}
