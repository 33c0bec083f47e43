/**
 * Which files a process type is restarted for: those that one of its paths matches, without what is
 * left out by its own settings, by .gitignore, or because nobody means it. What a path names is
 * meant: `dist/**` finds what .gitignore leaves out.
 */
import { basename, dirname, relative, resolve } from "node:path";
import picomatch from "picomatch";
import type { WatchRule } from "../core/watch-rule.ts";
import type { GitIgnore } from "./git-ignore.ts";
import { isWithin } from "./is-within.ts";

/** All paths are absolute. */
export interface Scope {
  /** The folder or file that each of its paths begins with. */
  readonly bases: readonly string[];
  /** Whether a change of this file counts. */
  has(file: string): boolean;
  /** Whether there may be such a file in this folder, or below. */
  leadsThrough(folder: string): boolean;
}

export function readScope(rule: WatchRule, root: string, gitIgnore: GitIgnore): Scope {
  const excluded = rule.ignore.map((glob) => readGlob(glob, root, { dot: true }));
  const isExcluded = (path: string) => excluded.some(({ matches }) => matches(path));
  const parts = rule.paths.map((glob) => readPart(readGlob(glob, root, {}), gitIgnore));
  const isOnTheWay = (folder: string) =>
    parts.some(({ base }) => base !== folder && isWithin(folder, base));
  return {
    bases: parts.map(({ base }) => base),
    has: (file) => !isExcluded(file) && parts.some((part) => part.has(file)),
    leadsThrough: (folder) =>
      isOnTheWay(folder) ||
      (!isExcluded(folder) && parts.some((part) => part.leadsThrough(folder))),
  };
}

interface Glob {
  /** What stands before its first wildcard. */
  readonly base: string;
  /** How many levels below that it reaches. */
  readonly depth: number;
  /** What it names below that. */
  readonly names: ReadonlySet<string>;
  matches(path: string): boolean;
}

/** A folder stands for all that is in it. */
function readGlob(text: string, root: string, options: picomatch.PicomatchOptions): Glob {
  const { base: before, glob: rest } = picomatch.scan(text);
  const base = resolve(root, before.replace(/\\(.)/g, "$1"));
  const isAll = rest === "" || rest === "**";
  const isMatch = picomatch(isAll ? "**" : rest, options);
  const names = rest.split("/");
  return {
    base,
    depth: isAll || rest.includes("**") ? Number.POSITIVE_INFINITY : names.length,
    names: new Set(names),
    matches: (path) =>
      path === base ? isAll : isWithin(base, path) && isMatch(relative(base, path)),
  };
}

interface Part extends Omit<Scope, "bases"> {
  readonly base: string;
}

/** `meant`: it is named, and .gitignore does not count there. */
type Standing = "in" | "meant" | "out";

const unmeant: ReadonlySet<string> = new Set(["node_modules", ".git", ".procman"]);

function readPart({ base, depth, names, matches }: Glob, gitIgnore: GitIgnore): Part {
  const folders = new Map<string, Standing>();
  // Wildcards do not stand for what begins with a dot.
  const hasDots = [...names].some((name) => name.startsWith("."));

  function standingOf(path: string, isFolder: boolean): Standing {
    if (path === base) return gitIgnore.isLeftOut(base) ? "meant" : "in";
    const above = folderStanding(dirname(path));
    const name = basename(path);
    if (above === "out") return "out";
    if (names.has(name)) return "meant";
    const isUnmeant = unmeant.has(name) || (isFolder && name.startsWith(".") && !hasDots);
    const isOut = isUnmeant || (above === "in" && gitIgnore.leavesOut(path, isFolder));
    return isOut ? "out" : above;
  }

  function folderStanding(folder: string): Standing {
    const known = folders.get(folder) ?? standingOf(folder, true);
    folders.set(folder, known);
    return known;
  }

  return {
    base,
    has: (file) => matches(file) && standingOf(file, false) !== "out",
    leadsThrough: (folder) =>
      isWithin(base, folder) &&
      levelsBetween(base, folder) < depth &&
      folderStanding(folder) !== "out",
  };
}

function levelsBetween(base: string, folder: string): number {
  return folder === base ? 0 : relative(base, folder).split("/").length;
}
