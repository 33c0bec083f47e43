/** What the .gitignore files of a tree leave out, as git has it: the deeper one has the last word. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ignore, { type Ignore } from "ignore";
import { isWithin } from "./is-within.ts";

export interface GitIgnore {
  /** That it lies in a folder that is left out is not seen here. */
  leavesOut(path: string, isFolder: boolean): boolean;
  /** Whether it, or a folder it lies in, is left out. */
  isLeftOut(folder: string): boolean;
}

/** Of the repository that `root` is in. Each file is read once, when it is needed first. */
export function readGitIgnore(root: string): GitIgnore {
  const top = findTop(root) ?? root;
  const known = new Map<string, Ignore | undefined>();

  function rulesIn(folder: string): Ignore | undefined {
    if (!known.has(folder)) known.set(folder, readRules(join(folder, ".gitignore")));
    return known.get(folder);
  }

  function leavesOut(path: string, isFolder: boolean): boolean {
    for (let folder = dirname(path); isWithin(top, folder); folder = dirname(folder)) {
      const name = `${relative(folder, path)}${isFolder ? "/" : ""}`;
      const verdict = rulesIn(folder)?.test(name);
      if (verdict?.ignored) return true;
      if (verdict?.unignored || folder === top) return false;
    }
    return false;
  }

  function isLeftOut(folder: string): boolean {
    if (folder === top || !isWithin(top, folder)) return false;
    return leavesOut(folder, true) || isLeftOut(dirname(folder));
  }

  return { leavesOut, isLeftOut };
}

function findTop(folder: string): string | undefined {
  if (existsSync(join(folder, ".git"))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : findTop(above);
}

function readRules(path: string): Ignore | undefined {
  try {
    return ignore().add(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
