/** Waiting for what can be seen, with a limit that is part of what must hold. */

const pollMs = 10;

/** Resolves with what is found, and rejects with what was waited for. Gives up when `find` throws. */
export async function until<T>(
  what: string,
  withinMs: number,
  find: () => T | undefined | Promise<T | undefined>,
  story: () => string = () => "",
): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > endMs) {
      throw new Error(`waited ${Math.round(withinMs)} ms for ${what}\n${story()}`.trimEnd());
    }
    await pause(pollMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What it takes, beside its result. */
export async function timed<T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const startMs = performance.now();
  const value = await run();
  return { value, ms: performance.now() - startMs };
}
