/**
 * Frees what bodies have come in. Node reads each piece into a buffer of its own, and V8 lets 64 MiB
 * of those wait: they are freed sooner, while they are still in the processor's cache.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as (options: { readonly type: "minor" }) => void;

const everyBytes = 2 ** 22;
let waitingBytes = 0;

/** To be called for each piece of a body that has gone on. */
export function notePassed(piece: Buffer): void {
  waitingBytes += piece.length;
  if (waitingBytes < everyBytes) return;
  waitingBytes = 0;
  collectGarbage({ type: "minor" });
}
