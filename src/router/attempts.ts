/** Which process a request is sent to, and which one next when that fails. */
import { performance } from "node:perf_hooks";
import type { RouterErrorCode } from "../core/router-error.ts";
import type { Backends } from "./backends.ts";
import type { Upstream } from "./upstreams.ts";

export interface Failure {
  readonly code: RouterErrorCode;
  /** What is the matter, as a part of a sentence. */
  readonly cause: string;
}

export interface Attempts {
  next(): void;
  /** `mayBeSentAgain`: whether it does no harm when it has been received. */
  onFailed(upstream: Upstream, failure: Failure, mayBeSentAgain: boolean): void;
  /** Whoever asked has gone. */
  giveUp(): void;
}

export interface AttemptTools {
  readonly backends: Backends;
  /** The name of the instance that it would like to go to. */
  readonly preferred: string | undefined;
  send(upstream: Upstream): void;
  fail(failure: Failure): void;
}

/** How long a request waits for somebody to be there. */
const holdMs = 10_000;
/** For who has refused a connection. */
const sitOutMs = 1_000;

export function createAttempts({ backends, preferred, send, fail }: AttemptTools): Attempts {
  const endMs = performance.now() + holdMs;
  let tried: readonly Upstream[] = [];
  let last: Failure | undefined;
  let isRepeated = false;
  let takeBack: () => void = () => {};

  function next(): void {
    const found = backends.choose(tried, performance.now(), preferred);
    if (found) send(found);
    else hold();
  }

  /** Those who have failed may be better by then, and others may have come. */
  function hold(): void {
    const leftMs = endMs - performance.now();
    const held = backends.hold(
      { retry, fail: failFor },
      last ? Math.min(leftMs, sitOutMs) : leftMs,
    );
    if (held.is === "held") takeBack = held.takeBack;
    else failFor(held.code);
  }

  function retry(): void {
    tried = [];
    next();
  }

  function failFor(code: RouterErrorCode): void {
    fail(last ?? { code, cause: backends.describeAbsence() });
  }

  return {
    next,
    onFailed(upstream, failure, mayBeSentAgain) {
      last = failure;
      tried = [...tried, upstream];
      if (failure.code === "H21") {
        upstream.sitsOutUntilMs = performance.now() + sitOutMs;
        next();
      } else if (failure.code === "H13" && mayBeSentAgain && !isRepeated) {
        isRepeated = true;
        next();
      } else {
        fail(failure);
      }
    },
    giveUp: () => takeBack(),
  };
}
