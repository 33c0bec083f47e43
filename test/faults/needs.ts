/** What a fault needs of the machine, each as undefined or the reason why it cannot be had. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, rmdirSync } from "node:fs";
import process from "node:process";

export function needsRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "needs root";
}

/** May mount in namespaces of its own. */
export function needsMounts(): string | undefined {
  const words = ["--mount", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"];
  return spawnSync("unshare", words).status === 0 ? undefined : "may not mount here";
}

export function needsNamespaces(): string | undefined {
  const words = ["--pid", "--mount", "--fork", "--mount-proc", "true"];
  return spawnSync("unshare", words).status === 0 ? undefined : "may not have its own process ids";
}

export function needsProgram(name: string): () => string | undefined {
  return () => (findProgram(name) ? undefined : `${name} is not installed`);
}

export function findProgram(name: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(`${folder}/${name}`));
}

/** A group in which memory can be limited, of either version; its folder. */
export function findMemoryGroup(): { readonly path: string; readonly version: 1 | 2 } | undefined {
  const rows = [
    { path: "/sys/fs/cgroup/memory", file: "memory.limit_in_bytes", version: 1 },
    { path: "/sys/fs/cgroup", file: "memory.max", version: 2 },
  ] as const;
  for (const { path, file, version } of rows) {
    const own = `${path}/procman-faults-${process.pid}`;
    try {
      mkdirSync(own);
      const isUsable = existsSync(`${own}/${file}`) && isWritable(`${own}/${file}`);
      rmdirSync(own);
      if (isUsable) return { path, version };
    } catch {
      // The next one, or none.
    }
  }
  return undefined;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
