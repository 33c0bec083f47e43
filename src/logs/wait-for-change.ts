/** Waits until something happens in a folder, also to a folder that is not there. */
import { watch } from "node:fs";

/** Where nobody tells when something happens, it is looked at again after this long. */
const pollMs = 250;

/**
 * `hasChanged` is asked once, when whatever happens from then on is noticed: nothing can happen
 * between the look and the watch.
 */
export async function waitForChange(
  folder: string,
  givenUp: AbortSignal,
  hasChanged: () => Promise<boolean>,
): Promise<void> {
  const watched = watchFolder(folder, givenUp);
  try {
    if (!givenUp.aborted && !(await hasChanged())) await watched.change;
  } finally {
    watched.close();
  }
}

interface Watched {
  readonly change: Promise<void>;
  close(): void;
}

function watchFolder(folder: string, givenUp: AbortSignal): Watched {
  let close = () => {};
  const change = new Promise<void>((resolve) => {
    const onChange = () => resolve();
    let timer: NodeJS.Timeout | undefined;
    const poll = () => {
      timer = setTimeout(onChange, pollMs);
    };
    const watcher = tryWatch(folder, onChange, poll);
    if (watcher === undefined) poll();
    givenUp.addEventListener("abort", onChange);
    close = () => {
      clearTimeout(timer);
      watcher?.close();
      givenUp.removeEventListener("abort", onChange);
    };
  });
  return { change, close };
}

function tryWatch(folder: string, onChange: () => void, onError: () => void) {
  try {
    return watch(folder, onChange).on("error", onError);
  } catch {
    return undefined;
  }
}
