/** What a clock is. The real one is built in `app.ts`; tests turn one by hand. */
export interface Clock {
  /** Monotonic: only differences mean anything. */
  nowMs(): number;
  /** Calls back once, unless the returned function is called first. */
  after(delayMs: number, onDue: () => void): () => void;
}
