import { describe, expect, it } from "vitest";
import { explainWatchError } from "../../src/watch/watch-error.ts";

describe("what cannot be watched is explained", () => {
  it.each([
    [
      "ENOSPC",
      /no more watched files; allow more with: sudo sysctl fs\.inotify\.max_user_watches=/,
    ],
    ["EMFILE", /no more watchers or open files; .*fs\.inotify\.max_user_instances=/],
    ["EACCES", /will not be noticed: EACCES: it is so$/],
  ])("%s", (code, text) => {
    expect(explainWatchError(Object.assign(new Error(`${code}: it is so`), { code }))).toMatch(
      text,
    );
  });
});
