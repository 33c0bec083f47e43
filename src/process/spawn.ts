/**
 * Starts a command in a session and process group of its own. Node reports a failed start in three
 * ways: thrown, as an event, and with a child that has no pid; here it is one value.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Environment } from "../core/environment.ts";
import type { ExitStatus } from "../core/exit-status.ts";
import type { Cgroup } from "./cgroup.ts";
import type { ChildPipe } from "./pipe.ts";
import { shellArguments, systemShell } from "./shell.ts";
import { errorCode, signalNumber } from "./signal.ts";

export type Unstarted = Extract<ExitStatus, { kind: "unstarted" }>;

export interface SpawnRequest {
  readonly command: string;
  /** Undefined for the system's. */
  readonly shell?: string | undefined;
  readonly cwd: string;
  readonly environment: Environment;
}

export interface Spawned {
  readonly kind: "spawned";
  /** Of the leader, its group and its session. */
  readonly pid: number;
  /** stdout and stderr in one, in the order they were written. */
  readonly output: number | Socket;
  readonly exit: Promise<ExitStatus>;
}

/** Linux takes no single variable or argument longer than this. */
const maxStringBytes = 128 * 2 ** 10;
/** Of what is put before a command, and the end of the string. */
const maxPrefixBytes = 16;

/**
 * Closes the pipe's ends that are not handed on. Without a pipe the child gets Node's own. It goes
 * into the cgroup by itself, before it does anything else; when it cannot, it goes on without.
 */
export async function spawnInSession(
  request: SpawnRequest,
  pipe: ChildPipe | undefined,
  cgroup?: Cgroup | undefined,
): Promise<Spawned | Unstarted> {
  const child = trySpawn(request, pipe, cgroup);
  if (pipe) closeSync(pipe.writer);
  if (child instanceof Error || child.pid === undefined) {
    if (pipe) closeSync(pipe.reader);
    const error = child instanceof Error ? child : await spawnError(child);
    return explain(error, request);
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
  { command, shell, cwd, environment }: SpawnRequest,
  pipe: ChildPipe | undefined,
  cgroup: Cgroup | undefined,
): ChildProcess | Error {
  const enter = cgroup ? `echo 0 2>/dev/null >${quote(cgroup.entrance)}; ` : "";
  try {
    const options = { cwd, env: Object.fromEntries(environment), detached: true };
    if (pipe) {
      const { stdin, writer } = pipe;
      const args = shellArguments(command, shell, enter);
      return spawn(systemShell, args, { ...options, stdio: [stdin, writer, writer] });
    }
    const args = shellArguments(command, shell, `exec 2>&1\n${enter}`);
    return spawn(systemShell, args, { ...options, stdio: ["pipe", "pipe", "ignore"] });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

function spawnError(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once("error", resolve));
}

function exitStatus(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return signal === null
    ? { kind: "exit", code: code ?? 0 }
    : { kind: "signal", signal, number: signalNumber(signal) };
}

function explain(error: Error, request: SpawnRequest): Unstarted {
  const lasting = (reason: string): Unstarted => ({ kind: "unstarted", reason, isLasting: true });
  const passing = (reason: string): Unstarted => ({ kind: "unstarted", reason, isLasting: false });
  const code = errorCode(error);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR": {
      const { cwd } = request;
      const folder = statSync(cwd, { throwIfNoEntry: false });
      return lasting(
        folder?.isDirectory() ? `there is no ${systemShell}` : `there is no folder ${cwd}`,
      );
    }
    case "EACCES":
      return lasting(`the folder ${request.cwd} may not be entered`);
    case "E2BIG":
      return lasting(describeTooBig(request));
    case "EMFILE":
    case "ENFILE":
      return explainDescriptors(code);
    case "EAGAIN":
      return passing("no more processes can be started; end some, or raise the limit (ulimit -u)");
    case "ENOMEM":
      return passing("there is no memory left to start a process");
    default:
      // Not the message, which may hold the value of a variable.
      return passing(code ?? error.name);
  }
}

/** procman's own trouble, or the system's. */
export function explainDescriptors(code: "EMFILE" | "ENFILE"): Unstarted {
  const reason =
    code === "EMFILE"
      ? "procman has no file descriptors left; raise the limit with ulimit -n"
      : "the system has no file descriptors left";
  return { kind: "unstarted", reason, isLasting: false };
}

function describeTooBig({ command, environment }: SpawnRequest): string {
  const variables = [...environment].map(([key, value]) => ({
    key,
    bytes: Buffer.byteLength(value),
    allBytes: Buffer.byteLength(key) + Buffer.byteLength(value) + 2,
  }));
  const tooBig = variables.find(({ allBytes }) => allBytes > maxStringBytes);
  if (tooBig !== undefined) {
    return `the variable ${tooBig.key} has ${tooBig.bytes} bytes, more than the system passes on`;
  }
  const commandBytes = Buffer.byteLength(command);
  if (commandBytes + maxPrefixBytes > maxStringBytes) {
    return `its command has ${commandBytes} bytes, more than the system passes on`;
  }
  const bytes = variables.reduce((sum, { allBytes }) => sum + allBytes, 0);
  const [largest] = variables.toSorted((one, other) => other.bytes - one.bytes);
  return `its ${variables.length} variables have ${bytes} bytes, more than the system passes on; the largest is ${largest?.key} with ${largest?.bytes}`;
}
