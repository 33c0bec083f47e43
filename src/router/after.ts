/** The timer of a router, which has no other clock. */
export function after(delayMs: number, onDue: () => void): () => void {
  const timer = setTimeout(onDue, delayMs);
  return () => clearTimeout(timer);
}
