/** Requests that wait because nobody is there to take them. */
import type { RouterErrorCode } from "../core/router-error.ts";
import type { Absence } from "../core/routes.ts";

export interface HeldRequest {
  /** Somebody may be there now. */
  retry(): void;
  fail(code: RouterErrorCode): void;
}

export interface Held {
  /** Tried again after that time at the latest. Gives a function that takes it back. */
  add(request: HeldRequest, withinMs: number): () => void;
  /** Whether there are routes, and if not, why. */
  recheck(hasRoutes: boolean, absence: Absence): void;
}

export function createHeld(): Held {
  const all = new Map<HeldRequest, () => void>();

  function take(request: HeldRequest): void {
    all.get(request)?.();
    all.delete(request);
  }

  return {
    add(request, withinMs) {
      const act = () => {
        take(request);
        request.retry();
      };
      const timer = setTimeout(act, withinMs);
      all.set(request, () => clearTimeout(timer));
      return () => take(request);
    },
    recheck(hasRoutes, absence) {
      if (!hasRoutes && mayCome(absence)) return;
      for (const request of [...all.keys()]) {
        take(request);
        if (hasRoutes) request.retry();
        else request.fail(codeOf(absence));
      }
    },
  };
}

/** Whether it is of any use to wait. */
export function mayCome(absence: Absence): boolean {
  return absence.is === "starting" || absence.is === "restarting";
}

export function codeOf(absence: Absence): RouterErrorCode {
  switch (absence.is) {
    case "none":
      return "H14";
    case "starting":
      return "H20";
    case "restarting":
    case "crashed":
      return "H10";
  }
}
