/**
 * Starts a command in a session and process group of its own. Node reports a failed start in three
 * ways: thrown, as an event, and with a child that has no pid; here it is one value.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Environment } from "../core/environment.ts";
import type { ExitStatus } from "../core/exit-status.ts";
import type { ChildPipe } from "./pipe.ts";
import { withExec } from "./shell.ts";
import { errorCode, signalNumber } from "./signal.ts";

export type Unstarted = Extract<ExitStatus, { kind: "unstarted" }>;

export interface Spawned {
  readonly kind: "spawned";
  /** Of the leader, its group and its session. */
  readonly pid: number;
  /** stdout and stderr in one, in the order they were written. */
  readonly output: number | Socket;
  readonly exit: Promise<ExitStatus>;
}

const shell = "/bin/sh";
/** Linux takes no single variable or argument longer than this. */
const maxStringBytes = 128 * 2 ** 10;

/** Closes the pipe's ends that are not handed on. Without a pipe the child gets Node's own. */
export async function spawnInSession(
  command: string,
  cwd: string,
  environment: Environment,
  pipe: ChildPipe | undefined,
): Promise<Spawned | Unstarted> {
  const child = trySpawn(command, cwd, environment, pipe);
  if (pipe) closeSync(pipe.writer);
  if (child instanceof Error || child.pid === undefined) {
    if (pipe) closeSync(pipe.reader);
    const error = child instanceof Error ? child : await spawnError(child);
    return explain(error, cwd, environment);
  }
  const exit = new Promise<ExitStatus>((resolve) => {
    child.once("exit", (code, signal) => resolve(exitStatus(code, signal)));
  });
  // Node's own pipe is drained by whoever reads it; without a reader its bytes would be dropped.
  const output = pipe?.reader ?? child.stdout;
  if (!(typeof output === "number" || output instanceof Socket)) {
    throw new Error(`a child without output: ${output}`);
  }
  return { kind: "spawned", pid: child.pid, output, exit };
}

function trySpawn(
  command: string,
  cwd: string,
  environment: Environment,
  pipe: ChildPipe | undefined,
): ChildProcess | Error {
  try {
    const options = { cwd, env: Object.fromEntries(environment), detached: true };
    if (pipe) {
      const { stdin, writer } = pipe;
      const line = withExec(command);
      return spawn(shell, ["-c", "--", line], { ...options, stdio: [stdin, writer, writer] });
    }
    const line = `exec 2>&1\n${command}`;
    return spawn(shell, ["-c", "--", line], { ...options, stdio: ["pipe", "pipe", "ignore"] });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function spawnError(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once("error", resolve));
}

function exitStatus(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return signal === null
    ? { kind: "exit", code: code ?? 0 }
    : { kind: "signal", signal, number: signalNumber(signal) };
}

function explain(error: Error, cwd: string, environment: Environment): Unstarted {
  const lasting = (reason: string): Unstarted => ({ kind: "unstarted", reason, isLasting: true });
  switch (errorCode(error)) {
    case "ENOENT":
    case "ENOTDIR": {
      const folder = statSync(cwd, { throwIfNoEntry: false });
      return lasting(folder?.isDirectory() ? `there is no ${shell}` : `there is no folder ${cwd}`);
    }
    case "EACCES":
      return lasting(`the folder ${cwd} may not be entered`);
    case "E2BIG":
      return lasting(describeTooBig(environment));
    case "EMFILE":
    case "ENFILE":
      return explainDescriptors();
    default:
      return { kind: "unstarted", reason: error.message, isLasting: false };
  }
}

export function explainDescriptors(): Unstarted {
  const reason = "procman has no file descriptors left; raise the limit with ulimit -n";
  return { kind: "unstarted", reason, isLasting: false };
}

function describeTooBig(environment: Environment): string {
  for (const [key, value] of environment) {
    const bytes = Buffer.byteLength(value);
    if (bytes + key.length + 2 > maxStringBytes) {
      return `the variable ${key} has ${bytes} bytes, more than the system passes on`;
    }
  }
  return "its command and environment are larger than the system passes on";
}
