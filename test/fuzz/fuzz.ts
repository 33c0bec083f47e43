/**
 * Gives nearly right input to all that reads what comes from outside. What must hold: nothing
 * throws, nothing takes a second, a refusal says where and why, and the server lives on.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkFile, checkLogLines, checkLogWords, checkScaleWords } from "./files.ts";
import { drawFrom, mutate, pick } from "./mutate.ts";
import { openRequestTarget, type RequestTarget } from "./requests.ts";

export interface Failure {
  readonly target: string;
  /** Of `inputOf`. */
  readonly number: number;
  readonly reason: string;
  readonly bytes: Buffer;
}

export interface Outcome {
  readonly failures: readonly Failure[];
  /** Of the slowest input of each target. */
  readonly slowestMs: ReadonlyMap<string, number>;
}

export interface Plan {
  readonly count: number;
  readonly seed: number;
  /** One input in so many has megabytes. */
  readonly hugeEvery: number;
}

const maxMs = 1_000;
/** What has not ended by then never will. */
const hangMs = 15_000;
const pingEvery = 500;
const maxFailures = 20;
const corpusFolder = fileURLToPath(new URL("corpus", import.meta.url));

interface Target {
  readonly name: string;
  readonly corpus: readonly Buffer[];
  readonly try: (bytes: Buffer) => unknown;
}

export async function fuzz({ count, seed, hugeEvery }: Plan): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  const requests = await openRequestTarget(folder);
  const targets = targetsOf(folder, requests);
  const failures: Failure[] = [];
  const slowestMs = new Map<string, number>();
  try {
    for (let number = 0; number < count && failures.length < maxFailures; number += 1) {
      const draw = drawFrom(seed * 1_000_003 + number);
      const target = pick(targets, draw);
      const bytes = mutate(target.corpus, draw, number % hugeEvery === hugeEvery - 1);
      const { ms, reason } = await attempt(target, bytes);
      slowestMs.set(target.name, Math.max(ms, slowestMs.get(target.name) ?? 0));
      if (reason !== undefined) failures.push({ target: target.name, number, reason, bytes });
      if (number % pingEvery === 0) await requests.ping();
    }
    await requests.ping();
  } finally {
    await requests.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { failures, slowestMs };
}

/** Processor time where that is less: on a busy machine, others take their share of the clock. */
async function attempt(
  target: Target,
  bytes: Buffer,
): Promise<{ readonly ms: number; readonly reason: string | undefined }> {
  const startMs = performance.now();
  const start = process.cpuUsage();
  const timesMs = () => {
    const { user, system } = process.cpuUsage(start);
    return Math.min(performance.now() - startMs, (user + system) / 1_000);
  };
  try {
    await Promise.race([target.try(bytes), hang()]);
    const ms = timesMs();
    return { ms, reason: ms > maxMs ? `it took ${Math.round(ms)} ms` : undefined };
  } catch (error) {
    return { ms: timesMs(), reason: error instanceof Error ? (error.stack ?? "") : String(error) };
  }
}

function hang(): Promise<never> {
  return new Promise((_, reject) => {
    AbortSignal.timeout(hangMs).addEventListener("abort", () => reject(new Error("it hangs")));
  });
}

function targetsOf(folder: string, requests: RequestTarget): readonly Target[] {
  const corpus = (prefix: string) =>
    readdirSync(corpusFolder)
      .filter((name) => name.startsWith(prefix))
      .map((name) => readFileSync(join(corpusFolder, name)));
  const file = (name: "Procfile" | ".env" | ".foreman", prefix: string): Target => ({
    name,
    corpus: corpus(prefix),
    try: (bytes) => checkFile(folder, name, bytes),
  });
  return [
    file("Procfile", "procfile"),
    file(".env", "env"),
    file(".foreman", "options"),
    { name: "scale", corpus: corpus("words-scale"), try: checkScaleWords },
    { name: "logs", corpus: corpus("words-logs"), try: checkLogWords },
    { name: "log lines", corpus: corpus("log-lines"), try: checkLogLines },
    { name: "call", corpus: corpus("request"), try: requests.call },
    { name: "socket", corpus: corpus("request"), try: requests.send },
  ];
}
