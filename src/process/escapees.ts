/** Ends what a run leaves behind when its group is empty, and reads its output to the end. */
import type { Output } from "./output.ts";
import type { Sweep, Sweeper } from "./sweep.ts";
import type { Trace } from "./trace.ts";

export interface EscapeesEnd extends Sweep {
  /** Somebody who was not ended keeps the output open. */
  readonly isOutputHeld: boolean;
}

/** To look for who holds the output costs a pass of its own: only where somebody does hold it. */
export async function endEscapees(
  trace: Trace,
  output: Output,
  sweeper: Sweeper,
  isForced: () => boolean,
): Promise<EscapeesEnd> {
  const escapees = await sweeper.sweep(trace, isForced);
  if (await output.drained()) return { ...escapees, isOutputHeld: false };
  const pipe = output.findPipe();
  if (pipe === undefined) return { ...escapees, isOutputHeld: true };
  const holders = await sweeper.sweep({ ...trace, pipe }, isForced);
  const both = (of: keyof Sweep) => [...new Set([...escapees[of], ...holders[of]])];
  const isOutputHeld = holders.ended.length === 0 || !(await output.drained());
  return { ended: both("ended"), spared: both("spared"), left: both("left"), isOutputHeld };
}
