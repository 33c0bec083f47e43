/**
 * Texts that wait to be written, packed into blocks outside of the heap: there the collector does
 * not move them about as long as they wait, and a block goes to the writer as it is.
 */
import { Buffer } from "node:buffer";

export interface Block {
  readonly bytes: Buffer;
  /** Of the texts in it. */
  readonly onTaken: readonly (() => void)[];
}

export interface TextQueue {
  /** A binary string. `onTaken` is kept with its block. */
  push(text: string, onTaken: (() => void) | undefined): void;
  /** The oldest. */
  take(): Block | undefined;
  /** A block that was taken and is read by nobody any more: its memory is used again. */
  giveBack(block: Block): void;
  blocks(): number;
}

/** Small texts together, yet not so much that a slow reader would look like none. */
const blockBytes = 2 ** 18;
/** As many as two queues have under a flood: one that is not kept stays until the collector comes. */
const maxSpare = 32;
/** Shared by all queues. */
const spare: Buffer[] = [];

interface OpenBlock {
  readonly memory: Buffer;
  usedBytes: number;
  readonly onTaken: (() => void)[];
}

export function createTextQueue(): TextQueue {
  const blocks: OpenBlock[] = [];

  function openBlock(bytes: number): OpenBlock {
    const usual = bytes <= blockBytes ? spare.pop() : undefined;
    const memory = usual ?? Buffer.allocUnsafeSlow(Math.max(bytes, blockBytes));
    const block = { memory, usedBytes: 0, onTaken: [] };
    blocks.push(block);
    return block;
  }

  function withRoomFor(bytes: number): OpenBlock {
    const last = blocks.at(-1);
    const hasRoom = last !== undefined && last.memory.length - last.usedBytes >= bytes;
    return hasRoom ? last : openBlock(bytes);
  }

  return {
    push(text, onTaken) {
      const block = withRoomFor(text.length);
      block.usedBytes += block.memory.write(text, block.usedBytes, "latin1");
      if (onTaken) block.onTaken.push(onTaken);
    },
    take() {
      const block = blocks.shift();
      return block && { bytes: block.memory.subarray(0, block.usedBytes), onTaken: block.onTaken };
    },
    giveBack({ bytes }) {
      const isOfUsualSize = bytes.buffer.byteLength === blockBytes;
      if (isOfUsualSize && spare.length < maxSpare) spare.push(Buffer.from(bytes.buffer));
    },
    blocks: () => blocks.length,
  };
}
