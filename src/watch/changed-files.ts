/**
 * Tells when one of some files has changed. It is their folders that are watched: who saves a file
 * may put another one in its place. Where the system allows no more of that, nothing is told.
 *
 * The system tells of each write to any file of a folder. Where an app writes its log beside its
 * Procfile, that would take a third of a core: after so many the folder is left alone for a while,
 * and then looked at.
 */
import { type FSWatcher, promises, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { defaultDebounceMs, type FileChange } from "../core/watch-rule.ts";
import { gatherBurst } from "./burst.ts";

export interface ChangedFiles {
  /** From now on these, by absolute paths, and no others. */
  follow(paths: readonly string[]): void;
  /** Looks for those that have changed since then, by the wall clock. */
  lookFor(paths: readonly string[], sinceMs: number): Promise<void>;
  close(): void;
}

const mostOthers = 200;
const restMs = 5_000;
/** The clock of files goes by ticks of the kernel, and is behind by one at most. */
const fileClockMs = 10;

/** Nothing here keeps the program going. */
export function watchChangedFiles(
  clock: Clock,
  onChange: (change: FileChange) => void,
): ChangedFiles {
  const burst = gatherBurst(defaultDebounceMs, clock, onChange);
  const watchers = new Map<string, FSWatcher>();
  /** Of folders that are left alone: what ends that. */
  const resting = new Map<string, () => void>();
  let wanted = new Map<string, Set<string>>();

  function open(folder: string): void {
    let others = 0;
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name !== null && wanted.get(folder)?.has(name)) {
          burst.add(name);
          return;
        }
        others += 1;
        if (others === mostOthers) rest(folder);
      });
      watcher.on("error", () => close(folder));
      watchers.set(folder, watcher);
    } catch {
      // The folder is not there, or nothing more may be watched.
    }
  }

  function rest(folder: string): void {
    const sinceMs = Date.now() - fileClockMs;
    close(folder);
    const onRested = () => {
      resting.delete(folder);
      open(folder);
      void lookFor(pathsIn(folder), sinceMs);
    };
    resting.set(folder, clock.after(restMs, onRested));
  }

  function close(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
    resting.get(folder)?.();
    resting.delete(folder);
  }

  function pathsIn(folder: string): readonly string[] {
    return [...(wanted.get(folder) ?? [])].map((name) => join(folder, name));
  }

  async function lookFor(paths: readonly string[], sinceMs: number): Promise<void> {
    for (const [path, stats] of await statsOf(paths)) {
      if (stats && stats.ctimeMs >= sinceMs) burst.add(basename(path));
    }
  }

  const known = () => [...watchers.keys(), ...resting.keys()];

  return {
    follow(paths) {
      wanted = new Map();
      for (const path of paths) {
        const names = wanted.get(dirname(path)) ?? new Set();
        wanted.set(dirname(path), names.add(basename(path)));
      }
      for (const folder of known()) if (!wanted.has(folder)) close(folder);
      const before = known();
      for (const folder of wanted.keys()) if (!before.includes(folder)) open(folder);
    },
    lookFor,
    close() {
      burst.cancel();
      for (const folder of known()) close(folder);
    },
  };
}

/** Whether one of them is no file but a pipe, as a keeper of secrets makes it. */
export async function hasPipe(paths: readonly string[]): Promise<boolean> {
  return (await statsOf(paths)).some(([, stats]) => stats?.isFIFO());
}

/** Undefined for what is not there. */
function statsOf(paths: readonly string[]) {
  return Promise.all(
    paths.map(async (path) => [path, await promises.stat(path).catch(() => undefined)] as const),
  );
}
