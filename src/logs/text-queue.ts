/**
 * Texts that wait to be written, packed into blocks outside of the heap: there the collector does
 * not move them about as long as they wait, and a block goes to the writer as it is.
 */
import type { Buffer } from "node:buffer";
import type { BlockPool } from "./block-pool.ts";

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

interface OpenBlock {
  readonly memory: Buffer;
  usedBytes: number;
  readonly onTaken: (() => void)[];
}

export function createTextQueue(pool: BlockPool): TextQueue {
  const blocks: OpenBlock[] = [];

  function openBlock(bytes: number): OpenBlock {
    const block = { memory: pool.take(bytes), usedBytes: 0, onTaken: [] };
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
    giveBack: ({ bytes }) => pool.giveBack(bytes),
    blocks: () => blocks.length,
  };
}
