/** Routes that are drained, and who waits for that. */
import type { Route } from "../core/routes.ts";
import { isSame } from "./upstreams.ts";

export interface Draining {
  /** Resolves when it is finished. */
  add(route: Route): Promise<void>;
  finish(route: Route): void;
  /** Whoever would know of them is gone. */
  finishAll(): void;
}

export function createDraining(): Draining {
  let all: readonly { readonly route: Route; readonly done: () => void }[] = [];

  function finish(isMeant: (route: Route) => boolean): void {
    const done = all.filter(({ route }) => isMeant(route));
    all = all.filter(({ route }) => !isMeant(route));
    for (const one of done) one.done();
  }

  return {
    add: (route) =>
      new Promise((done) => {
        all = [...all, { route, done }];
      }),
    finish: (finished) => finish((route) => isSame(route, finished)),
    finishAll: () => finish(() => true),
  };
}
