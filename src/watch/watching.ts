/** Has watched what the process types ask for, and loads what does it when the first one asks. */
import type { Traits } from "../core/traits.ts";
import type { Watcher, WatcherTools, WatchRules } from "./watcher.ts";

export interface Watching {
  /** From now on, what these ask for, and nothing else. */
  follow(types: readonly WatchingType[]): void;
}

export interface WatchingType extends Pick<Traits, "watch"> {
  readonly name: string;
}

/** Loads nothing and watches nothing before `begin`. */
export function createWatching(begin: Promise<void>, tools: WatcherTools): Watching {
  let rules: WatchRules = new Map();
  let watcher: Watcher | undefined;
  /** One after the other. */
  let changing = begin;

  async function open(next: WatchRules): Promise<void> {
    await watcher?.close();
    watcher = undefined;
    // By then others may be wanted already.
    if (rules !== next || next.size === 0) return;
    const { openWatcher } = await import("./watcher.ts");
    watcher = await openWatcher(next, tools);
  }

  function complain(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    tools.say(`files are not watched: ${reason}`);
  }

  return {
    follow(types) {
      const next = rulesOf(types);
      if (isSame(rules, next)) return;
      rules = next;
      changing = changing.then(() => open(next)).catch(complain);
    },
  };
}

function rulesOf(types: readonly WatchingType[]): WatchRules {
  return new Map(types.flatMap(({ name, watch }) => (watch ? [[name, watch] as const] : [])));
}

function isSame(one: WatchRules, other: WatchRules): boolean {
  return JSON.stringify([...one]) === JSON.stringify([...other]);
}
