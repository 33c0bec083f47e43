// Medians of samples, and ratios of two contestants within each round: a machine that is busy slows all
// alike. A sample is one value with its suite, its case, the contestant's name, the round and the figures.

export function select(samples, where) {
  const wanted = Object.entries(where);
  return samples.filter((one) => wanted.every(([key, value]) => one[key] === value));
}

/** In the order in which they first appear. */
export function namesIn(samples) {
  return [...new Set(samples.map((one) => one.name))];
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Undefined when nobody has it. */
export function medianOf(samples, figure) {
  return median(valuesOf(samples, figure));
}

export function valuesOf(samples, figure) {
  return samples.map((one) => one[figure]).filter((value) => value !== undefined);
}

/** The median of `combine` over the rounds in which both have the figure. */
export function inRounds(ours, theirs, figure, combine) {
  const pairs = ours.flatMap((one) => {
    const other = theirs.find((two) => two.round === one.round);
    const values = [one[figure], other?.[figure]];
    return values.includes(undefined) ? [] : [combine(...values)];
  });
  return median(pairs);
}

export function ratioOf(ours, theirs, figure) {
  return inRounds(ours, theirs, figure, (a, b) => a / b);
}
