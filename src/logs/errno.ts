/** The number of a system error, as in `node:os`: not all have a name in Node, as EDQUOT. */
export function errnoOf(error: unknown): number {
  const errno = error instanceof Error && "errno" in error ? error.errno : undefined;
  return typeof errno === "number" ? Math.abs(errno) : 0;
}
