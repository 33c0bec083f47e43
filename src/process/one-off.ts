/**
 * Runs a command in front, as a shell would: with this terminal's stdin and output, in the same
 * group, and the keyboard's signals going straight to it.
 */
import process from "node:process";
import type { Environment } from "../core/environment.ts";
import { withExec } from "./shell.ts";
import { errorCode, signalNumber } from "./signal.ts";

export interface OneOff {
  /** A line for /bin/sh. */
  readonly command: string;
  readonly cwd: string;
  readonly environment: Environment;
}

export interface OneOffEnd {
  readonly exitCode: number;
  /** Set when it was ended by a signal. */
  readonly signal?: NodeJS.Signals;
  /** Why it could not be started. */
  readonly problem?: string;
}

/** The terminal sends these to the command too; they are its business. */
const keyboardSignals = ["SIGINT", "SIGQUIT"] as const;
/** Sent to procman alone, they are passed on. */
const passedSignals = ["SIGTERM", "SIGHUP", "SIGUSR2"] as const;

export async function runOneOff({ command, cwd, environment }: OneOff): Promise<OneOffEnd> {
  const { execa } = await import("execa");
  const ignore = () => {};
  for (const signal of keyboardSignals) process.on(signal, ignore);
  const child = execa("/bin/sh", ["-c", withExec(command)], {
    cwd,
    env: Object.fromEntries(environment),
    extendEnv: false,
    stdio: "inherit",
    buffer: false,
    reject: false,
    cleanup: false,
    forceKillAfterDelay: false,
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of passedSignals) process.on(signal, pass);
  const end = await child;
  for (const signal of passedSignals) process.off(signal, pass);
  for (const signal of keyboardSignals) process.off(signal, ignore);
  if (end.signal !== undefined) {
    return { exitCode: 128 + signalNumber(end.signal), signal: end.signal };
  }
  if (end.exitCode !== undefined) return { exitCode: end.exitCode };
  const reason = errorCode(end.cause) ?? end.shortMessage ?? "for an unknown reason";
  return { exitCode: 1, problem: `could not start ${command}: ${reason}` };
}
