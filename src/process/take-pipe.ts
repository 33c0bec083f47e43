/** Gets the pipe of one run, or says what there is instead. */
import { closeSync } from "node:fs";
import type { ChildPipe, PipeMaker } from "./pipe.ts";
import { errorCode } from "./signal.ts";
import { explainDescriptors, type Unstarted } from "./spawn.ts";

/** A problem, where FIFOs cannot be made: the child then gets what Node has. */
export type Taken = ChildPipe | Unstarted | { readonly problem: string };

export async function takePipe(pipes: PipeMaker): Promise<Taken> {
  try {
    return await pipes.take();
  } catch (error) {
    const code = errorCode(error);
    if (code === "EMFILE" || code === "ENFILE") return explainDescriptors(code);
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

export function closeTaken(taken: Taken): void {
  if (!("reader" in taken)) return;
  closeSync(taken.reader);
  closeSync(taken.writer);
}
