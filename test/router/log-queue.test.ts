import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createLogQueue } from "../../src/router/log-queue.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const clock = createFakeClock();

/** Until all that was gathered is written. */
function turn(): Promise<void> {
  clock.advance(20);
  return new Promise((resolve) => setImmediate(resolve));
}

/** A reader who takes what it is given when it is told. */
function createReader() {
  const written: string[] = [];
  let takeOn: (() => void) | undefined;
  const output = new Writable({
    write(bytes: Buffer, _encoding, done) {
      written.push(bytes.toString("latin1"));
      takeOn = done;
    },
  });
  return { output, written, take: () => takeOn?.() };
}

describe("lines of a log", () => {
  it("are written all of a turn at once, byte by byte", async () => {
    const { output, written, take } = createReader();
    const queue = createLogQueue(output, clock.after);
    queue.add("a");
    queue.add("\xe9\xff");
    expect(written).toEqual([]);
    await turn();
    queue.add("c");
    take();
    await turn();
    expect(written).toEqual(["a\n\xe9\xff\n", "c\n"]);
  });

  it("are counted when too many wait", async () => {
    const { output, written, take } = createReader();
    const queue = createLogQueue(output, clock.after);
    queue.add("x".repeat(2 ** 20));
    await turn();
    for (let count = 0; count < 3; count += 1) queue.add("lost");
    await turn();
    take();
    await turn();
    queue.add("there");
    take();
    await turn();
    take();
    await turn();
    expect(written.slice(1).join("")).toBe('at=warning desc="Log lines dropped" count=3\nthere\n');
    expect(output.listenerCount("drain")).toBe(0);
  });

  it("are all written before it is closed", async () => {
    const output = new PassThrough();
    const queue = createLogQueue(output, clock.after);
    queue.add("a");
    output.setEncoding("latin1").resume();
    const read = once(output, "data");
    await queue.close();
    expect(await read).toEqual(["a\n"]);
    expect(output.closed).toBe(true);
  });

  it("are counted before it is closed", async () => {
    const { output, written, take } = createReader();
    const queue = createLogQueue(output, clock.after);
    queue.add("x".repeat(2 ** 20));
    await turn();
    queue.add("lost");
    const closed = queue.close();
    take();
    await turn();
    take();
    await closed;
    expect(written[1]).toBe('at=warning desc="Log lines dropped" count=1\n');
  });

  it("do not keep it open when nobody reads any more", async () => {
    const output = new Writable({
      write: (_bytes, _encoding, done) => done(new Error("EPIPE")),
    });
    const queue = createLogQueue(output, clock.after);
    queue.add("a");
    clock.advance(20);
    await new Promise((resolve) => output.once("close", resolve));
    queue.add("b");
    await turn();
    await queue.close();
    expect(output.closed).toBe(true);
  });

  it("do not keep it open when nobody reads the last ones", async () => {
    const output = new Writable({
      write: (_bytes, _encoding, done) => done(new Error("EPIPE")),
    });
    const queue = createLogQueue(output, clock.after);
    queue.add("a");
    await queue.close();
    expect(output.closed).toBe(true);
  });
});
