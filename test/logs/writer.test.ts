import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWriter } from "../../src/logs/writer.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procman-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Every byte there is, so that a writer with an encoding of its own would be found out. */
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, code) => code));

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await turn();
}

describe("a pipe", () => {
  interface Pipe {
    readonly reader: number;
    readonly writer: number;
  }

  function openPipe(): Pipe {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { reader, writer: openSync(path, constants.O_WRONLY) };
  }

  /** Reads on until there are `bytes` of them. */
  function read(reader: number, bytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = new Socket({ fd: reader, readable: true, writable: false });
      const chunks: Buffer[] = [];
      let length = 0;
      socket.on("error", reject).on("data", (chunk) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length < bytes) return;
        socket.destroy();
        resolve(Buffer.concat(chunks));
      });
    });
  }

  it("gets all bytes, as they are", async () => {
    const { reader, writer } = openPipe();
    await openWriter(writer).write(everyByte);
    expect(await read(reader, 256)).toEqual(everyByte);
    closeSync(writer);
  });

  it("that nobody reads does not hold up the event loop", async () => {
    const { reader, writer } = openPipe();
    const bytes = Buffer.concat(Array.from({ length: 4_096 }, () => everyByte));
    let isWritten = false;
    const written = openWriter(writer)
      .write(bytes)
      .then(() => {
        isWritten = true;
      });
    await turns(100);
    expect(isWritten).toBe(false);
    const got = await read(reader, bytes.length);
    await written;
    expect(got.equals(bytes)).toBe(true);
    closeSync(writer);
  });

  it("stays as it was for others who have it", async () => {
    const { reader, writer } = openPipe();
    openWriter(writer);
    // Not to block is a flag that would show here.
    const flags = execFileSync("cat", ["/proc/self/fdinfo/3"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit", writer],
    });
    const [, octal = ""] = /^flags:\s*([0-7]+)$/m.exec(flags) ?? [];
    expect(Number.parseInt(octal, 8) & constants.O_NONBLOCK).toBe(0);
    closeSync(reader);
    closeSync(writer);
  });

  it("whose reader has gone rejects", async () => {
    const { reader, writer } = openPipe();
    const subject = openWriter(writer);
    await subject.write(Buffer.from("a\n"));
    closeSync(reader);
    await expect(subject.write(Buffer.from("b\n"))).rejects.toThrow("EPIPE");
    await expect(subject.write(Buffer.from("c\n"))).rejects.toThrow();
    closeSync(writer);
  });

  it("whose reader goes in the middle of a write rejects", async () => {
    const { reader, writer } = openPipe();
    const written = openWriter(writer).write(Buffer.alloc(2 ** 20));
    await turn();
    closeSync(reader);
    await expect(written).rejects.toThrow("EPIPE");
    closeSync(writer);
  });

  it("whose reader had gone before rejects", async () => {
    const { reader, writer } = openPipe();
    closeSync(reader);
    await expect(openWriter(writer).write(Buffer.from("a\n"))).rejects.toThrow("EPIPE");
  });
});

describe("a file", () => {
  it("gets all bytes, in the order they were written", async () => {
    const path = join(folder, "file");
    const fd = openSync(path, "w");
    const writer = openWriter(fd);
    const large = "0123456789".repeat(500_000);
    await writer.write(everyByte);
    await writer.write(Buffer.from(large));
    await writer.write(Buffer.from("end\n"));
    closeSync(fd);
    const bytes = readFileSync(path);
    expect(bytes.subarray(0, 256)).toEqual(everyByte);
    expect(bytes.toString("latin1", 256) === `${large}end\n`).toBe(true);
  });

  it("keeps what stood in it where it is appended to", async () => {
    const path = join(folder, "file");
    for (const text of ["first\n", "second\n"]) {
      const fd = openSync(path, "a");
      await openWriter(fd).write(Buffer.from(text));
      closeSync(fd);
    }
    expect(readFileSync(path, "utf8")).toBe("first\nsecond\n");
  });

  it("that takes nothing rejects", async () => {
    const path = join(folder, "file");
    closeSync(openSync(path, "w"));
    const fd = openSync(path, "r");
    await expect(openWriter(fd).write(Buffer.from("a\n"))).rejects.toThrow("EBADF");
    closeSync(fd);
  });

  it("may be /dev/null", async () => {
    const fd = openSync("/dev/null", "w");
    await openWriter(fd).write(Buffer.from("a\n"));
    closeSync(fd);
  });
});
