/**
 * Outlives procman for a moment, and ends what procman cannot end any more: when it was killed, or
 * has crashed. It is there before the first process, and started again when it is killed itself.
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

type Phase =
  | { readonly is: "beginning" | "dismissed" }
  | { readonly is: "watching"; readonly shell: ChildProcess };

export function createGuardian({ mark, graceMs, log, path }: GuardianOptions): Guardian {
  const groups = new Map<number, string>();
  let phase: Phase = { is: "beginning" };

  function begin(): void {
    if (phase.is !== "beginning") return;
    const graceS = String(Math.max(1, Math.ceil(graceMs / 1_000)));
    const startMs = performance.now();
    const shell = spawn("/bin/sh", ["-c", guardianScript, "procman-guardian", mark, graceS, log], {
      // In a session of its own: what ends procman must not end it.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      // It must find itself by the mark, and not be found by it: that is no variable of its own.
      env: { PATH: path, PROCMAN_GUARDS: mark },
    });
    phase = { is: "watching", shell };
    shell.unref();
    shell.stdin?.on("error", () => {});
    const onEnd = () => {
      if (phase.is !== "watching" || phase.shell !== shell) return;
      phase = { is: "beginning" };
      const pauseMs = Math.max(0, againMs - (performance.now() - startMs));
      setTimeout(begin, pauseMs).unref();
    };
    shell.once("error", onEnd);
    shell.once("exit", onEnd);
    for (const [pgid, start] of groups) say(`+ ${pgid} ${start}`);
  }

  function say(line: string): void {
    if (phase.is === "watching") phase.shell.stdin?.write(`${line}\n`);
  }

  begin();
  return {
    add(pgid) {
      const start = startTimeOf(pgid);
      groups.set(pgid, start);
      say(`+ ${pgid} ${start}`);
    },
    remove(pgid) {
      groups.delete(pgid);
      say(`- ${pgid}`);
    },
    dismiss() {
      say("q");
      if (phase.is === "watching") phase.shell.stdin?.end();
      phase = { is: "dismissed" };
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
