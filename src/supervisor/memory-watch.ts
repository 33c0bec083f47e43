/**
 * Looks at how much memory those take that may not take all, as long as one of them runs, and says
 * so to whom it concerns.
 */
import type { Clock } from "../core/clock.ts";
import { isAlive } from "../core/instance.ts";
import { judgeMemory, type MemoryUse, sampleEveryMs } from "../core/memory.ts";
import type { Notice } from "../core/notice.ts";
import type { Runner } from "./runner.ts";

export interface MemoryWatch {
  /** Who runs, or what holds for them, may be another. */
  recheck(): void;
}

export interface MemoryWatchTools {
  readonly clock: Clock;
  readonly sampleMemory: SampleMemory;
  tell(name: string, notice: Notice): void;
  /** One takes more than it may, in this run. */
  onOutgrown(runner: Runner, run: number, use: MemoryUse): void;
}

/**
 * In bytes, by instance, for the leaders of their sessions. Without those of whom it cannot be
 * known. Never rejects.
 */
export type SampleMemory = (
  leaders: ReadonlyMap<string, number>,
) => Promise<ReadonlyMap<string, number>>;

type WatchState =
  | { readonly is: "idle" }
  | { readonly is: "waiting"; readonly cancel: () => void }
  | { readonly is: "looking" };

export function createMemoryWatch(
  runners: () => readonly Runner[],
  { clock, sampleMemory, tell, onOutgrown }: MemoryWatchTools,
): MemoryWatch {
  let state: WatchState = { is: "idle" };
  /** The runs that are above their `warn`. */
  const over = new Map<string, number>();

  function recheck(): void {
    const isNeeded = runners().some(isWatched);
    switch (state.is) {
      case "idle":
        if (isNeeded) {
          state = { is: "waiting", cancel: clock.after(sampleEveryMs, () => void look()) };
        }
        return;
      case "waiting":
        if (isNeeded) return;
        state.cancel();
        state = { is: "idle" };
        return;
      case "looking":
        return;
    }
  }

  async function look(): Promise<void> {
    state = { is: "looking" };
    // Of all, so that whoever asks for a table of them needs no look of their own.
    const looked = runners().map((runner) => ({ runner, run: runner.instance().run }));
    const leaders = looked.flatMap(({ runner }) => {
      const { name, pid } = runner.status();
      return pid === undefined ? [] : [[name, pid] as const];
    });
    const used = await sampleMemory(new Map(leaders));
    for (const { runner, run } of looked) {
      const usedBytes = used.get(runner.name);
      if (usedBytes !== undefined && runner.instance().run === run) judge(runner, run, usedBytes);
    }
    state = { is: "idle" };
    recheck();
  }

  function judge(runner: Runner, run: number, usedBytes: number): void {
    const { name } = runner;
    const { memory } = runner.spec();
    if (memory === undefined || !isWatched(runner)) return;
    const finding = judgeMemory(memory, over.get(name) === run, usedBytes);
    switch (finding.is) {
      case "within":
        over.delete(name);
        return;
      case "still-over":
        return;
      case "over-warn":
        over.set(name, run);
        tell(name, { kind: "memory-warning", use: finding.use });
        return;
      case "over-limit":
        onOutgrown(runner, run, finding.use);
        return;
    }
  }

  return { recheck };
}

function isWatched(runner: Runner): boolean {
  return runner.spec().memory !== undefined && isAlive(runner.instance().state);
}
