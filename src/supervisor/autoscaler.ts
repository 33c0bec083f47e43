/**
 * Looks, as often as a type's rule says, how much there is to do, and has it scaled by that. Nothing
 * of it runs where no type has a rule.
 */
import {
  type AutoscaleMemory,
  type AutoscaleRule,
  afterGap,
  afterScaling,
  atFirst,
  decideQuantity,
  type MetricReading,
} from "../core/autoscale.ts";
import type { Clock } from "../core/clock.ts";
import type { ProcessType } from "../core/procfile.ts";

export interface Autoscaler {
  /** From now on by the rules of these, and no others. */
  follow(types: readonly ProcessType[]): void;
}

export interface AutoscalerTools {
  readonly clock: Clock;
  /** Never rejects. */
  readMetric(type: ProcessType, metric: string, givenUp: AbortSignal): Promise<MetricReading>;
  /** `isEmptied`: a person has scaled it to 0. */
  scaleOf(type: string): { readonly quantity: number; readonly isEmptied: boolean };
  /** Does nothing when it cannot be done. */
  scale(type: string, quantity: number, reason: string): void;
  /** A line about what cannot be read. */
  say(text: string): void;
}

/** A type that is being looked after. */
interface Charge {
  readonly type: ProcessType;
  readonly rule: AutoscaleRule;
  memory: AutoscaleMemory;
  /** As it was left at the last look. */
  quantity: number | undefined;
  isFailing: boolean;
  readonly end: AbortController;
}

export function createAutoscaler(tools: AutoscalerTools): Autoscaler {
  let charges: readonly Charge[] = [];

  function arm(charge: Charge): void {
    const { rule, end } = charge;
    const cancel = tools.clock.after(rule.everyMs, () => {
      end.signal.removeEventListener("abort", cancel);
      void look(charge);
    });
    end.signal.addEventListener("abort", cancel);
  }

  async function look(charge: Charge): Promise<void> {
    const { type, rule, end } = charge;
    if (!isPaused(charge)) {
      const reading = await tools.readMetric(type, rule.metric, end.signal);
      if (end.signal.aborted) return;
      tellFailure(charge, reading);
      act(charge, reading);
    }
    arm(charge);
  }

  /** What a person wants to have none of gets none, until one wants some. */
  function isPaused({ type, quantity: left }: Charge): boolean {
    const { quantity, isEmptied } = tools.scaleOf(type.name);
    return quantity === 0 && (isEmptied || left !== 0);
  }

  function act(charge: Charge, reading: MetricReading): void {
    const { type, rule } = charge;
    const { quantity } = tools.scaleOf(type.name);
    // Meanwhile it may have been scaled by somebody else.
    if (charge.quantity !== undefined && charge.quantity !== quantity) charge.memory = afterScaling;
    charge.quantity = quantity;
    if (reading.is === "failed") {
      charge.memory = afterGap(charge.memory);
      return;
    }
    if (isPaused(charge)) return;
    const decision = decideQuantity(rule, charge.memory, reading.metric, quantity);
    charge.memory = decision.memory;
    if (decision.is === "stay" || decision.quantity === quantity) return;
    tools.scale(type.name, decision.quantity, decision.reason);
    charge.quantity = tools.scaleOf(type.name).quantity;
  }

  /** Once, until it is over. */
  function tellFailure(charge: Charge, reading: MetricReading): void {
    const { name } = charge.type;
    const isFailing = reading.is === "failed";
    if (isFailing === charge.isFailing) return;
    charge.isFailing = isFailing;
    tools.say(
      reading.is === "failed"
        ? `${name} is not scaled, because its metric cannot be read: ${reading.reason}`
        : `${name} is scaled again: its metric can be read`,
    );
  }

  return {
    follow(types) {
      const before = charges;
      charges = types.flatMap((type) => {
        const rule = type.autoscale;
        if (rule === undefined) return [];
        const known = before.find((charge) => charge.type.name === type.name);
        const { memory = atFirst, quantity, isFailing = false } = known ?? {};
        return [{ type, rule, memory, quantity, isFailing, end: new AbortController() }];
      });
      for (const { end } of before) end.abort();
      for (const charge of charges) arm(charge);
    },
  };
}
