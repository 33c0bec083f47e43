/**
 * How a process ended, told apart by what follows from it: an exit code, a signal, that it was
 * replaced, or that it could not be started at all.
 */

export type ExitStatus =
  | {
      readonly kind: "exit";
      readonly code: number;
      readonly cause?: ExitCause;
      /** More than its code says: `command not found: nodde; did you mean node?`. */
      readonly reason?: string;
    }
  | {
      readonly kind: "signal";
      readonly signal: string;
      readonly number: number;
      readonly cause?: ExitCause;
    }
  /** `isLasting`: trying again will not help, because what is wrong is in the command or folder. */
  | { readonly kind: "unstarted"; readonly reason: string; readonly isLasting: boolean }
  /** It ran, and was stopped because it was of no use. */
  | { readonly kind: "unhealthy"; readonly reason: string };

/**
 * Not procman and no person: the kernel had no memory left for it, or for what it ran, which it
 * then reports by its own code.
 */
export type ExitCause = "out of memory";

/** What a shell reports for it in `$?`. */
export function exitCodeOf(status: ExitStatus): number {
  switch (status.kind) {
    case "exit":
      return status.code;
    case "signal":
      return 128 + status.number;
    case "unstarted":
      return status.isLasting ? 126 : 1;
    case "unhealthy":
      return 1;
  }
}

export function isSuccess(status: ExitStatus): boolean {
  return status.kind === "exit" && status.code === 0;
}

/** Why a restart cannot help, or undefined when it might. 126 and 127 are what sh says. */
export function findLastingCause(status: ExitStatus): string | undefined {
  if (status.kind === "unstarted") return status.isLasting ? status.reason : undefined;
  if (status.kind !== "exit") return undefined;
  if (status.code === 127) return status.reason ?? "command not found";
  if (status.code === 126) return status.reason ?? "command not executable";
  return undefined;
}

/** `exited with code 1`, `was ended by SIGKILL`, `could not be started: …`. */
export function describeExit(status: ExitStatus): string {
  switch (status.kind) {
    case "exit":
      return `exited with code ${status.code}${describeCause(status.cause)}`;
    case "signal":
      return `was ended by ${status.signal}${describeCause(status.cause)}`;
    case "unstarted":
      return `could not be started: ${status.reason}`;
    case "unhealthy":
      return `was unhealthy (${status.reason})`;
  }
}

function describeCause(cause: ExitCause | undefined): string {
  return cause === undefined ? "" : ` (${cause})`;
}
