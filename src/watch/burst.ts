/** What changes in a row, with pauses shorter than `debounceMs`, is one change. */
import type { Clock } from "../core/clock.ts";
import type { FileChange } from "../core/watch-rule.ts";

export interface Burst {
  add(file: string): void;
  /** Forgets what has not been told yet. */
  cancel(): void;
}

export function gatherBurst(
  debounceMs: number,
  clock: Clock,
  onSettled: (change: FileChange) => void,
): Burst {
  const changed = new Set<string>();
  let cancel = () => {};
  return {
    add(file) {
      changed.add(file);
      cancel();
      cancel = clock.after(debounceMs, () => {
        const [first = file] = changed;
        const others = changed.size - 1;
        changed.clear();
        onSettled({ file: first, others });
      });
    },
    cancel: () => cancel(),
  };
}
