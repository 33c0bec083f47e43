/**
 * procman's end of the router: starts it, starts it again when it has ended, and tells it who takes
 * requests. Nothing here is in the way of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { noRoutes, type Route, type RouteTable } from "../core/routes.ts";
import { createDraining } from "./draining.ts";
import { eachLine } from "./each-line.ts";
import { type FromRouter, type RouterConfig, routerMark, type ToRouter } from "./router-message.ts";

export interface Router {
  follow(table: RouteTable): void;
  /** It gets no more requests. Resolves when it has none left, or there is no router to know. */
  drain(route: Route): Promise<void>;
  /** Resolves when it has ended. */
  close(): Promise<void>;
}

/** Takes the bytes of a log, and may hold back where they come from. */
export type LogTaker = (pace: { hold(): void; flow(): void }) => {
  push(bytes: Buffer): void;
  end(): void;
};

export interface RouterOptions {
  readonly config: RouterConfig;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Takes its log, and may hold it back. */
  readonly openLog: LogTaker;
  /** A line for people. */
  readonly say: (text: string) => void;
}

type Phase =
  | { readonly is: "running"; readonly child: ChildProcess; readonly ended: Promise<void> }
  | { readonly is: "pausing"; readonly cancel: () => void }
  | { readonly is: "closed" };

/** One that cannot live is not started faster than this. */
const againMs = 1_000;

export function openRouter(options: RouterOptions): Router {
  const { config, env, clock, openLog, say } = options;
  let table = noRoutes;
  const draining = createDraining();
  let trouble: string | undefined;
  let isTold = false;
  let phase: Phase = { is: "closed" };
  begin();

  function begin(): void {
    const startMs = clock.nowMs();
    const [, program = ""] = process.argv;
    const child = spawn(process.execPath, [program, routerMark], {
      // In a session of its own: Ctrl-C is not meant for it.
      detached: true,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      env,
    });
    const ended = new Promise<void>((resolve) => {
      child.once("error", () => resolve());
      child.once("close", () => resolve());
    });
    phase = { is: "running", child, ended };
    void ended.then(() => onEnd(child, clock.nowMs() - startMs));
    for (const stream of child.stdio) stream?.on("error", () => {});
    listen(child);
    tell({ do: "listen", config });
    tell({ do: "follow", table });
  }

  function listen({ stdout, stderr, stdio }: ChildProcess): void {
    for (const output of [stdout, stderr]) {
      if (!(output instanceof Socket)) continue;
      const lines = openLog({ hold: () => output.pause(), flow: () => output.resume() });
      output.on("data", (bytes: Buffer) => lines.push(bytes));
      output.once("close", () => lines.end());
    }
    const told = stdio[3];
    if (told instanceof Socket) {
      eachLine(told, (line) => hear(JSON.parse(line)));
    }
  }

  function hear(message: FromRouter): void {
    switch (message.is) {
      case "listening":
        if (trouble !== undefined || !isTold) say(`the router listens on ${urlOf(config)}`);
        trouble = undefined;
        isTold = true;
        return;
      case "failed":
        if (trouble !== message.reason) say(`the router cannot listen: ${message.reason}`);
        trouble = message.reason;
        if (phase.is === "running") phase.child.kill();
        return;
      case "drained":
        draining.finish(message.route);
        return;
    }
  }

  function onEnd(child: ChildProcess, livedMs: number): void {
    if (phase.is !== "running" || phase.child !== child) return;
    // Its requests have ended with it.
    draining.finishAll();
    if (trouble === undefined)
      say(`the router has ended (${howItEnded(child)}); it is started again`);
    phase = { is: "pausing", cancel: clock.after(Math.max(0, againMs - livedMs), begin) };
  }

  function tell(message: ToRouter): void {
    if (phase.is === "running") phase.child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  return {
    follow(next) {
      if (JSON.stringify(next) === JSON.stringify(table)) return;
      table = next;
      tell({ do: "follow", table });
    },
    drain(route) {
      if (phase.is !== "running") return Promise.resolve();
      const drained = draining.add(route);
      tell({ do: "drain", route });
      return drained;
    },
    async close() {
      const last = phase;
      phase = { is: "closed" };
      draining.finishAll();
      if (last.is === "pausing") last.cancel();
      if (last.is !== "running") return;
      last.child.stdin?.end();
      await last.ended;
    },
  };
}

function urlOf({ hosts, port, tls }: RouterConfig): string {
  const [host = ""] = hosts;
  const shown = host.includes(":") ? `[${host}]` : host;
  const name = host === "127.0.0.1" ? "localhost" : shown;
  return `${tls ? "https" : "http"}://${name}:${port}`;
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string {
  return signalCode === null ? `exit code ${exitCode}` : `by ${signalCode}`;
}
