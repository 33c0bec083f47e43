/** System errors by their numbers, as in `node:os`: not all have a name in Node, as EDQUOT. */
import { constants } from "node:os";

export function errnoOf(error: unknown): number {
  const errno = error instanceof Error && "errno" in error ? error.errno : undefined;
  return typeof errno === "number" ? Math.abs(errno) : 0;
}

/** Somebody may make room, and then it works again. */
export function isNoRoom(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === constants.errno.ENOSPC || errno === constants.errno.EDQUOT;
}

/** Somebody has to close something first. */
export function isNoDescriptor(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === constants.errno.EMFILE || errno === constants.errno.ENFILE;
}
