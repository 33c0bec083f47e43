import { Waiter } from "./wait.ts";

const deadlineMs = 15_000;

/** Things that come one after the other, and can be waited for. */
export class Arrivals<T> {
  readonly all: T[] = [];
  #taken = 0;
  readonly #waiter: Waiter;

  constructor() {
    this.#waiter = new Waiter(deadlineMs, () => `${this.all.length} came, ${this.#taken} taken`);
  }

  readonly push = (thing: T): void => {
    this.all.push(thing);
    this.#waiter.changed();
  };

  /** The next one that nobody has taken. */
  async next(): Promise<T> {
    const index = this.#taken;
    this.#taken += 1;
    await this.#waiter.until("the next", () => this.all.length > index || undefined);
    return this.all[index] as T;
  }
}
