/** How long it may take, how often things are repeated, and with which chance. */
export interface Form {
  readonly seed: number;
  /** Of chaos. */
  readonly minutes: number;
  readonly isLong: boolean;
}
