/**
 * Tells when one of some files has changed. It is their folders that are watched: who saves a file
 * may put another one in its place. Where the system allows no more of that, nothing is told.
 */
import { type FSWatcher, promises, watch } from "node:fs";
import { basename, dirname } from "node:path";
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

/** Nothing here keeps the program going. */
export function watchChangedFiles(
  clock: Clock,
  onChange: (change: FileChange) => void,
): ChangedFiles {
  const burst = gatherBurst(defaultDebounceMs, clock, onChange);
  const watchers = new Map<string, FSWatcher>();
  let wanted = new Map<string, Set<string>>();

  function open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name !== null && wanted.get(folder)?.has(name)) burst.add(name);
      });
      watcher.on("error", () => close(folder));
      watchers.set(folder, watcher);
    } catch {
      // The folder is not there, or nothing more may be watched.
    }
  }

  function close(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  }

  return {
    follow(paths) {
      wanted = new Map();
      for (const path of paths) {
        const names = wanted.get(dirname(path)) ?? new Set();
        wanted.set(dirname(path), names.add(basename(path)));
      }
      for (const folder of [...watchers.keys()]) if (!wanted.has(folder)) close(folder);
      for (const folder of wanted.keys()) if (!watchers.has(folder)) open(folder);
    },
    async lookFor(paths, sinceMs) {
      const all = await statsOf(paths);
      for (const [path, stats] of all) {
        if (stats && stats.ctimeMs >= sinceMs) burst.add(basename(path));
      }
    },
    close() {
      burst.cancel();
      for (const folder of [...watchers.keys()]) close(folder);
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
