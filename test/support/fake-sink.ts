import type { Kept, Sink } from "../../src/logs/sink.ts";

/** Takes what the test says, when it says so. */
export class FakeSink implements Sink {
  written = "";
  kept: Kept = "all";
  readonly #waiting: (() => void)[] = [];

  write(text: string, onTaken?: () => void): void {
    this.written += text;
    this.#waiting.push(() => onTaken?.());
  }

  take(count = this.#waiting.length): void {
    for (const onTaken of this.#waiting.splice(0, count)) onTaken();
  }

  keep(what: Kept): void {
    this.kept = what;
  }

  takeDropped() {
    return { lines: 0, bytes: 0 };
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}
