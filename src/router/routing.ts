/** Has a router opened when it is time, and keeps it told who takes requests. */
import type { Route, RouteTable } from "../core/routes.ts";
import type { Router } from "./own-router.ts";

export interface Routing {
  /** Who takes requests may have changed. */
  recheck(): void;
  /** It gets no more requests. Resolves when it has none left. */
  drain(route: Route): Promise<void>;
  close(): Promise<void>;
}

export interface RoutingOptions {
  readonly open: () => Promise<Router>;
  readonly table: () => RouteTable;
  /** A line for people. */
  readonly say: (text: string) => void;
}

/** Opens nothing before `begin`. */
export function createRouting(begin: Promise<void>, options: RoutingOptions): Routing {
  const { table, say } = options;
  let router: Router | undefined;
  let isClosed = false;
  let isDue = false;

  async function open(): Promise<void> {
    await begin;
    if (isClosed) return;
    const opened = await options.open();
    router = opened;
    if (isClosed) await opened.close();
    else opened.follow(table());
  }

  open().catch((error: unknown) => say(`there is no router: ${String(error)}`));

  return {
    recheck() {
      if (isDue) return;
      isDue = true;
      // A command changes many at once.
      queueMicrotask(() => {
        isDue = false;
        router?.follow(table());
      });
    },
    drain: async (route) => router?.drain(route),
    async close() {
      isClosed = true;
      await router?.close();
    },
  };
}

export const noRouting: Routing = { recheck() {}, async drain() {}, async close() {} };
