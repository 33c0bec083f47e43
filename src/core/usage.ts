/** What a process and all that it started take, as far as the system tells. */
export interface Usage {
  /** Of one processor, 0 to 100 for each. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** The ports that any of them really listens on, in ascending order. */
  readonly ports: readonly number[];
}
