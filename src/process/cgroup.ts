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
import { join } from "node:path";

export interface Cgroup {
  /** Whoever writes 0 into it is in from then on, with all that it forks. */
  readonly entrance: string;
  members(): readonly number[];
  /** SIGKILL to all of them, also to those that are just being forked. */
  kill(): void;
  /** It stays when somebody is in it. */
  remove(): void;
}

/** Below procman's own. Undefined where none can be had; `root` is that of the file system. */
export function makeCgroup(name: string, root = "/"): Cgroup | undefined {
  try {
    const own = findOwn(root);
    if (own === undefined) return undefined;
    // To go from one to the other takes the right to write to what is above both.
    accessSync(join(own, "cgroup.procs"), constants.W_OK);
    const folder = join(own, name);
    mkdirSync(folder);
    return cgroupAt(folder);
  } catch {
    return undefined;
  }
}

function cgroupAt(folder: string): Cgroup {
  return {
    entrance: join(folder, "cgroup.procs"),
    members() {
      try {
        return foldersIn(folder).flatMap(membersOf);
      } catch {
        // Somebody has removed it, which takes that nobody was in it.
        return [];
      }
    },
    kill() {
      try {
        writeFileSync(join(folder, "cgroup.kill"), "1");
      } catch {
        // An older kernel: they are killed one by one.
      }
    },
    remove() {
      try {
        for (const each of foldersIn(folder).toReversed()) rmdirSync(each);
      } catch {
        // Whoever is spared is still in it.
      }
    },
  };
}

/** Itself first. Whoever is in it may have made more. */
function foldersIn(folder: string): readonly string[] {
  const inner = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory());
  return [folder, ...inner.flatMap(({ name }) => foldersIn(join(folder, name)))];
}

function membersOf(folder: string): readonly number[] {
  const rows = readFileSync(join(folder, "cgroup.procs"), "latin1").split("\n");
  return rows.map(Number).filter((pid) => pid > 0);
}

function findOwn(root: string): string | undefined {
  const [, path] = /^0::(\/.*)$/m.exec(readText(root, "cgroup")) ?? [];
  // `id parent device root mountpoint … - type …`, and a blank is written as \040.
  const [, mount] = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(readText(root, "mountinfo")) ?? [];
  return path && mount && join(root, mount.replaceAll("\\040", " "), path);
}

function readText(root: string, file: string): string {
  return readFileSync(join(root, "proc/self", file), "utf8");
}
