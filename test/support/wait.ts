/**
 * Waiting in tests: for something that can be seen, with one deadline for all of a test. When it
 * is over, the error says what was waited for and what was seen instead.
 */

const pollMs = 10;

export class Waiter {
  readonly #deadlineMs: number;
  readonly #endMs: number;
  readonly #story: () => string;
  readonly #waiting = new Set<() => void>();

  /** `story` tells all that was seen so far. */
  constructor(deadlineMs: number, story: () => string) {
    this.#deadlineMs = deadlineMs;
    this.#endMs = performance.now() + deadlineMs;
    this.#story = story;
  }

  /** Something has happened that somebody may be waiting for. */
  changed(): void {
    for (const check of [...this.#waiting]) check();
  }

  /**
   * Resolves with what `find` finds, which is asked now and after every change. What it throws
   * ends the wait: there is nothing left to wait for.
   */
  until<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settle();
      };
      const check = () => {
        try {
          const found = find();
          if (found !== undefined) end(() => resolve(found));
        } catch (error) {
          end(() => reject(this.#failure(`gave up waiting for ${what}: ${error}`)));
        }
      };
      const timer = setTimeout(
        () => end(() => reject(this.#failure(`waited ${this.#deadlineMs} ms for ${what}`))),
        this.#endMs - performance.now(),
      );
      this.#waiting.add(check);
      check();
    });
  }

  /** The same for what tells nobody when it changes, such as a file in /proc. */
  async poll<T>(what: string, find: () => T | undefined): Promise<T> {
    const timer = setInterval(() => this.changed(), pollMs);
    try {
      return await this.until(what, find);
    } finally {
      clearInterval(timer);
    }
  }

  #failure(problem: string): Error {
    return new Error(`${problem}\n--- what was seen:\n${this.#story()}\n---`);
  }
}
