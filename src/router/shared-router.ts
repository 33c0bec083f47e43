/** An app's end of a router that several share, as `openRouter` for one of its own. */
import { connect, type Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { noRoutes } from "../core/routes.ts";
import { createDraining } from "./draining.ts";
import { eachLine } from "./each-line.ts";
import type { LogTaker, Router } from "./own-router.ts";
import type { FromShared, ToShared } from "./shared-message.ts";

export interface SharedRouterOptions {
  /** Of the socket. */
  readonly path: string;
  readonly site: Omit<Extract<ToShared, { do: "serve" }>, "do">;
  readonly clock: Clock;
  readonly openLog: LogTaker;
  /** A line for people. */
  readonly say: (text: string) => void;
}

type Phase =
  | { readonly is: "connected"; readonly socket: Socket }
  | { readonly is: "pausing"; readonly cancel: () => void }
  | { readonly is: "closed" };

/** Whether there is one now is looked at so often. */
const againMs = 1_000;

export function openSharedRouter(options: SharedRouterOptions): Router {
  const { path, site, clock, openLog, say } = options;
  const draining = createDraining();
  let table = noRoutes;
  let told: string | undefined;
  let phase: Phase = { is: "closed" };
  begin();

  function begin(): void {
    const socket = connect(path);
    phase = { is: "connected", socket };
    const lines = openLog({ hold: () => socket.pause(), flow: () => socket.resume() });
    socket.once("connect", () => {
      tell({ do: "serve", ...site });
      tell({ do: "follow", table });
    });
    eachLine(socket, (line) => hear(JSON.parse(line), lines));
    // Close says it, too.
    socket.on("error", () => {});
    socket.once("close", () => {
      lines.end();
      onEnd(socket);
    });
  }

  function hear(message: FromShared, lines: ReturnType<LogTaker>): void {
    switch (message.is) {
      case "serving":
        sayOnce(`the shared router serves ${message.url}`);
        return;
      case "refused":
        sayOnce(`the shared router does not serve this app: ${message.reason}`);
        return;
      case "drained":
        draining.finish(message.route);
        return;
      case "log":
        lines.push(Buffer.from(message.text, "latin1"));
        return;
    }
  }

  function sayOnce(text: string): void {
    if (told !== text) say(text);
    told = text;
  }

  function onEnd(socket: Socket): void {
    if (phase.is !== "connected" || phase.socket !== socket) return;
    draining.finishAll();
    sayOnce("there is no shared router; start one in another terminal with: procman router");
    phase = { is: "pausing", cancel: clock.after(againMs, begin) };
  }

  function tell(message: ToShared): void {
    if (phase.is === "connected") phase.socket.write(`${JSON.stringify(message)}\n`);
  }

  return {
    follow(next) {
      if (JSON.stringify(next) === JSON.stringify(table)) return;
      table = next;
      tell({ do: "follow", table });
    },
    drain(route) {
      if (phase.is !== "connected") return Promise.resolve();
      const drained = draining.add(route);
      tell({ do: "drain", route });
      return drained;
    },
    async close() {
      const last = phase;
      phase = { is: "closed" };
      draining.finishAll();
      if (last.is === "pausing") last.cancel();
      if (last.is === "connected") last.socket.destroy();
    },
  };
}
