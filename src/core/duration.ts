const unitsMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** `500ms`, `10s`, `1.5m`, `2h`, `1d`; a number alone is seconds. Undefined when it is none. */
export function readDurationMs(text: string): number | undefined {
  const [, amount, unit = "s"] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  return amount === undefined ? undefined : Math.round(Number(amount) * (unitsMs.get(unit) ?? 0));
}

export const strictDuration = /^\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/;

/** Just below what a timer can be set for. */
const longestMs = 24 * 86_400_000;

/**
 * The same, but for a number alone, of which nobody can say what its writer meant, and for what no
 * timer can be set for.
 */
export function readStrictDurationMs(text: string): number | undefined {
  const ms = strictDuration.test(text) ? readDurationMs(text) : undefined;
  return ms === undefined || ms > longestMs ? undefined : ms;
}
