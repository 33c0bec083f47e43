/** Signals one process or a whole group. Answers what became of it, and never throws for that. */
import { constants } from "node:os";

/** `denied`: it belongs to somebody else, as after `sudo`. */
export type SignalAnswer = "sent" | "gone" | "denied";

/** After SIGKILL. Who is there then is stuck in the kernel, or is not ours. */
export const giveUpMs = 5_000;

/** 0 only asks whether anybody is there. Zombies count as there. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): SignalAnswer {
  return signalProcess(-pgid, signal);
}

export function signalProcess(pid: number, signal: NodeJS.Signals | 0): SignalAnswer {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (error) {
    return errorCode(error) === "EPERM" ? "denied" : "gone";
  }
}

/** A stopped process holds every signal but SIGKILL pending until it is continued. */
export function stopGroup(pgid: number, signal: NodeJS.Signals): void {
  signalGroup(pgid, signal);
  signalGroup(pgid, "SIGCONT");
}

/** The others of the group may be what it waits for: they are continued, too. */
export function stopLeader(pid: number, signal: NodeJS.Signals): void {
  signalProcess(pid, signal);
  signalGroup(pid, "SIGCONT");
}

export function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
