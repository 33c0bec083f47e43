/**
 * A cgroup (version 2) for one run. Nobody leaves it by a fork, whatever else they throw away. Where
 * procman may make one: as root, and where systemd has left a part of the tree to the user.
 */
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

/** One or more, with all that was made in them. */
export interface Cgroups {
  members(): readonly number[];
  /** SIGKILL to all of them, also to those that are just being forked. */
  kill(): void;
  /** Those that somebody is in stay. */
  remove(): void;
}

export interface Cgroup extends Cgroups {
  /** Whoever writes 0 into it is in from then on, with all that it forks. */
  readonly entrance: string;
}

/** Below procman's own. Undefined where none can be had; `root` is that of the file system. */
export function makeCgroup(run: string, root = "/"): Cgroup | undefined {
  try {
    const tree = findTree(root);
    const path = findOwn(root);
    if (tree === undefined || path === undefined) return undefined;
    const own = join(tree, path);
    // To go from one to the other takes the right to write to what is above both.
    accessSync(join(own, "cgroup.procs"), constants.W_OK);
    const folder = join(own, folderName(run));
    mkdirSync(folder);
    return { ...cgroupsAt([folder]), entrance: join(folder, "cgroup.procs") };
  } catch {
    return undefined;
  }
}

/**
 * Those of all runs of a procman, by its id, wherever in the tree: the one that looks for them may
 * have been started from another session. What that one is in itself, as in a tmux that a run has
 * started, is not for it to end. Undefined when there are none.
 */
export function findCgroups(id: string, root = "/"): Cgroups | undefined {
  try {
    const tree = findTree(root);
    if (tree === undefined) return undefined;
    const own = `${join(tree, findOwn(root) ?? "/")}/`;
    const found = search(tree, folderName(`${id}.`));
    const folders = found.filter((folder) => !own.startsWith(`${folder}/`));
    return folders.length > 0 ? cgroupsAt(folders) : undefined;
  } catch {
    return undefined;
  }
}

function folderName(run: string): string {
  return `procman-${run}`;
}

function search(folder: string, beginning: string): readonly string[] {
  return innerFolders(folder).flatMap((inner) =>
    basename(inner).startsWith(beginning) ? inner : search(inner, beginning),
  );
}

function cgroupsAt(folders: readonly string[]): Cgroups {
  return {
    members: () => folders.flatMap(foldersIn).flatMap(membersOf),
    kill() {
      for (const folder of folders) kill(folder);
    },
    remove() {
      for (const folder of folders) remove(folder);
    },
  };
}

function kill(folder: string): void {
  try {
    writeFileSync(join(folder, "cgroup.kill"), "1");
  } catch {
    // An older kernel: they are killed one by one.
  }
}

function remove(folder: string): void {
  try {
    for (const each of foldersIn(folder).toReversed()) rmdirSync(each);
  } catch {
    // Whoever is spared is still in it.
  }
}

/** Itself first. Whoever is in it may have made more. */
function foldersIn(folder: string): readonly string[] {
  return [folder, ...innerFolders(folder).flatMap(foldersIn)];
}

/** None when somebody has removed it, which takes that nobody was in it. */
function innerFolders(folder: string): readonly string[] {
  try {
    const inner = readdirSync(folder, { withFileTypes: true });
    return inner.flatMap((each) => (each.isDirectory() ? join(folder, each.name) : []));
  } catch {
    return [];
  }
}

function membersOf(folder: string): readonly number[] {
  try {
    const rows = readFileSync(join(folder, "cgroup.procs"), "latin1").split("\n");
    return rows.map(Number).filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

/** Procman's own, as a path in the tree. */
function findOwn(root: string): string | undefined {
  return /^0::(\/.*)$/m.exec(readText(root, "cgroup"))?.[1];
}

function findTree(root: string): string | undefined {
  // `id parent device root mountpoint … - type …`, and a blank is written as \040.
  const [, mount] = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(readText(root, "mountinfo")) ?? [];
  return mount && join(root, mount.replaceAll("\\040", " "));
}

function readText(root: string, file: string): string {
  return readFileSync(join(root, "proc/self", file), "utf8");
}
