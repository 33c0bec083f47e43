/** Chance that can be repeated: the same seed gives the same numbers. */

export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `low` to `high`, both among them. */
  between(low: number, high: number): number;
  oneOf<T>(all: readonly T[]): T;
}

/** mulberry32 */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    oneOf<T>(all: readonly T[]): T {
      const found = all[Math.floor(next() * all.length)];
      if (found === undefined) throw new Error("there is nothing to choose from");
      return found;
    },
  };
}
