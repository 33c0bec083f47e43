/**
 * The pipe a child writes its output to, and the silent one it reads from. Node's own `"pipe"` is
 * a socket pair: a child in Node that prints much and exits loses most of it there, and
 * `> /dev/stdout` does not open. A FIFO has neither fault. The larger it is, the later a child in
 * Node that prints faster than it is read begins to keep output in its own memory, where
 * `process.exit()` loses it.
 */
import { closeSync, constants, openSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { enlargePipes } from "./enlarge-pipes.ts";
import { createFifos, type Fifo } from "./fifos.ts";

/** The descriptors for one run of a child. */
export interface ChildPipe {
  /** Open and silent: it never delivers, and ends only with procman. Shared, not to be closed. */
  readonly stdin: number;
  /** procman's end, not blocking. */
  readonly reader: number;
  /**
   * The child's end, to be closed once the child has it. Open for both directions, so that a
   * child that outlives procman for a moment is not killed by its next line.
   */
  readonly writer: number;
}

export interface PipeMaker {
  /** Rejects when no FIFO can be made here, or no descriptor is left. */
  take(): Promise<ChildPipe>;
  /** No `take` after it. Resolves when no helper is left. */
  close(): Promise<void>;
}

interface Batch {
  count: number;
  readonly fifos: Promise<readonly (Fifo | Error)[]>;
  /** When the next may have its own. */
  turn: Promise<unknown>;
}

/**
 * The FIFOs stay in `folder`. The first `ahead` are made right away if they are not there, while
 * whoever will ask is still busy with other things.
 */
export function createPipeMaker(folder: string, ahead: number): PipeMaker {
  const fifos = createFifos(folder);
  fifos.expect(ahead + 1);
  let open: Batch | undefined;
  let stdin: number | undefined;
  /** What is still being made, and who makes it. */
  const pending = new Set<Promise<unknown>>();

  /** All that are asked for in one turn are opened together. */
  function newBatch(): Batch {
    const fifos = nextTurn().then(() => {
      open = undefined;
      return openAll(batch.count);
    });
    const batch: Batch = { count: 0, fifos, turn: fifos };
    keep(fifos);
    return batch;
  }

  function keep(work: Promise<unknown>): void {
    const done = () => pending.delete(work);
    pending.add(work);
    work.then(done, done);
  }

  async function openAll(count: number): Promise<readonly (Fifo | Error)[]> {
    const isFirst = stdin === undefined;
    const opened = await fifos.open(isFirst ? count + 1 : count);
    const paths = opened.flatMap((fifo) => (fifo instanceof Error ? [] : fifo.path));
    // Not before the children that wait for these are started.
    keep(nextTurn().then(() => enlargePipes(paths)));
    if (!isFirst) return opened;
    const [silent, ...others] = opened;
    if (silent === undefined || silent instanceof Error) {
      for (const fifo of others) closeFifo(fifo);
      throw silent ?? new Error("no FIFO");
    }
    // Whoever reads it has to wait. Its writing end stays open too, and is never given to a child.
    stdin = openSync(silent.path, constants.O_RDONLY);
    closeSync(silent.reader);
    return others;
  }

  function closeFifo(fifo: Fifo | Error): void {
    if (fifo instanceof Error) return;
    closeSync(fifo.reader);
    closeSync(fifo.writer);
  }

  return {
    async take() {
      open ??= newBatch();
      const batch = open;
      const index = batch.count;
      batch.count += 1;
      // One a turn: a hundred processes started in one go would hold up everything else.
      const { turn } = batch;
      const next = () => nextTurn();
      batch.turn = turn.then(next, next);
      await turn;
      const fifo = (await batch.fifos)[index];
      if (fifo === undefined || fifo instanceof Error || stdin === undefined) {
        throw fifo ?? new Error("no pipe was made");
      }
      return { stdin, reader: fifo.reader, writer: fifo.writer };
    },
    async close() {
      // Whoever has asked for one may not wait for it any more.
      while (pending.size > 0) await Promise.allSettled(pending);
      await fifos.close();
    },
  };
}
