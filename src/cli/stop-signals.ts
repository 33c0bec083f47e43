/** The signals that end procman, heard from its first moment on, also before there is an app to stop. */
import { constants } from "node:os";

export type StopSignal = (typeof stopSignals)[number];

export interface StopSignals {
  /** Undefined as long as none has come. */
  first(): StopSignal | undefined;
  /** Resolves when the first has come: what is under way then need not be waited for. */
  readonly heard: Promise<void>;
  /** Hands on every signal, and those that have come before. */
  handOn(handle: (signal: StopSignal) => void): void;
}

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** From here on none of them ends procman by itself. */
export function hearStopSignals(): StopSignals {
  const heard: StopSignal[] = [];
  let handler: ((signal: StopSignal) => void) | undefined;
  let onHeard = () => {};
  const firstHeard = new Promise<void>((resolve) => {
    onHeard = resolve;
  });
  for (const signal of stopSignals) {
    process.on(signal, () => {
      heard.push(signal);
      onHeard();
      handler?.(signal);
    });
  }
  return {
    first: () => heard[0],
    heard: firstHeard,
    handOn(handle) {
      handler = handle;
      for (const signal of heard) handle(signal);
    },
  };
}

/** What a shell reports for a process that a signal has ended. */
export function exitCodeAfter(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}
