/** Who listens on a port. Reads /proc where there is one, else asks `lsof`. */
import { execFile } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PortHolder } from "../core/port-trouble.ts";
import { processTable } from "./process-table.ts";
import { readSocketTable, type SocketRow } from "./socket-table.ts";

/** Of a port that is not free. */
export async function findPortHolder(port: number): Promise<PortHolder> {
  if (!existsSync("/proc/self/fd")) return holderByLsof(port);
  const rows = (await readSocketTable(port)).filter(isListening);
  const [row] = rows;
  const pid = (await findOwner(new Set(rows.map(({ inode }) => inode)))) ?? (await findProxy(port));
  return {
    pid,
    command: (pid && (await processTable.findCommand(pid))) || "",
    user: row && (await nameUser(row.uid)),
  };
}

/** On which any of these listens, in ascending order. */
export async function listeningPorts(pids: readonly number[]): Promise<readonly number[]> {
  const inodes = new Set<string>();
  for (const pid of pids) for await (const inode of socketsOf(pid)) inodes.add(inode);
  const rows = (await readSocketTable()).filter(isListening);
  const ports = rows.flatMap(({ port, inode }) => (inodes.has(inode) ? port : []));
  return [...new Set(ports)].sort((one, other) => one - other);
}

function isListening(row: SocketRow): row is Extract<SocketRow, { is: "listening" }> {
  return row.is === "listening";
}

async function findOwner(inodes: ReadonlySet<string>): Promise<number | undefined> {
  if (inodes.size === 0) return undefined;
  for (const pid of await listPids()) {
    for await (const inode of socketsOf(pid)) if (inodes.has(inode)) return pid;
  }
  return undefined;
}

/** Docker's is root's: its files cannot be seen by others, but the port that it was given. */
async function findProxy(port: number): Promise<number | undefined> {
  for (const pid of await listPids()) {
    const command = (await processTable.findCommand(pid)) ?? "";
    if (isProxyFor(command, port)) return pid;
    await nextTurn();
  }
  return undefined;
}

export function isProxyFor(command: string, port: number): boolean {
  const [program = "", ...words] = command.split("\0");
  const option = words.indexOf("-host-port");
  const isProxy = program.slice(program.lastIndexOf("/") + 1) === "docker-proxy";
  return isProxy && option >= 0 && words[option + 1] === String(port);
}

/** A process may have many thousand files: after this many, a turn for others. */
const filesPerTurn = 64;

async function* socketsOf(pid: number): AsyncIterable<string> {
  let read = 0;
  for (const fd of await list(`/proc/${pid}/fd`)) {
    read += 1;
    if (read % filesPerTurn === 0) await nextTurn();
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) yield inode;
  }
}

async function listPids(): Promise<readonly number[]> {
  const names = await list("/proc");
  return names.map(Number).filter((pid) => pid > 0);
}

/** In a thread: that of a process with many files takes long. */
function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

async function nameUser(uid: number): Promise<string> {
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  const row = users.split("\n").find((user) => user.split(":")[2] === String(uid));
  return row?.split(":")[0] || `uid ${uid}`;
}

async function holderByLsof(port: number): Promise<PortHolder> {
  const words = ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "+c0", "-FpcL"];
  const output = await new Promise<string>((resolve) => {
    execFile("lsof", words, (_error, stdout) => resolve(stdout));
  });
  const found = parseLsof(output);
  const command = found.pid && (await processTable.findCommand(found.pid));
  return { ...found, command: command || found.command };
}

/** A letter and a value on each line, `p` beginning a process: the first counts. */
export function parseLsof(output: string): PortHolder {
  const [, first = ""] = output.split(/^p(?=\d)/m);
  const [pid, ...fields] = first.split("\n");
  const value = (letter: string) => fields.find((field) => field.startsWith(letter))?.slice(1);
  return {
    pid: pid ? Number(pid) : undefined,
    command: value("c") ?? "",
    user: value("L"),
  };
}
