/**
 * Opens the file that the log is appended to, and trusts nothing that it finds: who can put a link
 * in its place must not make procman write somewhere else.
 */
import { constants, type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { activeName } from "./active-name.ts";
import { codeOf } from "./log-folder.ts";

export interface AppendFile {
  readonly handle: FileHandle;
  readonly ino: number;
  readonly bytes: number;
  /** Whoever wrote its last line did not come to the end of it. */
  readonly isTorn: boolean;
}

const newline = 10;

/** Made if it is not there, with its folder. */
export async function openToAppend(folder: string): Promise<AppendFile> {
  await secureFolder(folder);
  const path = join(folder, activeName);
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  const handle = await openOwn(path, O_RDWR | O_APPEND | O_CREAT);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.nlink !== 1 || stats.uid !== process.getuid?.()) {
      throw new Error(`${path} is not a plain file of this user's own`);
    }
    await keepToOwner(handle, stats.mode, 0o600);
    const { ino, size } = stats;
    return { handle, ino, bytes: size, isTorn: size > 0 && !(await endsLine(handle, size)) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function secureFolder(path: string): Promise<void> {
  const handle = await openFolder(path);
  try {
    const stats = await handle.stat();
    if (stats.uid !== process.getuid?.()) throw new Error(`${path} belongs to another user`);
    await keepToOwner(handle, stats.mode, 0o700);
  } finally {
    await handle.close();
  }
}

async function openFolder(path: string): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  try {
    return await openOwn(path, flags);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    await makeFolder(path);
    return openOwn(path, flags);
  }
}

/** With the one it is in, and no more: an app's folder that was deleted does not come back. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(dirname(path), 0o700).catch(passOver("EEXIST"));
  await mkdir(path, 0o700).catch(passOver("EEXIST"));
}

/** Neither through a symlink, nor held up by a FIFO. */
async function openOwn(path: string, flags: number): Promise<FileHandle> {
  const safeFlags = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return await open(path, safeFlags, 0o600);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ELOOP") throw new Error(`${path} is a symbolic link`);
    if (code === "ENOTDIR") throw new Error(`${path} is not a folder`);
    throw error;
  }
}

async function keepToOwner(handle: FileHandle, mode: number, wanted: number): Promise<void> {
  if ((mode & 0o777) !== wanted) await handle.chmod(wanted);
}

async function endsLine(handle: FileHandle, size: number): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] === newline;
}

function passOver(code: string): (error: unknown) => void {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}
