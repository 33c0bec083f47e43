/** When a process takes more memory than it should, and what is done about it. */

/** One of them at least. */
export interface MemoryRule {
  /** Above it, that is told. */
  readonly warnBytes?: number;
  /** Above it, it is started anew. */
  readonly limitBytes?: number;
}

export interface MemoryUse {
  readonly usedBytes: number;
  /** What it is measured by. */
  readonly allowedBytes: number;
}

export type MemoryFinding =
  | { readonly is: "within" }
  /** As before: it is not told again until it has come down. */
  | { readonly is: "still-over" }
  | { readonly is: "over-warn"; readonly use: MemoryUse }
  | { readonly is: "over-limit"; readonly use: MemoryUse };

/** As long as one takes memory that is limited, so often that is looked at. */
export const sampleEveryMs = 5_000;

/** Below this share of it an excursion is over: who hovers around it is not told of each time. */
const overUntil = 0.9;

/** `wasOver`: this run was above `warnBytes` before, and has not come down since. */
export function judgeMemory(
  { warnBytes, limitBytes }: MemoryRule,
  wasOver: boolean,
  usedBytes: number,
): MemoryFinding {
  if (limitBytes !== undefined && usedBytes > limitBytes) {
    return { is: "over-limit", use: { usedBytes, allowedBytes: limitBytes } };
  }
  if (warnBytes === undefined) return { is: "within" };
  if (wasOver) return { is: usedBytes < warnBytes * overUntil ? "within" : "still-over" };
  return usedBytes > warnBytes
    ? { is: "over-warn", use: { usedBytes, allowedBytes: warnBytes } }
    : { is: "within" };
}

/** `531M of memory, over its limit of 512M`. */
export function describeUse({ usedBytes, allowedBytes }: MemoryUse, allowed: string): string {
  return `${formatBytes(usedBytes)} of memory, over its ${allowed} of ${formatBytes(allowedBytes)}`;
}

/** `531M`, `1.5M`, `64K`: as sizes are written in procman.yml. */
export function formatBytes(bytes: number): string {
  const [amount, unit] = bytes < 2 ** 20 ? [bytes / 2 ** 10, "K"] : [bytes / 2 ** 20, "M"];
  return `${amount < 99.95 ? amount.toFixed(1).replace(/\.0$/, "") : Math.round(amount)}${unit}`;
}
