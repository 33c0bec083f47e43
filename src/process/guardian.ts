/**
 * Outlives procman for a moment, and ends what procman cannot end any more: when it was killed, or
 * has crashed. It is started with the first process, and again when it is killed itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { guardianScript } from "./guardian-script.ts";

export interface Guardian {
  /** A group whose leader has just been started: to be called in the same turn. */
  add(pgid: number): void;
  /** It is gone, and its number may be another's from now on. */
  remove(pgid: number): void;
  /** Nothing is left to guard. No `add` after it. */
  dismiss(): void;
}

export interface GuardianOptions {
  /** `NAME=value`: in the environment of all that procman starts. */
  readonly mark: string;
  readonly graceMs: number;
  /** The file to which it appends a line when it has had something to do. */
  readonly log: string;
  /** Where the shell finds its commands. */
  readonly path: string;
}

/** One that cannot live is not started faster than this. */
const againMs = 1_000;

export function createGuardian({ mark, graceMs, log, path }: GuardianOptions): Guardian {
  const groups = new Map<number, string>();
  let shell: ChildProcess | undefined;
  let isDismissed = false;

  function begin(): void {
    const graceS = String(Math.max(1, Math.ceil(graceMs / 1_000)));
    const startMs = performance.now();
    const started = spawn(
      "/bin/sh",
      ["-c", guardianScript, "procman-guardian", mark, graceS, log],
      {
        // In a session of its own: what ends procman must not end it.
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
        // It must find itself by the mark, and not be found by it: that is no variable of its own.
        env: { PATH: path, PROCMAN_GUARDS: mark },
      },
    );
    shell = started;
    started.unref();
    started.stdin?.on("error", () => {});
    started.once("error", () => {});
    started.once("exit", () => {
      shell = undefined;
      if (isDismissed) return;
      const pauseMs = Math.max(0, againMs - (performance.now() - startMs));
      setTimeout(() => begin(), pauseMs).unref();
    });
    for (const [pgid, start] of groups) say(`+ ${pgid} ${start}`);
  }

  function say(line: string): void {
    shell?.stdin?.write(`${line}\n`);
  }

  return {
    add(pgid) {
      const start = startTimeOf(pgid);
      groups.set(pgid, start);
      if (shell === undefined && groups.size === 1) begin();
      else say(`+ ${pgid} ${start}`);
    },
    remove(pgid) {
      groups.delete(pgid);
      say(`- ${pgid}`);
    },
    dismiss() {
      isDismissed = true;
      say("q");
      shell?.stdin?.end();
    },
  };
}

/** In ticks since the machine was started; empty where there is no /proc. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
