/**
 * Runs a command in front, as a shell would: with this terminal's stdin and output, in the same
 * group, and the keyboard's signals going straight to it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../core/environment.ts";
import { nowMs } from "./now-ms.ts";
import { processTable } from "./process-table.ts";
import { shellArguments, systemShell } from "./shell.ts";
import { errorCode, signalNumber, signalProcess } from "./signal.ts";

export interface OneOff {
  /** A line for the shell. */
  readonly command: string;
  /** Undefined for the system's. */
  readonly shell?: string | undefined;
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
const passedSignals = ["SIGTERM", "SIGHUP"] as const;

/** By which the processes of a one-off are found. */
const oneOffVariable = "PROCMAN_ONE_OFF";
const graceMs = 10_000;
const lookAgainMs = 50;

export async function runOneOff({ command, shell, cwd, environment }: OneOff): Promise<OneOffEnd> {
  const ignore = () => {};
  let child: { readonly pid?: number; kill(signal: NodeJS.Signals): boolean } | undefined;
  let early: NodeJS.Signals | undefined;
  let passed: Promise<void> | undefined;
  const mark = `${oneOffVariable}=${process.pid}-${Date.now().toString(36)}`;
  const pass = (signal: NodeJS.Signals) => {
    early ??= signal;
    child?.kill(signal);
    passed = passOn(signal, mark, child?.pid);
  };
  // Before the command is started: it must not be left alone by a signal that comes just then.
  for (const signal of keyboardSignals) process.on(signal, ignore);
  for (const signal of passedSignals) process.on(signal, pass);
  const { execa } = await import("execa");
  if (early !== undefined) return endedBy(early);
  const started = execa(systemShell, shellArguments(command, shell), {
    cwd,
    env: {
      ...Object.fromEntries(environment),
      [oneOffVariable]: mark.slice(oneOffVariable.length + 1),
    },
    extendEnv: false,
    stdio: "inherit",
    buffer: false,
    reject: false,
    cleanup: false,
    forceKillAfterDelay: false,
  });
  child = started;
  const end = await started;
  if (passed !== undefined) await passed.then(() => untilGone(mark));
  if (end.signal !== undefined) return endedBy(end.signal);
  if (end.exitCode !== undefined) return { exitCode: end.exitCode };
  const reason = errorCode(end.cause) ?? end.shortMessage ?? "for an unknown reason";
  return { exitCode: 1, problem: `could not start ${command}: ${reason}` };
}

function endedBy(signal: NodeJS.Signals): OneOffEnd {
  for (const each of [...passedSignals, ...keyboardSignals]) process.removeAllListeners(each);
  return { exitCode: 128 + signalNumber(signal), signal };
}

/** A shell in between passes no signal on, and the group is the terminal's, procman included. */
async function passOn(signal: NodeJS.Signals, mark: string, leader = 0): Promise<void> {
  for (const pid of await find(mark)) if (pid !== leader) signalProcess(pid, signal);
}

/** What a signal was passed on to has as long to end as a process of the app. */
async function untilGone(mark: string): Promise<void> {
  const untilMs = nowMs() + graceMs;
  for (;;) {
    const pids = await find(mark);
    if (pids.length === 0) return;
    if (nowMs() > untilMs) for (const pid of pids) signalProcess(pid, "SIGKILL");
    await sleep(lookAgainMs);
  }
}

async function find(mark: string): Promise<readonly number[]> {
  const found = await processTable.find([{ mark }]);
  return [...found.values()].flat().map(({ pid }) => pid);
}
