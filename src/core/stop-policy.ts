/** How a process is stopped: what it is asked by, and how long it has. */

export type StopSignal =
  | "SIGTERM"
  | "SIGINT"
  | "SIGQUIT"
  | "SIGHUP"
  | "SIGUSR1"
  | "SIGUSR2"
  | "SIGWINCH"
  | "SIGKILL";

export interface StopPolicy {
  readonly signal: StopSignal;
  /** From then to SIGKILL, which always goes to the whole group. */
  readonly graceMs: number;
  /** `leader`: the others get the signal when that one has gone, and not before. */
  readonly scope: "group" | "leader";
  /** Run instead, as in `docker rm -f x`; the signal is sent only when that fails. */
  readonly command: string | undefined;
}

export function defaultStopPolicy(graceMs: number): StopPolicy {
  return { signal: "SIGTERM", graceMs, scope: "group", command: undefined };
}
