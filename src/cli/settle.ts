/** Waits until a change of a running app has come about, and says what did not come. */
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

/** The exit code. */
export async function settle(
  running: RunningProcman,
  { what, names, timeoutMs }: Settling,
): Promise<number> {
  const limit = timeoutMs === undefined ? {} : { timeout_ms: timeoutMs };
  const answer = await running.client.askAndWait("POST", "/procman/v1/wait", {
    what,
    names,
    ...limit,
  });
  if (answer.is !== "answered") return explain(running, answer);
  const { outcome, waiting = [], failed = [] } = answer.body as Waited;
  switch (outcome) {
    case "done":
      return exitCodes.done;
    case "timed_out":
      complain(`not ready in time: ${waiting.map(describe).join(", ")}`);
      return exitCodes.timedOut;
    case "failed":
      complain(`cannot become ready: ${failed.map(describe).join(", ")}`);
      return exitCodes.failed;
  }
}

function describe({ name, state, reason, last_exit: lastExit }: NamedState): string {
  const why = reason ?? lastExit?.text;
  return `${name} is ${state}${why === undefined ? "" : ` (${why})`}`;
}
