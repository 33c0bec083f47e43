import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createSink } from "../../src/logs/sink.ts";
import type { Writer } from "../../src/logs/writer.ts";

const kib = 2 ** 10;
const mib = 2 ** 20;

/** A writer whose reader is the test: nothing is read until it says so. */
class HandWriter implements Writer {
  readonly written: string[] = [];
  private pending:
    | { readonly resolve: () => void; readonly reject: (why: Error) => void }
    | undefined;

  write(text: string): Promise<void> {
    if (this.pending) throw new Error("two writes at a time");
    this.written.push(text);
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

function createSubject(onGapOver: () => void = () => {}) {
  const writer = new HandWriter();
  const listener = { onGapOver: vi.fn(onGapOver), onClosed: vi.fn() };
  return { writer, listener, sink: createSink(() => writer, listener) };
}

function line(bytes: number): string {
  return `${"x".repeat(bytes - 1)}\n`;
}

describe("what is written", () => {
  it("opens the writer, once, and nothing else does", async () => {
    const writer = new HandWriter();
    const open = vi.fn(() => writer);
    const sink = createSink(open, { onGapOver() {}, onClosed() {} });
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
    write("first", line(16 * mib));
    write("dropped", "a\n");
    expect(taken).toEqual(["dropped"]);
    await writer.close();
    expect(taken).toEqual(["dropped", "first"]);
    write("late", "b\n");
    expect(taken).toEqual(["dropped", "first", "late"]);
  });
});

describe("what nobody reads", () => {
  const sixteen = 16;

  it("is dropped above 16 MiB, and counted", () => {
    const { sink } = createSubject();
    for (let count = 0; count < sixteen; count += 1) sink.write(line(mib));
    expect(sink.takeDropped()).toEqual({ lines: 0, bytes: 0 });
    sink.write("a\nb\n");
    sink.write("c\n");
    expect(sink.takeDropped()).toEqual({ lines: 3, bytes: 6 });
    expect(sink.takeDropped()).toEqual({ lines: 0, bytes: 0 });
  });

  it("is missing in one place, though there were room for a part of it", async () => {
    const { sink, writer, listener } = createSubject();
    for (let count = 0; count < sixteen; count += 1) sink.write(line(mib));
    sink.write("dropped\n");
    await writer.read();
    sink.write("dropped too\n");
    expect(listener.onGapOver).not.toHaveBeenCalled();
    await writer.readAll();
    expect(sink.takeDropped()).toEqual({ lines: 2, bytes: 20 });
    sink.write("next\n");
    expect(writer.written.at(-1)).toBe("next\n");
  });

  it("has its place told by the call that says the gap is over", async () => {
    const { sink, writer } = createSubject(() => {
      const { lines, bytes } = sink.takeDropped();
      sink.write(`${lines} lines, ${bytes} bytes\n`);
    });
    for (let count = 0; count < sixteen; count += 1) sink.write(line(mib));
    sink.write("dropped\n");
    await writer.readAll();
    sink.write("next\n");
    await writer.readAll();
    expect(writer.written.join("").endsWith("x\n1 lines, 8 bytes\nnext\n")).toBe(true);
  });

  it("is all there or all counted, whatever is written", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3 * mib }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (bytes) => {
        const { sink, writer } = createSubject();
        for (const size of bytes) sink.write(line(size));
        const dropped = sink.takeDropped();
        await writer.readAll();
        const written = writer.written.join("");
        expect(dropped.lines + written.split("\n").length - 1).toBe(bytes.length);
        expect(dropped.bytes + written.length).toBe(bytes.reduce((sum, size) => sum + size, 0));
        expect(written.length).toBeLessThanOrEqual(16 * mib);
      }),
      { numRuns: 20 },
    );
  });

  // Long names before many blank lines make a batch grow to this.
  it.each<[name: string, waitingBytes: number]>([
    ["when nothing else waits", 0],
    ["when little else waits", 512 * kib],
  ])("is not missed for ever, being too much by itself: %s", async (_, waitingBytes) => {
    const { sink, writer } = createSubject(() => {
      const { bytes } = sink.takeDropped();
      if (bytes > 0) sink.write("missing\n");
    });
    if (waitingBytes > 0) sink.write(line(waitingBytes));
    sink.write(line(16 * mib + 1));
    await writer.readAll();
    sink.write("next\n");
    // Not `toBe`: what stands there otherwise has 16 MiB.
    expect(writer.written.at(-1) === "next\n").toBe(true);
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
    expect(listener.onGapOver).not.toHaveBeenCalled();
  });

  it("is one that never was there", async () => {
    const onClosed = vi.fn();
    const open = () => {
      throw new Error("EBADF");
    };
    const sink = createSink(open, { onGapOver() {}, onClosed });
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
