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
  const inodes = new Set(listeners().flatMap((each) => (each.port === port ? each.inode : [])));
  if (inodes.size === 0) return undefined;
  const pids = list("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
}

/** On which any of these listens, in ascending order. */
export function listeningPorts(pids: readonly number[]): readonly number[] {
  const inodes = new Set(pids.flatMap(socketsOf));
  const ports = listeners().flatMap(({ port, inode }) => (inodes.has(inode) ? port : []));
  return [...new Set(ports)].sort((one, other) => one - other);
}

interface Listener {
  readonly port: number;
  readonly inode: string;
}

/** Rows of `/proc/net/tcp`: slot, local address, remote address, state, …, inode in column 9. */
function listeners(): readonly Listener[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(readLines).flatMap((row) => {
    const columns = row.trim().split(/\s+/);
    const isListening = columns[3] === "0A";
    const inode = columns[9];
    const [, port = ""] = columns[1]?.split(":") ?? [];
    return isListening && inode !== undefined ? { port: Number.parseInt(port, 16), inode } : [];
  });
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, "latin1").split("\n");
  } catch {
    return [];
  }
}

function socketsOf(pid: number): readonly string[] {
  return list(`/proc/${pid}/fd`).flatMap(
    (fd) => /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
  );
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
