/**
 * The text by which a procman marks what it starts. It says whose that is also when that procman
 * is no more: its pid, and the folder of its app.
 */

import { hashText } from "./hash-text.ts";

export interface SupervisorId {
  readonly pid: number;
  /** `hashText` of the app's folder. */
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
  return [pid, hashText(root), timeMs.toString(36), chance.toString(36)].join("-");
}

export function readSupervisorId(text: string): SupervisorId | undefined {
  const [, pid, rootHash] = /^([1-9]\d*)-([0-9a-f]{16})-[0-9a-z]+-[0-9a-z]+$/.exec(text) ?? [];
  return pid === undefined || rootHash === undefined ? undefined : { pid: Number(pid), rootHash };
}
