/** Why a leader has ended, where its status alone does not say. */
import { type ExitStatus, exitCodeOf } from "../core/exit-status.ts";
import type { CommandPlace } from "./explain-command.ts";
import { settledWithin } from "./settled-within.ts";
import { signalNumber } from "./signal.ts";

/** For the reason to be found on disk. */
const explainMs = 1_000;

export const killedStatus: Extract<ExitStatus, { kind: "signal" }> = {
  kind: "signal",
  signal: "SIGKILL",
  number: signalNumber("SIGKILL"),
};

/**
 * Of who was not killed by procman. A shell in between reports by a code what became of its command.
 * `kills`: whether the kernel has killed anybody for want of memory.
 */
export async function explainKill(
  status: ExitStatus,
  kills: Promise<boolean>,
): Promise<ExitStatus> {
  const hasStatus = status.kind === "exit" || status.kind === "signal";
  const isKill = hasStatus && exitCodeOf(status) === exitCodeOf(killedStatus);
  return isKill && (await kills) ? { ...status, cause: "out of memory" } : status;
}

/** What sh could not run. A disk that does not answer is not waited for. */
export async function explainRefusal(status: ExitStatus, asked: CommandPlace): Promise<ExitStatus> {
  if (status.kind !== "exit") return status;
  const { code } = status;
  if (code !== 126 && code !== 127) return status;
  const explaining = import("./explain-command.ts")
    .then(({ explainCommand }) => explainCommand(code, asked))
    .catch(() => undefined);
  const reason = (await settledWithin(explaining, explainMs)) ? await explaining : undefined;
  return reason === undefined ? status : { ...status, reason };
}
