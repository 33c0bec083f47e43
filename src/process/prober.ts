/** Asks a process again and again: until it is ready, or until it is of no use any more. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../core/environment.ts";
import { runVariable } from "../core/environment.ts";
import { formatDuration } from "../core/notice.ts";
import type { InstanceSpec } from "../core/plan.ts";
import {
  type Check,
  fillIn,
  type LiveProbe,
  pauseMs,
  type ReadyProbe,
  readAddress,
  readUrl,
} from "../core/probe.ts";
import { quote } from "../core/text-file.ts";
import { type Answer, askTcp } from "./answers.ts";
import { nowMs } from "./now-ms.ts";

/** What it prints, as far as somebody looks for a line. */
export interface WatchedLines {
  /** Once there has been one. */
  readonly matched: Promise<void>;
  /** Whether there has been one since the last call. */
  take(): boolean;
}

export interface Asked {
  readonly spec: InstanceSpec;
  /** For a check of its lines. */
  readonly lines: WatchedLines | undefined;
  readonly givenUp: AbortSignal;
}

export type ReadyAnswer =
  | { readonly is: "ready" }
  | { readonly is: "unhealthy"; readonly reason: string }
  | { readonly is: "given-up" };

/** Neither rejects. */
export interface Prober {
  /** Without a setting it is asked for ever whether its port takes connections. */
  untilReady(asked: Asked): Promise<ReadyAnswer>;
  /** Why it is unhealthy; undefined when that was given up. */
  untilUnhealthy(asked: Asked): Promise<string | undefined>;
}

export interface ProberOptions {
  /** The app's folder, absolute. */
  readonly root: string;
  /** What a run was started with. */
  readonly environmentOf: (instance: string) => Environment;
}

const answerMs = 5_000;
const ownPort: Check = { is: "tcp", address: "$PORT" };

export function createProber({ root, environmentOf }: ProberOptions): Prober {
  async function ask(check: Check, { spec }: Asked, givenUp: AbortSignal): Promise<Answer> {
    const variables = withPort(environmentOf(spec.name), spec.port);
    switch (check.is) {
      case "tcp": {
        const text = fillIn(check.address, variables);
        const address = readAddress(text);
        return address.is === "wrong" ? `${quote(text)} is no port` : askTcp(address, givenUp);
      }
      case "http": {
        const text = fillIn(check.url, variables);
        const url = readUrl(text, spec.port);
        if (url === undefined) return `${quote(text)} is no URL`;
        return (await import("./answers.ts")).askHttp(url, givenUp);
      }
      case "command": {
        const { cwd = root, shell } = spec.launch ?? {};
        const environment = new Map(variables);
        // What it leaves behind is not the run's.
        environment.delete(runVariable);
        const { askCommand } = await import("./answers.ts");
        return askCommand({ command: check.command, shell, cwd, environment }, givenUp);
      }
      case "log":
        return noLine(check.pattern);
    }
  }

  async function askInTime(check: Check, asked: Asked, withinMs: number): Promise<Answer> {
    const answer = await inTime(withinMs, asked.givenUp, (signal) => ask(check, asked, signal));
    return answer.is === "late" ? `no answer within ${formatDuration(withinMs)}` : answer.value;
  }

  async function untilAnswered(asked: Asked, ready: Partial<ReadyProbe>): Promise<Readied> {
    const { timeoutMs = Number.POSITIVE_INFINITY, intervalMs } = ready;
    const startMs = nowMs();
    const leftMs = () => startMs + timeoutMs - nowMs();
    for (;;) {
      const answer = await askInTime(
        ready.check ?? ownPort,
        asked,
        Math.max(1, Math.min(answerMs, leftMs())),
      );
      if (answer === undefined) return { is: "ready" };
      const pause = intervalMs ?? pauseMs(nowMs() - startMs, ready.check);
      if (asked.givenUp.aborted || pause >= leftMs()) return late(timeoutMs, answer);
      await sleepOn(pause, asked.givenUp);
    }
  }

  async function askOnceMore(asked: Asked, { check, timeoutMs }: LiveProbe): Promise<Answer> {
    const isSeen = check.is === "log" && asked.lines?.take() === true;
    return isSeen ? undefined : askInTime(check, asked, timeoutMs);
  }

  /** So often in a row as it may fail; the last answer. */
  async function untilFailed(asked: Asked, live: LiveProbe): Promise<string> {
    const { givenUp } = asked;
    for (let failures = 0; ; ) {
      await sleepOn(live.intervalMs, givenUp);
      if (givenUp.aborted) return "";
      const answer = await askOnceMore(asked, live);
      failures = answer === undefined ? 0 : failures + 1;
      if (answer === undefined || failures < live.failures) continue;
      return failures === 1 ? answer : `${answer}, ${failures} times in a row`;
    }
  }

  return {
    async untilReady(asked) {
      const { ready } = asked.spec;
      const answer =
        ready?.check.is === "log"
          ? await untilLine(asked, ready.check.pattern, ready.timeoutMs)
          : await untilAnswered(asked, ready ?? {});
      return asked.givenUp.aborted ? { is: "given-up" } : answer;
    },
    async untilUnhealthy(asked) {
      const { live } = asked.spec;
      const answer = live && (await untilFailed(asked, live));
      return asked.givenUp.aborted ? undefined : answer;
    },
  };
}

type Readied = Exclude<ReadyAnswer, { is: "given-up" }>;

function late(timeoutMs: number, answer: string): Readied {
  return {
    is: "unhealthy",
    reason: `not ready within ${formatDuration(timeoutMs)}: ${answer}`,
  };
}

async function untilLine(
  { lines, givenUp }: Asked,
  pattern: RegExp,
  timeoutMs: number,
): Promise<Readied> {
  const found = await inTime(timeoutMs, givenUp, (signal) => untilMatched(lines, signal));
  return found.is === "late" ? late(timeoutMs, noLine(pattern)) : { is: "ready" };
}

function noLine(pattern: RegExp): string {
  return `no line has matched ${pattern}`;
}

/** Or until it does not matter any more. */
async function sleepOn(durationMs: number, givenUp: AbortSignal): Promise<void> {
  await sleep(durationMs, undefined, { signal: givenUp }).catch(() => {});
}

function withPort(environment: Environment, port: number | undefined): Environment {
  return port === undefined ? environment : new Map([...environment, ["PORT", String(port)]]);
}

async function untilMatched(lines: WatchedLines | undefined, givenUp: AbortSignal): Promise<void> {
  await Promise.race([
    lines?.matched,
    new Promise<void>((resolve) => givenUp.addEventListener("abort", () => resolve())),
  ]);
}

type InTime<T> = { readonly is: "in-time"; readonly value: T } | { readonly is: "late" };

/** Who is late is given up, and so is who does not matter any more. Leaves nothing behind. */
async function inTime<T>(
  withinMs: number,
  givenUp: AbortSignal,
  act: (givenUp: AbortSignal) => Promise<T>,
): Promise<InTime<T>> {
  const controller = new AbortController();
  const giveUp = () => controller.abort();
  let isLate = false;
  const onLate = () => {
    isLate = true;
    giveUp();
  };
  const timer = Number.isFinite(withinMs) ? setTimeout(onLate, withinMs) : undefined;
  givenUp.addEventListener("abort", giveUp);
  try {
    const value = await act(controller.signal);
    return isLate ? { is: "late" } : { is: "in-time", value };
  } finally {
    clearTimeout(timer);
    givenUp.removeEventListener("abort", giveUp);
  }
}
