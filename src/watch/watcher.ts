/**
 * Watches files, and tells which process types are to be restarted for them, once nothing more has
 * changed for a while. Loaded when a process type wants it.
 *
 * chokidar keeps track of the folders, and only of them: the system tells of a folder what happens
 * to the files in it, and one watch for each of these would take twice the memory. It is otherwise
 * where CHOKIDAR_USEPOLLING makes it look by itself, as on a disk of another machine.
 */
import { lstatSync, readdirSync, realpathSync, type Stats } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type * as Chokidar from "chokidar";
import type { Clock } from "../core/clock.ts";
import type { FileChange, WatchRule } from "../core/watch-rule.ts";
import { type Burst, gatherBurst } from "./burst.ts";
import { readGitIgnore } from "./git-ignore.ts";
import { isWithin } from "./is-within.ts";
import { readScope, type Scope } from "./scope.ts";
import { explainWatchError } from "./watch-error.ts";

/** By process type. */
export type WatchRules = ReadonlyMap<string, WatchRule>;

export interface WatcherTools {
  /** The app's folder. */
  readonly root: string;
  readonly clock: Clock;
  onChange(type: string, change: FileChange): void;
  /** A line about what is watched, or cannot be. */
  say(text: string): void;
}

export interface Watcher {
  close(): Promise<void>;
}

interface Watched {
  readonly type: string;
  readonly scope: Scope;
  readonly burst: Burst;
  /** The folders in which files of its scope were seen. */
  readonly folders: Set<string>;
  /** The files that were there, until they are counted. */
  readonly files: Set<string>;
}

/** By then chokidar has seen what has become of a folder. */
const seenMs = 150;
/** And however much else there is to do. */
const lateMs = 2_000;
/** The clock of files goes by ticks of the kernel, and is behind by one at most. */
const fileClockMs = 10;

export async function openWatcher(rules: WatchRules, tools: WatcherTools): Promise<Watcher> {
  const { watch } = await import("chokidar");
  const { clock, say } = tools;
  // What is watched is told by its real path.
  const root = realpathSync(tools.root);
  const gitIgnore = readGitIgnore(root);
  const watched = [...rules].map(([type, rule]): Watched => {
    const onSettled = (change: FileChange) => tools.onChange(type, change);
    const burst = gatherBurst(rule.debounceMs, clock, onSettled);
    return {
      type,
      scope: readScope(rule, root, gitIgnore),
      burst,
      folders: new Set(),
      files: new Set(),
    };
  });
  const told = new Set<string>();
  const timers = new Set<() => void>();
  let isReady = false;
  let watcher = open();

  function open(): Chokidar.FSWatcher {
    /** Folders of which something was told. */
    const suspects = new Map<string, () => void>();
    /** What was told of folders that are new. */
    const heard = new Map<string, Set<string>>();
    /** Which folder each path led to when it was first seen. */
    const identities = new Map<string, string>();
    const opened = watch(anchorsOf(watched, root), {
      ignored: (path, stats) => {
        if (stats?.isDirectory()) {
          if (!identities.has(path)) identities.set(path, identityOf(stats));
          return !leads(path);
        }
        // Nobody has looked yet what it is.
        if (stats === undefined && leads(path)) return false;
        return !(noteFile(path) && opened.options.usePolling);
      },
      followSymlinks: false,
      ignoreInitial: isReady,
    });
    opened.on("raw", (event, name, of) => {
      const { watchedPath: folder } = of as { readonly watchedPath?: string };
      if (folder === undefined) return;
      // What is told of the folder itself has its name, which something in it may have, too.
      const isOfFolder = name === basename(folder);
      if (event === "rename" && isOfFolder) suspect(folder);
      heard.get(folder)?.add(name);
      if (name) onFile(join(folder, name), isOfFolder);
    });
    for (const event of ["add", "change", "unlink"] as const) {
      opened.on(event, (path) => {
        if (isReady) onFile(path);
      });
    }
    opened.on("addDir", (folder) => {
      if (isReady) lookInto(folder);
    });
    opened.on("unlinkDir", (folder) => {
      suspects.get(folder)?.();
      suspects.delete(folder);
      identities.delete(folder);
      onFolder(folder);
    });
    opened.on("error", (error) => {
      const text = explainWatchError(error);
      if (!told.has(text)) say(text);
      told.add(text);
    });
    opened.once("ready", onReady);

    /**
     * What came into it before it was watched was told to nobody, and chokidar knows nothing of a
     * folder that did. A busy machine takes long to watch it: hence a second look.
     */
    function lookInto(folder: string): void {
      const known = new Set<string>();
      heard.set(folder, known);
      const look = () => {
        for (const name of namesIn(folder)) {
          if (!known.has(name)) onFound(folder, name);
          known.add(name);
        }
      };
      later(look);
      later(() => {
        heard.delete(folder);
        look();
      }, lateMs);
    }

    function onFound(folder: string, name: string): void {
      const path = join(folder, name);
      const isUnknown = leads(path) && !identities.has(path);
      if (kindOf(path) !== "folder") onFile(path);
      else if (isUnknown && watcher === opened) renew(folder, 0);
    }

    /**
     * When another folder takes its place before that is noticed, chokidar goes on to watch the one
     * that is gone.
     */
    function suspect(folder: string): void {
      suspects.get(folder)?.();
      const check = () => {
        suspects.delete(folder);
        const stats = lstatSync(folder, { throwIfNoEntry: false });
        if (watcher !== opened || !stats?.isDirectory()) return;
        if (identityOf(stats) !== identities.get(folder)) renew(folder);
      };
      suspects.set(folder, later(check));
    }
    return opened;
  }

  /** `sinceMs`: from when on what was written there may have been missed. */
  function renew(folder: string, sinceMs = Date.now() - fileClockMs): void {
    void watcher.close();
    watcher = open();
    watcher.once("ready", () => lookForNewer(folder, sinceMs));
    onFolder(folder);
  }

  /** What was written while nobody watched. */
  function lookForNewer(folder: string, sinceMs: number): void {
    for (const name of namesIn(folder)) {
      const path = join(folder, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory()) {
        if (leads(path)) lookForNewer(path, sinceMs);
      } else if (stats !== undefined && stats.ctimeMs >= sinceMs) onFile(path);
    }
  }

  /** Until the end. Gives what calls it off. */
  function later(onDue: () => void, delayMs = seenMs): () => void {
    const cancel = clock.after(delayMs, () => {
      timers.delete(callOff);
      onDue();
    });
    const callOff = () => {
      timers.delete(callOff);
      cancel();
    };
    timers.add(callOff);
    return callOff;
  }

  /** Whether anybody is interested in it. */
  function noteFile(path: string): boolean {
    const concerned = watched.filter(({ scope }) => scope.has(path));
    for (const one of concerned) {
      one.folders.add(dirname(path));
      if (!isReady) one.files.add(path);
    }
    return concerned.length > 0;
  }

  function leads(folder: string): boolean {
    return watched.some(({ scope }) => scope.leadsThrough(folder));
  }

  function onFile(path: string, mayBeNone = false): void {
    const concerned = watched.filter(({ scope }) => scope.has(path));
    if (concerned.length === 0) return;
    const kind = kindOf(path);
    if (kind === "folder" || (kind === "none" && mayBeNone)) return;
    for (const { burst, folders } of concerned) {
      folders.add(dirname(path));
      burst.add(relative(root, path));
    }
  }

  /** It is gone, or another one now. */
  function onFolder(folder: string): void {
    for (const { burst, folders } of watched) {
      if (folders.has(folder)) burst.add(relative(root, folder) || ".");
    }
  }

  function onReady(): void {
    if (isReady) return;
    isReady = true;
    const counts = watched.map(({ type, files }) => `${type} (${describeCount(files.size)})`);
    for (const { files } of watched) files.clear();
    say(`watching for changes: ${counts.join(", ")}`);
  }

  return {
    close() {
      for (const { burst } of watched) burst.cancel();
      for (const cancel of timers) cancel();
      return watcher.close();
    },
  };
}

/**
 * Where chokidar begins: at the app's folder, from where it finds what is removed and comes again;
 * and above what lies outside.
 */
function anchorsOf(watched: readonly Watched[], root: string): string[] {
  const bases = watched.flatMap(({ scope }) => scope.bases);
  return [...new Set(bases.map((base) => (isWithin(root, base) ? root : dirname(base))))];
}

function kindOf(path: string): "folder" | "file" | "none" {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "none";
  return stats.isDirectory() ? "folder" : "file";
}

/** A number is given again as soon as it is free. */
function identityOf({ ino, birthtimeMs }: Stats): string {
  return `${ino} ${birthtimeMs}`;
}

/** None, when it has gone again. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function describeCount(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}
