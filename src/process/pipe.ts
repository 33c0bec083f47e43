/**
 * The pipe a child writes its output to, and the silent one it reads from. Node's own `"pipe"` is
 * a socket pair: a child in Node that prints much and exits loses most of it there, and
 * `> /dev/stdout` does not open. A FIFO has neither fault. The larger it is, the later a child in
 * Node that prints faster than it is read begins to keep output in its own memory, where
 * `process.exit()` loses it.
 */
import { closeSync, constants, openSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Fifos, makeFifos } from "./fifos.ts";

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
  /** No `take` after it. Resolves when no name and no helper is left of what was made. */
  close(): Promise<void>;
}

interface Batch {
  count: number;
  readonly capacity: number;
  readonly pipes: Promise<readonly (ChildPipe | Error)[]>;
}

/**
 * All pipes that are asked for in one turn are made together. The first `ahead` are made right
 * away, while whoever will ask is still busy with other things.
 */
export function createPipeMaker(ahead: number): PipeMaker {
  const firstFifos = makeFifos(ahead + 1);
  let isFirst = true;
  let open: Batch | undefined;
  let stdin: number | undefined;
  let tidy: Promise<unknown> = Promise.resolve();

  function tidyUp(released: Promise<void>): void {
    tidy = Promise.all([tidy, released]);
  }

  function newBatch(): Batch {
    const isAhead = isFirst;
    isFirst = false;
    const batch: Batch = {
      count: 0,
      capacity: isAhead ? ahead : Number.POSITIVE_INFINITY,
      pipes: nextTurn().then(async () => {
        if (open === batch) open = undefined;
        const fifos = isAhead ? firstFifos : makeFifos(batch.count + 1);
        await fifos.made();
        return openAll(fifos, batch.count);
      }),
    };
    return batch;
  }

  function openAll({ paths, release }: Fifos, count: number): readonly (ChildPipe | Error)[] {
    const [forStdin = "", ...others] = paths;
    try {
      stdin ??= openSilent(forStdin);
      const silent = stdin;
      return others.slice(0, count).map((path) => tryOpen(path, silent));
    } finally {
      // Not before the children that wait for these are started.
      tidyUp(nextTurn().then(release));
    }
  }

  return {
    async take() {
      if (open === undefined || open.count === open.capacity) open = newBatch();
      const batch = open;
      const index = batch.count;
      batch.count += 1;
      const pipe = (await batch.pipes)[index];
      if (pipe === undefined || pipe instanceof Error) throw pipe ?? new Error("no pipe was made");
      // One a turn: a hundred processes started in one go would hold up everything else.
      for (let turn = 0; turn < index; turn += 1) await nextTurn();
      return pipe;
    },
    async close() {
      if (isFirst) tidyUp(firstFifos.release());
      await tidy;
    },
  };
}

/** Both ends stay open for as long as procman lives; the writing end is never given to a child. */
function openSilent(path: string): number {
  openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  return openSync(path, constants.O_RDONLY);
}

function tryOpen(path: string, stdin: number): ChildPipe | Error {
  let reader: number | undefined;
  try {
    reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { stdin, reader, writer: openSync(path, constants.O_RDWR) };
  } catch (error) {
    if (reader !== undefined) closeSync(reader);
    return error instanceof Error ? error : new Error(String(error));
  }
}
