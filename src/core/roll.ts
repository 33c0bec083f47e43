/**
 * The roll: which groups of processes live, and who started them, as text in rows of one length, so
 * that each can be written over in its place. It outlives procman; whoever ends the groups instead
 * of it goes by this.
 *
 *   procman PID START BOOT NAMESPACE ID
 *   PGID START
 */

/** A process, so that another with the same number later is not taken for it. */
export interface Incarnation {
  readonly pid: number;
  /** In ticks since the machine was started; `-` where the system does not say. */
  readonly start: string;
}

/** Within what a pid means anything: one run of the kernel, and one of its process namespaces. */
export interface PidSpace {
  /** `-` where the system does not say. */
  readonly boot: string;
  readonly namespace: string;
}

export interface RollHead extends Incarnation, PidSpace {
  /** The value of `PROCMAN_ID`. */
  readonly id: string;
}

export interface Roll {
  readonly head: RollHead;
  /** Each by its leader. */
  readonly groups: readonly Incarnation[];
}

export const rowBytes = 32;
export const headBytes = 8 * rowBytes;

export function printHead({ pid, start, boot, namespace, id }: RollHead): string {
  return fill(`procman ${pid} ${start} ${boot} ${namespace} ${id}`, headBytes);
}

export function printRow({ pid, start }: Incarnation): string {
  return fill(`${pid} ${start}`, rowBytes);
}

/** Of a group that is gone. */
export const emptyRow = fill("", rowBytes);

function fill(text: string, bytes: number): string {
  return `${text.padEnd(bytes - 1).slice(0, bytes - 1)}\n`;
}

/** Undefined when nobody has begun it, or has left it in order. Rows that make no sense are none. */
export function parseRoll(text: string): Roll | undefined {
  const [first = "", ...rows] = text.split("\n");
  const [, pid, start, boot, namespace, id] =
    /^procman ([1-9]\d*) (\d+|-) (\S+) (\S+) ([\w-]+) *$/.exec(first) ?? [];
  if (!pid || !start || !boot || !namespace || !id) return undefined;
  const groups = rows.flatMap((row): Incarnation[] => {
    const [, pgid, started] = /^([1-9]\d*) (\d+|-) *$/.exec(row) ?? [];
    return pgid && started ? [{ pid: Number(pgid), start: started }] : [];
  });
  return { head: { pid: Number(pid), start, boot, namespace, id }, groups };
}

/** Whether a pid of the one means the same to the other. */
export function isSamePidSpace(one: PidSpace, other: PidSpace): boolean {
  return one.boot === other.boot && one.namespace === other.namespace;
}
