import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, readdirSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Output, readOutput } from "../../src/process/output.ts";
import { type ChildPipe, createPipeMaker } from "../../src/process/pipe.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pipes-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function read(pipe: ChildPipe): { readonly output: Output; readonly text: () => string } {
  const chunks: string[] = [];
  const output = readOutput(pipe.reader, (bytes) => chunks.push(bytes.toString()));
  return { output, text: () => chunks.join("") };
}

function close(pipe: ChildPipe): void {
  closeSync(pipe.reader);
  closeSync(pipe.writer);
}

describe("a pipe maker", () => {
  it("gives real pipes, one silent stdin, and what is written comes out to the end", async () => {
    const pipe = await createPipeMaker(folder, 1).take();
    expect(fstatSync(pipe.writer).isFIFO()).toBe(true);
    expect(fstatSync(pipe.stdin).isFIFO()).toBe(true);
    const { output, text } = read(pipe);
    writeSync(pipe.writer, "one\ntwo");
    closeSync(pipe.writer);
    expect(await output.drained()).toBe(true);
    expect(text()).toBe("one\ntwo");
  });

  it("gives more than it made ahead, each a pipe of its own", async () => {
    const maker = createPipeMaker(folder, 2);
    const pipes = await Promise.all(Array.from({ length: 5 }, () => maker.take()));
    expect(new Set(pipes.map(({ writer }) => fstatSync(writer).ino)).size).toBe(5);
    expect(new Set(pipes.map(({ stdin }) => stdin)).size).toBe(1);
    pipes.push(await maker.take());
    expect(new Set(pipes.map(({ writer }) => fstatSync(writer).ino)).size).toBe(6);
    for (const pipe of pipes) close(pipe);
  });

  it("has nothing to make when it comes again", async () => {
    const first = createPipeMaker(folder, 2);
    close(await first.take());
    await first.close();
    const names = readdirSync(folder);
    const second = createPipeMaker(folder, 2);
    close(await second.take());
    await second.close();
    expect(readdirSync(folder)).toEqual(names);
  });

  // 1 MiB holds what a program in Node may print before it exits, 64 KiB does not.
  it.runIf(hasPerl())("makes them large", async () => {
    const pipe = await createPipeMaker(folder, 1).take();
    const sizeOf = 'open(my $f, "<&=", 0); print fcntl($f, 1032, 0)';
    await expect
      .poll(() =>
        spawnSync("perl", ["-e", sizeOf], {
          stdio: [pipe.reader, "pipe", "inherit"],
        }).stdout.toString(),
      )
      .toBe(String(2 ** 20));
    close(pipe);
  });
});

describe("output that somebody else keeps open", () => {
  it("is not waited for when nothing comes", async () => {
    const pipe = await createPipeMaker(folder, 1).take();
    const { output, text } = read(pipe);
    writeSync(pipe.writer, "last words\n");
    expect(await output.drained()).toBe(false);
    expect(text()).toBe("last words\n");
    closeSync(pipe.writer);
  });
});

function hasPerl(): boolean {
  return process.platform === "linux" && spawnSync("perl", ["-e", "1"]).status === 0;
}
