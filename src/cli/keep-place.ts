/**
 * Makes again what somebody removes while procman runs, as `rm -rf .procman` and `git clean` do: a
 * second procman would start beside this one, and nobody could ask this one for anything.
 */
import { type FSWatcher, watch } from "node:fs";
import { isNoDescriptor, isNoRoom } from "../logs/errno.ts";

export interface Kept {
  /** Where it lies at the moment. */
  folders(): readonly string[];
  /** Whether anything had to be made again. Rejects when that cannot be. */
  restore(): Promise<boolean>;
  /** There is no room on the disk: it is tried again until there is. */
  onNoRoom(): void;
  /** Nothing is kept from now on. */
  onLost(reason: string): void;
}

export interface Keeper {
  /** Nothing is made again after it. */
  close(): Promise<void>;
}

/** Who removes a folder empties it first, and fails if something is put into it meanwhile. */
const quietMs = 200;
/** What was in the way may pass. */
const shortageMs = 1_000;

/** Costs nothing while nothing happens; where nobody tells what happens, it is done without. */
export function keepPlace({ folders, restore, onNoRoom, onLost }: Kept): Keeper {
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let lacks: "nothing" | "room" | "descriptors" = "nothing";
  let looking = look();

  async function look(): Promise<void> {
    if (isOver) return;
    try {
      // What happens from here on is noticed: also what happens while it is looked at.
      watchAnew();
      const isAnew = await restore();
      lacks = "nothing";
      if (!isAnew) return;
      watchAnew();
      lookLater();
    } catch (error) {
      if (!isOver) fail(error);
    }
  }

  function fail(error: unknown): void {
    if (isNoRoom(error)) {
      if (lacks !== "room") onNoRoom();
      lacks = "room";
      lookLater();
    } else if (isNoDescriptor(error)) {
      lacks = "descriptors";
      lookLater();
    } else {
      end();
      onLost(error instanceof Error ? error.message : String(error));
    }
  }

  function lookLater(): void {
    clearTimeout(timer);
    if (isOver) return;
    // To try is a change in the folder itself.
    const afterMs = lacks === "nothing" ? quietMs : shortageMs;
    timer = setTimeout(() => {
      looking = looking.then(look);
    }, afterMs).unref();
  }

  /** By their names, which may be those of other folders than before. */
  function watchAnew(): void {
    for (const watcher of watchers) watcher.close();
    watchers = isOver ? [] : folders().flatMap((folder) => tryWatch(folder, lookLater));
  }

  function end(): void {
    isOver = true;
    clearTimeout(timer);
    watchAnew();
  }

  return {
    close() {
      end();
      return looking;
    },
  };
}

function tryWatch(folder: string, onChange: () => void): readonly FSWatcher[] {
  try {
    return [watch(folder, { persistent: false }, onChange).on("error", () => {})];
  } catch {
    return [];
  }
}
