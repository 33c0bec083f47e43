/**
 * The memory of blocks that texts are packed into: outside of the heap, and used again. What is
 * not kept for that stays until the collector comes.
 */
import { Buffer } from "node:buffer";

export interface BlockPool {
  /** Of this size at least. Something may stand in it. */
  take(bytes: number): Buffer;
  /** Memory that was taken and is read by nobody any more, or a part of it. */
  giveBack(part: Buffer): void;
}

/** Small texts together, yet not so much that a slow reader would look like none. */
const blockBytes = 2 ** 18;
/** As many as two queues have under a flood. */
const maxSpare = 32;

export function createBlockPool(): BlockPool {
  const spare: Buffer[] = [];

  return {
    take(bytes) {
      const usual = bytes <= blockBytes ? spare.pop() : undefined;
      return usual ?? Buffer.allocUnsafeSlow(Math.max(bytes, blockBytes));
    },
    giveBack({ buffer }) {
      const isOfUsualSize = buffer.byteLength === blockBytes;
      if (isOfUsualSize && spare.length < maxSpare) spare.push(Buffer.from(buffer));
    },
  };
}
