/**
 * The text by which a procman marks what it starts. It says whose that is also when that procman
 * is no more: its pid, and the folder of its app.
 */

export interface SupervisorId {
  readonly pid: number;
  /** To be compared with `hashRoot`. */
  readonly rootHash: string;
}

/** `random` is in [0, 1). Only letters, digits and `-`, and the pid first. */
export function newSupervisorId(made: {
  readonly pid: number;
  readonly root: string;
  readonly timeMs: number;
  readonly random: number;
}): string {
  const { pid, root, timeMs, random } = made;
  const chance = Math.floor(random * 36 ** 8);
  return [pid, hashRoot(root), timeMs.toString(36), chance.toString(36)].join("-");
}

export function readSupervisorId(text: string): SupervisorId | undefined {
  const [, pid, rootHash] = /^([1-9]\d*)-([0-9a-f]{8})-[0-9a-z]+-[0-9a-z]+$/.exec(text) ?? [];
  return pid === undefined || rootHash === undefined ? undefined : { pid: Number(pid), rootHash };
}

/** FNV-1a. A path would be too long for a mark, and has characters that a mark may not have. */
export function hashRoot(root: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < root.length; at += 1) {
    hash = Math.imul(hash ^ root.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
