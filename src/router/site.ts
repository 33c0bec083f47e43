/** An app behind a router: who answers its requests, and how. */
import type { RoutedRequest } from "../core/router-log.ts";
import type { Backends } from "./backends.ts";
import { stickTo } from "./sticky.ts";

export interface Site {
  readonly backends: Backends;
  /** From the end of a request to the first of its answer. */
  readonly timeoutMs: number;
  /** Whether a client comes back to the process that it came to first. */
  readonly isSticky: boolean;
  log(request: RoutedRequest): void;
}

interface Wish {
  /** The name of the instance that the client would like to go to. */
  readonly preferred: string | undefined;
}

export function wishOf({ isSticky }: Site, { preferred }: Wish): string | undefined {
  return isSticky ? preferred : undefined;
}

/** Header fields for a client that was answered by this instance. */
export function stickFields(
  { isSticky }: Site,
  instance: string,
  { preferred }: Wish,
): readonly string[] {
  return isSticky ? stickTo(instance, preferred) : [];
}
