/**
 * Outlives procman for a moment, and ends what procman cannot end any more: when it was killed, or
 * has crashed. It is there before the first process, and started again when it is killed itself.
 * It holds procman's lock with it, so that nobody starts the app again before it has finished.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { guardianScript } from "./guardian-script.ts";
import { nowMs } from "./now-ms.ts";

/** `unavailable`: neither taken nor ours, for nobody here can lock. */
export type LockAnswer = "ours" | "taken" | "unavailable";

export interface Guardian {
  /** Whether the lock is ours. When it is taken there is no guardian any more. */
  readonly lock: Promise<LockAnswer>;
  /** How long it lets others end by themselves. */
  setGrace(graceMs: number): void;
  /** Nothing is left to guard. Resolves when it is gone. */
  dismiss(): Promise<void>;
}

export interface GuardianOptions {
  /** The descriptors of both files; the roll is read from where it stands. They stay open. */
  readonly lockFd: number;
  readonly rollFd: number;
  /** `ours`: it is locked already. */
  readonly lock: "ours" | "to be taken";
  /** `NAME=value`: in the environment of all that procman starts. */
  readonly mark: string;
  /** The file to which it appends a line when it has had something to do. */
  readonly log: string;
  /** Where the shell finds its commands. */
  readonly path: string;
}

/** One that cannot live is not started faster than this. */
const againMs = 1_000;
const defaultGraceS = 10;

type Phase =
  | { readonly is: "beginning" | "dismissed" }
  | { readonly is: "watching"; readonly shell: ChildProcess; readonly channel: Socket };

export function createGuardian(options: GuardianOptions): Guardian {
  const { lockFd, rollFd, mark, log, path } = options;
  let phase: Phase = { is: "beginning" };
  let graceS = defaultGraceS;
  let answer: LockAnswer | undefined = options.lock === "ours" ? "ours" : undefined;
  let onAnswer: (answer: LockAnswer) => void = () => {};
  const lock = new Promise<LockAnswer>((resolve) => {
    onAnswer = resolve;
  });

  function begin(): void {
    if (phase.is !== "beginning") return;
    const startMs = nowMs();
    const words = [mark, String(graceS), log, answer === undefined ? "lock" : ""];
    const shell = spawn("/bin/sh", ["-c", guardianScript, "procman-guardian", ...words], {
      // In a session of its own: what ends procman must not end it.
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "pipe", lockFd, rollFd],
      // It must find itself by the mark, and not be found by it: that is no variable of its own.
      // Without its commands it would end what it finds without a grace period.
      env: { PATH: `${path}:/usr/bin:/bin`, PROCMAN_GUARDS: mark },
    });
    const onEnd = () => {
      conclude("unavailable");
      if (phase.is !== "watching" || phase.shell !== shell) return;
      phase = { is: "beginning" };
      const pauseMs = Math.max(0, againMs - (nowMs() - startMs));
      setTimeout(begin, pauseMs).unref();
    };
    shell.once("error", onEnd);
    // Not when it exits: what it has said last may not have been read by then.
    shell.once("close", onEnd);
    const channel = shell.stdio[3];
    if (!(channel instanceof Socket)) return;
    phase = { is: "watching", shell, channel };
    channel.on("error", () => {});
    channel.once("data", (text) => conclude(readAnswer(String(text))));
    if (answer !== undefined) letGo();
  }

  function conclude(found: LockAnswer): void {
    if (answer !== undefined) return;
    answer = found;
    if (found === "taken") phase = { is: "dismissed" };
    onAnswer(found);
    letGo();
  }

  /** It is no reason to stay for procman, but for whoever waits for the lock. */
  function letGo(): void {
    if (phase.is !== "watching") return;
    phase.shell.unref();
    phase.channel.unref();
  }

  begin();
  if (answer !== undefined) onAnswer(answer);
  return {
    lock,
    setGrace(graceMs) {
      graceS = Math.max(1, Math.ceil(graceMs / 1_000));
      if (phase.is === "watching") phase.channel.write(`g ${graceS}\n`);
    },
    async dismiss() {
      const last = phase;
      phase = { is: "dismissed" };
      if (last.is !== "watching") return;
      last.shell.ref();
      last.channel.end("q\n");
      await new Promise((resolve) => last.shell.once("exit", resolve).once("error", resolve));
    },
  };
}

function readAnswer(text: string): LockAnswer {
  const [answer] = text.split("\n");
  return answer === "ours" || answer === "taken" ? answer : "unavailable";
}
