// Interleaved rounds, medians, and ratios within each round: a machine that is busy slows all alike.

/** Runs each once a round, the first round for nothing. Resolves with the samples by name. */
export async function measure(contestants, rounds) {
  const samples = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(contestants)) {
      const ms = await run();
      if (round >= 0) samples[name].push(ms);
    }
  }
  return samples;
}

export function printRatio(samples, title, ours, bound, target) {
  const ratio = median(samples[ours].map((ms, round) => ms / samples[bound][round]));
  const verdict = ratio <= target ? "within" : "over";
  const times = `${median(samples[ours]).toFixed(1)} ms ÷ ${median(samples[bound]).toFixed(1)} ms`;
  console.log(`${title}: ${ratio.toFixed(2)} (${times}), ${verdict} the target of ${target}`);
}

export function printMore(samples, title, ours, bound, targetMs) {
  const moreMs = median(samples[ours].map((ms, round) => ms - samples[bound][round]));
  const verdict = moreMs <= targetMs ? "within" : "over";
  console.log(`${title}: ${moreMs.toFixed(1)} ms more, ${verdict} the target of ${targetMs} ms`);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
