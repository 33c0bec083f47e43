/** Is a port free, and who holds it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { errorCode } from "./signal.ts";

/**
 * Whether somebody could listen there, on any address. On Linux one probe of `::` for both
 * families sees every holder; one of 0.0.0.0 would miss those on IPv6 alone.
 */
export async function isPortFree(port: number): Promise<boolean> {
  const code = await listenError(port, "::");
  if (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL" || code === "EINVAL") {
    return (await listenError(port, "0.0.0.0")) !== "EADDRINUSE";
  }
  return code !== "EADDRINUSE";
}

function listenError(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(errorCode(error)));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** The pid; undefined when it cannot be told, as for another user's. */
export function findPortHolder(port: number): number | undefined {
  const inodes = listeningInodes(port);
  return inodes.size === 0 ? undefined : findSocketOwner(inodes);
}

/** Rows of `/proc/net/tcp`: slot, local address, remote address, state, …, inode in column 9. */
function listeningInodes(port: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const row of readLines(file)) {
      const columns = row.trim().split(/\s+/);
      const isListening = columns[3] === "0A";
      const inode = columns[9];
      if (isListening && inode !== undefined && columns[1]?.endsWith(suffix)) inodes.add(inode);
    }
  }
  return inodes;
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, "latin1").split("\n");
  } catch {
    return [];
  }
}

function findSocketOwner(inodes: ReadonlySet<string>): number | undefined {
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) return Number(pid);
    }
  }
  return undefined;
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
