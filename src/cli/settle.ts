/** Waits until a change of a running app has come about, and says what did not come. */
import type { Answer } from "../control/client.ts";
import { exitCodes } from "./exit-codes.ts";
import { complain } from "./report.ts";
import { explain, type RunningProcman } from "./running.ts";

export interface Settling {
  /** `settled`: started and stopped as it should be. `ready`: up, or ended well. */
  readonly what: "settled" | "ready";
  /** Types and instances; none means all. */
  readonly names: readonly string[];
  readonly timeoutMs?: number;
}

interface Waited {
  readonly outcome: "done" | "timed_out" | "failed";
  readonly waiting?: readonly NamedState[];
  readonly failed?: readonly NamedState[];
}

interface NamedState {
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
  readonly last_exit: { readonly text: string } | null;
}

export type Settled =
  | { readonly is: "done" }
  /** `instances` are those that have not come so far. */
  | { readonly is: "late" | "failed"; readonly instances: readonly NamedState[] }
  | { readonly is: "unanswered"; readonly answer: Exclude<Answer, { is: "answered" }> };

export async function waitUntil(
  { client }: RunningProcman,
  { what, names, timeoutMs }: Settling,
): Promise<Settled> {
  const limit = timeoutMs === undefined ? {} : { timeout_ms: timeoutMs };
  const answer = await client.askAndWait("POST", "/procman/v1/wait", { what, names, ...limit });
  if (answer.is !== "answered") return { is: "unanswered", answer };
  const { outcome, waiting = [], failed = [] } = answer.body as Waited;
  switch (outcome) {
    case "done":
      return { is: "done" };
    case "timed_out":
      return { is: "late", instances: waiting };
    case "failed":
      return { is: "failed", instances: failed };
  }
}

/** Says what did not come; the exit code. */
export function explainSettled(running: RunningProcman, settled: Settled): number {
  switch (settled.is) {
    case "done":
      return exitCodes.done;
    case "late":
      complain(`not ready in time: ${settled.instances.map(describe).join(", ")}`);
      return exitCodes.timedOut;
    case "failed":
      complain(describeFailed(settled.instances));
      return exitCodes.failed;
    case "unanswered":
      return explain(running, settled.answer);
  }
}

export async function settle(running: RunningProcman, settling: Settling): Promise<number> {
  return explainSettled(running, await waitUntil(running, settling));
}

/** Who is up has only not been replaced. */
function describeFailed(instances: readonly NamedState[]): string {
  const kept = instances.filter(({ state }) => state === "up");
  return kept.length > 0
    ? kept.map(({ name, reason }) => `${name} was ${reason}`).join(", ")
    : `cannot become ready: ${instances.map(describe).join(", ")}`;
}

function describe({ name, state, reason, last_exit: lastExit }: NamedState): string {
  const why = reason ?? lastExit?.text;
  return `${name} is ${state}${why === undefined ? "" : ` (${why})`}`;
}
