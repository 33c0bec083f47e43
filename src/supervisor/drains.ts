/** Who is waited for until its requests are over; nobody, once all are to leave. */
import type { Route } from "../core/routes.ts";

export interface Drains {
  drain(route: Route): Promise<void>;
  /** From now on nobody is waited for. */
  giveUp(): void;
}

export function createDrains(drain: (route: Route) => Promise<void>): Drains {
  const waiting = new Set<() => void>();
  let isGivenUp = false;
  return {
    drain(route) {
      if (isGivenUp) return Promise.resolve();
      return new Promise((resolve) => {
        const end = () => {
          waiting.delete(end);
          resolve();
        };
        waiting.add(end);
        void drain(route).then(end);
      });
    },
    giveUp() {
      isGivenUp = true;
      for (const end of waiting) end();
    },
  };
}
