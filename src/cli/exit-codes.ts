/** The exit codes of every command; `start` and `run` end with those of the processes besides. */
import { type Diagnostic, isError } from "../core/diagnostic.ts";

export const exitCodes = { done: 0, failed: 1, usage: 2, notRunning: 3, timedOut: 124 } as const;

/** A mistake on the command line is bad usage, one in a file is a failure. */
export function exitCodeFor(diagnostics: readonly Diagnostic[]): number {
  const errors = diagnostics.filter(isError);
  if (errors.length === 0) return exitCodes.done;
  const isUsage = ({ file }: Diagnostic) =>
    file.startsWith("--") || file === "start" || file === "formation";
  return errors.every(isUsage) ? exitCodes.usage : exitCodes.failed;
}
