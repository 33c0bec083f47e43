import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { createBlockPool } from "../../src/logs/block-pool.ts";
import type { Missing } from "../../src/logs/missing.ts";
import { createSink, type SinkTools } from "../../src/logs/sink.ts";
import type { Writer } from "../../src/logs/writer.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const kib = 2 ** 10;
const mib = 2 ** 20;

/** A writer whose reader is the test: nothing is read until it says so. */
class HandWriter implements Writer {
  readonly written: string[] = [];
  private pending:
    | { readonly resolve: () => void; readonly reject: (why: Error) => void }
    | undefined;

  write(bytes: Buffer): Promise<void> {
    if (this.pending) throw new Error("two writes at a time");
    this.written.push(bytes.toString("latin1"));
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
    });
  }

  isWriting(): boolean {
    return this.pending !== undefined;
  }

  async read(): Promise<void> {
    const { pending } = this;
    if (!pending) throw new Error("nothing is written");
    this.pending = undefined;
    pending.resolve();
    await turn();
  }

  async readIfAny(): Promise<void> {
    if (this.pending) await this.read();
  }

  async readAll(): Promise<void> {
    while (this.pending) await this.read();
  }

  async close(): Promise<void> {
    const { pending } = this;
    this.pending = undefined;
    pending?.reject(new Error("EPIPE"));
    await turn();
  }
}

/** Until all that waited for a promise has gone on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock on which it is always long ago. */
function createHastyClock() {
  let nowMs = 0;
  return { ...createFakeClock(), nowMs: () => (nowMs += 1_000) };
}

function toolsOf(clock: Clock = createHastyClock()): SinkTools {
  return { clock, pool: createBlockPool() };
}

function createSubject(clock?: Clock) {
  const writer = new HandWriter();
  const listener = {
    describeGap: ({ lines, bytes }: Missing) => `(${lines} lines, ${bytes} bytes)\n`,
    onClosed: vi.fn(),
  };
  return { writer, listener, sink: createSink(() => writer, listener, toolsOf(clock)) };
}

function line(bytes: number): string {
  return `${"x".repeat(bytes - 1)}\n`;
}

describe("what is written", () => {
  it("opens the writer, once, and nothing else does", async () => {
    const writer = new HandWriter();
    const open = vi.fn(() => writer);
    const sink = createSink(open, { describeGap: () => "", onClosed() {} }, toolsOf());
    await sink.flush(1_000);
    expect(open).not.toHaveBeenCalled();
    sink.write("a\n");
    sink.write("b\n");
    await writer.readAll();
    expect(open).toHaveBeenCalledTimes(1);
  });

  it("goes out at once when nothing waits", () => {
    const { sink, writer } = createSubject();
    sink.write("a\n");
    expect(writer.written).toEqual(["a\n"]);
  });

  it("waits for the write before it, and then goes out together", async () => {
    const { sink, writer } = createSubject();
    for (const text of ["a\n", "b\n", "c\n"]) sink.write(text);
    await writer.read();
    expect(writer.written).toEqual(["a\n", "b\nc\n"]);
    await writer.read();
    expect(writer.isWriting()).toBe(false);
    sink.write("d\n");
    expect(writer.written).toEqual(["a\n", "b\nc\n", "d\n"]);
  });

  it("goes out in parts that a slow reader can show", async () => {
    const { sink, writer } = createSubject();
    sink.write("a\n");
    for (let count = 0; count < 8; count += 1) sink.write(line(128 * kib));
    await writer.readAll();
    expect(writer.written.map((text) => text.length)).toEqual([2, ...Array(4).fill(256 * kib)]);
  });

  it("keeps its order, whenever it is read", async () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 300 * kib }), fc.constant("read")), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (actions) => {
        const { sink, writer } = createSubject();
        let sent = "";
        for (const [index, action] of actions.entries()) {
          if (typeof action === "number") {
            const text = `${index}${line(action)}`;
            sink.write(text);
            sent += text;
          } else if (writer.isWriting()) {
            await writer.read();
          }
        }
        await writer.readAll();
        // Not `toBe`: the difference of two texts this long takes minutes to print.
        expect(writer.written.join("") === sent).toBe(true);
        expect(sink.takeDropped()).toEqual({ lines: 0, bytes: 0 });
      }),
      { numRuns: 50 },
    );
  });
});

describe("who has written", () => {
  it("is told once the text is read, in order, and not before", async () => {
    const { sink, writer } = createSubject();
    const taken: string[] = [];
    for (const name of ["a", "b", "c"]) sink.write(`${name}\n`, () => taken.push(name));
    expect(taken).toEqual([]);
    await writer.read();
    expect(taken).toEqual(["a"]);
    await writer.read();
    expect(taken).toEqual(["a", "b", "c"]);
  });

  it("may write again from there", async () => {
    const { sink, writer } = createSubject();
    sink.write("a\n", () => sink.write("b\n"));
    await writer.readAll();
    expect(writer.written).toEqual(["a\n", "b\n"]);
  });

  it("is told when the text is dropped, or can never be written", async () => {
    const { sink, writer } = createSubject();
    const taken: string[] = [];
    const write = (name: string, text: string) => sink.write(text, () => taken.push(name));
    write("first", "a\n");
    write("dropped", line(16 * mib));
    write("last", "b\n");
    expect(taken).toEqual(["dropped"]);
    await writer.close();
    expect(taken).toEqual(["dropped", "first", "last"]);
    write("late", "c\n");
    expect(taken).toEqual(["dropped", "first", "last", "late"]);
  });
});

describe("what nobody reads", () => {
  const none: Missing = { lines: 0, bytes: 0 };

  /** All that the writer got, and what it was told of, as one text. */
  async function readToEnd(writer: HandWriter): Promise<string> {
    await writer.readAll();
    return writer.written.join("");
  }

  it("is dropped above 16 MiB, the oldest first, and counted", () => {
    const { sink } = createSubject();
    sink.write("in flight\n");
    for (let count = 0; count < 15; count += 1) sink.write(line(mib));
    expect(sink.takeDropped()).toEqual(none);
    sink.write(line(mib));
    expect(sink.takeDropped()).toEqual({ lines: 5, bytes: 5 * mib });
    expect(sink.takeDropped()).toEqual(none);
  });

  it("is dropped above 4 MiB when only the newest is kept, from then on", async () => {
    const { sink, writer } = createSubject();
    sink.write("in flight\n");
    for (let count = 0; count < 8; count += 1) sink.write(line(mib));
    sink.keep("newest");
    expect(sink.takeDropped()).toEqual({ lines: 6, bytes: 6 * mib });
    for (let count = 0; count < 8; count += 1) sink.write(line(mib));
    const { lines } = sink.takeDropped();
    expect(lines).toBe(8);
    sink.keep("all");
    for (let count = 0; count < 8; count += 1) sink.write(line(mib));
    expect(sink.takeDropped()).toEqual(none);
    await writer.readAll();
  });

  it("is told of in its place, and what came after it is there", async () => {
    const { sink, writer } = createSubject();
    sink.write("in flight\n");
    sink.write("dropped\nas well\n");
    sink.write(line(16 * mib));
    sink.write("next\n");
    expect(await readToEnd(writer)).toBe(`in flight\n(3 lines, ${16 * mib + 16} bytes)\nnext\n`);
    expect(sink.takeDropped()).toEqual(none);
  });

  it("is all there or all counted, in order, whatever is written and read", async () => {
    const size = fc.integer({ min: 10, max: 3 * mib });
    const steps = fc.array(fc.oneof(size, fc.constantFrom("read", "newest", "all")), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (actions) => {
        const { sink, writer } = createSubject();
        const sizes = actions.filter((action) => typeof action === "number");
        let sent = 0;
        for (const action of actions) {
          if (action === "newest" || action === "all") sink.keep(action);
          else if (action !== "read") sink.write(`${sent++} ${line(action)}`);
          else await writer.readIfAny();
        }
        expect(lastOf(await readToEnd(writer))).toBe(sizes.length);
      }),
      { numRuns: 40 },
    );
  });

  /** The number after the last line, when those before it are all there or counted. */
  function lastOf(text: string): number {
    let next = 0;
    for (const row of text.split("\n").slice(0, -1)) {
      const [, missing] = /^\((\d+) lines/.exec(row) ?? [];
      if (missing === undefined) expect(Number.parseInt(row, 10)).toBe(next);
      next += Number(missing ?? 1);
    }
    return next;
  }

  // Long names before many blank lines make a batch grow to this.
  it("is not missed for being too much by itself", async () => {
    const { sink, writer } = createSubject();
    sink.write(line(512 * kib));
    sink.write(line(16 * mib + 1));
    expect((await readToEnd(writer)).length).toBe(512 * kib + 16 * mib + 1);
  });
});

describe("texts that come one soon after the other", () => {
  async function writeTwo() {
    const clock = createFakeClock();
    const { sink, writer } = createSubject(clock);
    sink.write("a\n");
    await writer.read();
    sink.write("b\n");
    await turn();
    expect(writer.written).toEqual(["a\n"]);
    return { clock, sink, writer };
  }

  it("are written together, the first at once", async () => {
    const { clock, sink, writer } = await writeTwo();
    clock.advance(15);
    sink.write("c\n");
    await turn();
    expect(writer.written).toHaveLength(1);
    clock.advance(1);
    await turn();
    expect(writer.written).toEqual(["a\n", "b\nc\n"]);
  });

  it("are not waited for when none comes, and then leave no timer", async () => {
    const clock = createFakeClock();
    const { sink, writer } = createSubject(clock);
    sink.write("a\n");
    await writer.read();
    expect(clock.armed()).toBe(0);
    clock.advance(16);
    sink.write("b\n");
    expect(writer.written).toEqual(["a\n", "b\n"]);
    await writer.read();
    expect(clock.armed()).toBe(0);
  });

  it("are written at once when they are much", async () => {
    const { clock, sink, writer } = await writeTwo();
    sink.write(line(64 * kib));
    await turn();
    expect(writer.written).toEqual(["a\n", `b\n${line(64 * kib)}`]);
    expect(clock.armed()).toBe(0);
  });

  it("are written at once when somebody waits for that", async () => {
    const { clock, sink, writer } = await writeTwo();
    const flushed = sink.flush(1_000);
    await turn();
    expect(writer.written).toEqual(["a\n", "b\n"]);
    await writer.read();
    await flushed;
    expect(clock.armed()).toBe(0);
  });
});

describe("a reader that has gone away", () => {
  it("is told once, and nothing is written any more", async () => {
    const { sink, writer, listener } = createSubject();
    sink.write("a\n");
    sink.write("b\n");
    await writer.close();
    sink.write("c\n");
    await turn();
    expect(writer.written).toEqual(["a\n"]);
    expect(listener.onClosed).toHaveBeenCalledTimes(1);
  });

  it("is one that never was there", async () => {
    const onClosed = vi.fn();
    const open = () => {
      throw new Error("EBADF");
    };
    const sink = createSink(open, { describeGap: () => "", onClosed }, toolsOf());
    sink.write("a\n");
    await sink.flush(1_000);
    expect(onClosed).toHaveBeenCalledTimes(1);
  });

  it("is not one to whom lines were dropped, or for whom any are kept", async () => {
    const { sink, writer } = createSubject();
    sink.write("a\n");
    await writer.close();
    for (let count = 0; count < 17; count += 1) sink.write(line(mib));
    expect(sink.takeDropped()).toEqual({ lines: 0, bytes: 0 });
  });

  it("is not waited for", async () => {
    const { sink, writer } = createSubject();
    sink.write("a\n");
    const flushed = sink.flush(1_000);
    await writer.close();
    await flushed;
    await sink.flush(1_000);
  });
});

describe("flush", () => {
  const stalledMs = 2_000;

  function startFlush(sink: { flush(stalledMs: number): Promise<void> }) {
    const onDone = vi.fn();
    void sink.flush(stalledMs).then(onDone);
    return onDone;
  }

  /** Only its timer: `turn` needs the rest of the clock as it is. */
  function stopTime(): void {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  }

  afterEach(() => {
    vi.useRealTimers();
  });

  it("returns at once when nothing is written", async () => {
    const { sink } = createSubject();
    await sink.flush(stalledMs);
  });

  it("returns when all is written, and leaves no timer behind", async () => {
    stopTime();
    const { sink, writer } = createSubject();
    sink.write("a\n");
    sink.write("b\n");
    const onDone = startFlush(sink);
    await writer.read();
    expect(onDone).not.toHaveBeenCalled();
    await writer.read();
    expect(onDone).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up when nothing was read for so long", async () => {
    stopTime();
    const { sink } = createSubject();
    sink.write("a\n");
    const onDone = startFlush(sink);
    await vi.advanceTimersByTimeAsync(stalledMs - 1);
    expect(onDone).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(onDone).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("counts what nobody has read when it gives up", async () => {
    stopTime();
    const { sink } = createSubject();
    for (const text of ["a\n", "b\nc\n", "d\n"]) sink.write(text);
    const onDone = startFlush(sink);
    await vi.advanceTimersByTimeAsync(stalledMs);
    expect(onDone).toHaveBeenCalledTimes(1);
    expect(sink.takeDropped()).toEqual({ lines: 4, bytes: 8 });
  });

  it("counts no less for having told of a gap that nobody has read", async () => {
    stopTime();
    const { sink, writer } = createSubject();
    sink.write("in flight\n");
    sink.write("dropped\n");
    sink.write(line(16 * mib));
    sink.write("next\n");
    await writer.read();
    startFlush(sink);
    await vi.advanceTimersByTimeAsync(stalledMs);
    expect(sink.takeDropped()).toEqual({ lines: 3, bytes: 8 + 16 * mib + 5 });
  });

  it("counts nothing when all is read", async () => {
    const { sink, writer } = createSubject();
    sink.write("a\n");
    const onDone = startFlush(sink);
    await writer.readAll();
    expect(onDone).toHaveBeenCalledTimes(1);
    expect(sink.takeDropped()).toEqual({ lines: 0, bytes: 0 });
  });

  it("waits for a reader who is only slow", async () => {
    stopTime();
    const { sink, writer } = createSubject();
    for (let count = 0; count < 5; count += 1) sink.write(line(256 * kib));
    const onDone = startFlush(sink);
    for (let count = 0; count < 4; count += 1) {
      await vi.advanceTimersByTimeAsync(stalledMs - 1);
      await writer.read();
      expect(onDone).not.toHaveBeenCalled();
    }
    await writer.read();
    expect(onDone).toHaveBeenCalledTimes(1);
  });

  it("may be asked for by more than one", async () => {
    const { sink, writer } = createSubject();
    sink.write("a\n");
    const both = [startFlush(sink), startFlush(sink)];
    await writer.readAll();
    for (const onDone of both) expect(onDone).toHaveBeenCalledTimes(1);
  });
});
