import { once } from "node:events";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenOnSocket, removeStaleSocket } from "../../src/control/socket.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;
let server: Server;

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  server = createServer((socket) => socket.end());
});

afterEach(async () => {
  if (server.listening) {
    server.close();
    await once(server, "close");
  }
  await folder[Symbol.asyncDispose]();
});

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

describe("a socket", () => {
  it("is in a folder of its own, which nobody else can enter", async () => {
    const path = await listenOnSocket(server, [folder.path]);
    expect(dirname(dirname(path))).toBe(folder.path);
    expect(basename(dirname(path))).toMatch(/^procman-[A-Za-z0-9]{6}$/);
    expect(modeOf(dirname(path))).toBe("700");
    expect(modeOf(path)).toBe("600");
    expect(lstatSync(path).uid).toBe(process.getuid?.());
  });

  it("is elsewhere when its path would be cut off", async () => {
    const long = join(folder.path, "ä".repeat(50));
    mkdirSync(long);
    const path = await listenOnSocket(server, [long, folder.path]);
    expect(dirname(dirname(path))).toBe(folder.path);
    expect(readdirSync(long)).toEqual([]);
  });

  it("has a path of 103 bytes at the most", async () => {
    const end = "/procman-XXXXXX/control";
    const fits = join(folder.path, "x".repeat(103 - end.length - folder.path.length - 1));
    const tooLong = `${fits}x`;
    for (const path of [fits, tooLong]) mkdirSync(path);
    await expect(listenOnSocket(server, [tooLong])).rejects.toThrow("over 103 bytes");
    expect((await listenOnSocket(server, [fits])).length).toBe(103);
  });

  it("is elsewhere where a folder is none, or is not there", async () => {
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    const missing = join(folder.path, "missing");
    const path = await listenOnSocket(server, [missing, file, folder.path]);
    expect(dirname(dirname(path))).toBe(folder.path);
  });

  it("is nowhere when there is no place, and that says why", async () => {
    const missing = join(folder.path, "missing");
    const listening = listenOnSocket(server, [missing]);
    await expect(listening).rejects.toThrow(/no folder for the control socket; .*missing.*ENOENT/);
  });
});

describe("a stale socket", () => {
  /** As one that its procman has left. */
  async function leave(): Promise<string> {
    const path = await listenOnSocket(server, [folder.path]);
    const kept = `${path}.kept`;
    linkSync(path, kept);
    server.close();
    await once(server, "close");
    renameSync(kept, path);
    return path;
  }

  it("is removed, with its folder", async () => {
    removeStaleSocket({ socket: await leave() });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("whose folder is left over is removed", async () => {
    const path = await listenOnSocket(server, [folder.path]);
    server.close();
    await once(server, "close");
    removeStaleSocket({ socket: path });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("that is not there is no problem", () => {
    removeStaleSocket({ socket: join(folder.path, "procman-abcdef", "control") });
  });

  it.each<[name: string, place: string, make: (path: string) => void]>([
    ["a file", "procman-abcdef/control", (path) => writeFileSync(path, "")],
    ["a link", "procman-abcdef/control", (path) => symlinkSync("/etc/hostname", path)],
    ["a folder", "procman-abcdef/control", (path) => mkdirSync(path)],
    ["another name", "procman-abcdef/other", (path) => writeFileSync(path, "")],
    ["in another folder", "elsewhere/control", (path) => writeFileSync(path, "")],
  ])("is not %s", (_, place, make) => {
    const path = join(folder.path, place);
    mkdirSync(dirname(path), { mode: 0o700 });
    make(path);
    removeStaleSocket({ socket: path });
    expect(lstatSync(path)).toBeDefined();
  });

  it("is not in a folder that others can write to", async () => {
    const path = await leave();
    chmodSync(dirname(path), 0o777);
    removeStaleSocket({ socket: path });
    expect(lstatSync(path).isSocket()).toBe(true);
  });

  it("is not behind a link", async () => {
    const path = await leave();
    const link = join(folder.path, "procman-ALINK1");
    symlinkSync(dirname(path), link);
    removeStaleSocket({ socket: join(link, "control") });
    expect(lstatSync(path).isSocket()).toBe(true);
  });
});
