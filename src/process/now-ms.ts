/**
 * A clock that never jumps, in milliseconds from some moment on. The same as `performance.now()`,
 * which takes half a millisecond to load, and would be asked before the first process is started.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
