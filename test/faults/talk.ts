/** A program that was started, all it says, and how it ends. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { until } from "./until.ts";

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What a shell has in `$?`. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface Talk {
  readonly words: readonly string[];
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<End>;
  /** Until now; of very much only the end. */
  stdout(): string;
  stderr(): string;
  hasEnded(): boolean;
  /** The row has killed it: how it ends means nothing. */
  kill(): void;
  wasKilled(): boolean;
  /** Of stdout. */
  line(pattern: RegExp, withinMs?: number): Promise<RegExpMatchArray>;
}

export interface How extends Pick<SpawnOptions, "cwd" | "env" | "stdio" | "detached"> {
  readonly onOutput?: ((bytes: Buffer) => void) | undefined;
}

const keptCharacters = 2 ** 20;
const lineMs = 15_000;

export function startTalk([program = "", ...words]: readonly string[], how: How): Talk {
  const { onOutput, ...options } = how;
  const startMs = performance.now();
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const said = { stdout: "", stderr: "" };
  let wasKilled = false;
  let hasEnded = false;
  const keep = (name: keyof typeof said) => (bytes: Buffer) => {
    said[name] += bytes.toString("latin1");
    if (said[name].length > 2 * keptCharacters) said[name] = said[name].slice(-keptCharacters);
  };
  child.stdout?.on("data", onOutput ?? keep("stdout"));
  child.stderr?.on("data", keep("stderr"));
  const ended = new Promise<End>((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null) => {
      hasEnded = true;
      const status = code ?? 128 + constants.signals[signal ?? "SIGKILL"];
      resolve({ code, signal, status, ...said, ms: performance.now() - startMs });
    };
    child.once("error", (error) => {
      said.stderr += error.message;
      settle(127, null);
    });
    child.once("close", settle);
    child.once("exit", () => {
      hasEnded = true;
    });
  });
  return {
    words: [program, ...words],
    pid: child.pid ?? 0,
    child,
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    hasEnded: () => hasEnded,
    kill() {
      wasKilled = true;
      child.kill("SIGKILL");
    },
    wasKilled: () => wasKilled,
    line(pattern, withinMs = lineMs) {
      return until(
        `a line ${pattern}`,
        withinMs,
        () => said.stdout.match(pattern) ?? undefined,
        () => `stdout: …${said.stdout.slice(-600)}\nstderr: …${said.stderr.slice(-600)}`,
      );
    },
  };
}
