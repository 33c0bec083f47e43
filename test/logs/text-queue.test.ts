import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { createBlockPool } from "../../src/logs/block-pool.ts";
import { createTextQueue, type TextQueue } from "../../src/logs/text-queue.ts";

const kib = 2 ** 10;

function takeAll(queue: TextQueue): readonly string[] {
  const texts: string[] = [];
  for (let block = queue.take(); block; block = queue.take()) {
    texts.push(block.bytes.toString("latin1"));
    queue.giveBack(block);
  }
  return texts;
}

describe("texts", () => {
  it("come out byte for byte and in order, however they are packed", () => {
    const text = fc.record({
      byte: fc.integer({ min: 0, max: 255 }),
      count: fc.oneof(fc.nat(100), fc.nat(300 * kib)),
      isTaken: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 20 }), (all) => {
        const queue = createTextQueue(createBlockPool());
        const taken: string[] = [];
        const pushed: string[] = [];
        for (const { byte, count, isTaken } of all) {
          const each = String.fromCharCode(byte).repeat(count);
          queue.push(each, undefined);
          pushed.push(each);
          if (isTaken) taken.push(...takeAll(queue));
        }
        taken.push(...takeAll(queue));
        expect(taken.join("") === pushed.join("")).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("stay together as long as a block has room", () => {
    const queue = createTextQueue(createBlockPool());
    for (const letter of "abc") queue.push(letter.repeat(100 * kib), undefined);
    expect(queue.blocks()).toBe(2);
    expect(takeAll(queue).map((text) => text.length)).toEqual([200 * kib, 100 * kib]);
    expect(queue.take()).toBeUndefined();
  });

  it("larger than a block have one of their own", () => {
    const queue = createTextQueue(createBlockPool());
    queue.push("a", undefined);
    queue.push("b".repeat(300 * kib), undefined);
    queue.push("c", undefined);
    expect(takeAll(queue).map((text) => text.length)).toEqual([1, 300 * kib, 1]);
  });

  it("bring with them whom to tell", () => {
    const queue = createTextQueue(createBlockPool());
    const [one, other] = [vi.fn(), vi.fn()];
    queue.push("a", one);
    queue.push("b", undefined);
    queue.push("c", other);
    expect(queue.take()?.onTaken).toEqual([one, other]);
  });
});

describe("memory", () => {
  it("is used again when it was given back, and not before", () => {
    const queue = createTextQueue(createBlockPool());
    queue.push("a", undefined);
    const first = queue.take();
    queue.push("b", undefined);
    expect(first?.bytes.toString()).toBe("a");
    if (first) queue.giveBack(first);
    queue.take();
    queue.push("c", undefined);
    expect(queue.take()?.bytes.buffer).toBe(first?.bytes.buffer);
  });

  it("is shared by the queues of one pool, and not with others", () => {
    const pool = createBlockPool();
    const [one, other, stranger] = [pool, pool, createBlockPool()].map(createTextQueue);
    one?.push("a", undefined);
    const block = one?.take();
    if (block) one?.giveBack(block);
    stranger?.push("b", undefined);
    other?.push("c", undefined);
    expect(stranger?.take()?.bytes.buffer).not.toBe(block?.bytes.buffer);
    expect(other?.take()?.bytes.buffer).toBe(block?.bytes.buffer);
  });

  it("of a large text is not kept", () => {
    const queue = createTextQueue(createBlockPool());
    queue.push("a".repeat(300 * kib), undefined);
    const block = queue.take();
    if (block) queue.giveBack(block);
    queue.push("b", undefined);
    expect(queue.take()?.bytes.buffer).not.toBe(block?.bytes.buffer);
  });
});
