/** How many processes of a type there should be, by what a command says of the work that waits. */

export interface AutoscaleRule {
  readonly min: number;
  readonly max: number;
  readonly everyMs: number;
  /** A command that prints a number. */
  readonly metric: string;
  /** How much of it one process takes. */
  readonly per: number;
}

/** After more were started, so many looks change nothing: who is new has to take effect first. */
export const restLooks = 2;
/** So many looks in a row have to want fewer: after a short lull nobody is missed. */
export const calmLooks = 6;

/** What is known from one look to the next. */
export interface AutoscaleMemory {
  /** So many looks still change nothing. */
  readonly rest: number;
  /** Of the last looks, those in a row that wanted fewer, and the most that one of them saw. */
  readonly calm: { readonly looks: number; readonly most: number };
}

const noCalm = { looks: 0, most: 0 };
export const atFirst: AutoscaleMemory = { rest: 0, calm: noCalm };
/** Whoever it was that scaled it. */
export const afterScaling: AutoscaleMemory = { rest: restLooks, calm: noCalm };

/** Of the time in which nothing was seen nobody knows whether fewer would have been enough. */
export function afterGap({ rest }: AutoscaleMemory): AutoscaleMemory {
  return { rest, calm: noCalm };
}

export type AutoscaleDecision =
  | { readonly is: "stay"; readonly memory: AutoscaleMemory }
  | {
      readonly is: "scale";
      readonly quantity: number;
      /** `37, 10 for each process`. */
      readonly reason: string;
      readonly memory: AutoscaleMemory;
    };

/** `quantity` is how many there are. More come at once, fewer when it has been calm for a while. */
export function decideQuantity(
  rule: AutoscaleRule,
  { rest, calm }: AutoscaleMemory,
  metric: number,
  quantity: number,
): AutoscaleDecision {
  const wanted = wantedQuantity(rule, metric);
  if (quantity > rule.max) {
    return scale(rule, rule.max, `${metric}`, afterScaling);
  }
  if (wanted > quantity && rest === 0) return scale(rule, wanted, `${metric}`, afterScaling);
  const memory: AutoscaleMemory = {
    rest: Math.max(0, rest - 1),
    calm: wanted < quantity ? { looks: calm.looks + 1, most: Math.max(calm.most, metric) } : noCalm,
  };
  const { looks, most } = memory.calm;
  if (looks < calmLooks) return { is: "stay", memory };
  // If that was too few, they come back at once.
  return scale(rule, wantedQuantity(rule, most), `${most} was the most in ${looks} looks`, atFirst);
}

function scale(
  rule: AutoscaleRule,
  quantity: number,
  seen: string,
  memory: AutoscaleMemory,
): AutoscaleDecision {
  return {
    is: "scale",
    quantity,
    reason: `${seen}, ${rule.per} for each process${boundOf(rule, quantity)}`,
    memory,
  };
}

function boundOf({ min, max }: AutoscaleRule, quantity: number): string {
  if (quantity === max) return `, ${max} at most`;
  return quantity === min ? `, ${min} at least` : "";
}

/** 1.1 / 0.1 is a little more than 11. */
const roundingError = 1e-9;

function wantedQuantity(rule: AutoscaleRule, metric: number): number {
  return bounded(rule, Math.ceil(metric / rule.per - roundingError));
}

/** Who asks for none at all gets none. */
export function boundQuantity(rule: AutoscaleRule | undefined, quantity: number): number {
  return rule === undefined || quantity === 0 ? quantity : bounded(rule, quantity);
}

function bounded({ min, max }: AutoscaleRule, quantity: number): number {
  return Math.min(max, Math.max(min, quantity));
}

export type MetricReading =
  | { readonly is: "number"; readonly metric: number }
  | { readonly is: "failed"; readonly reason: string };

/** `42` or `42.5`, with space around it. Undefined for all else, below 0 too. */
export function readMetricText(text: string): number | undefined {
  const number = text.trim();
  return /^\d{1,15}(?:\.\d{1,15})?$/.test(number) ? Number(number) : undefined;
}
