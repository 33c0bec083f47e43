/** What holds for an instance: what its type says, above what was asked for all. */
import type { InstancePolicy, Readiness } from "./instance.ts";
import type { InstanceSpec } from "./plan.ts";
import { defaultRestartRule, type RestartRule } from "./restart.ts";
import { isRouted } from "./routes.ts";
import { defaultStopPolicy } from "./stop-policy.ts";
import { isWeb } from "./type-name.ts";

export interface CommonPolicy {
  /** `never` beats what a type says. */
  readonly restart: "on-failure" | "never";
  readonly graceMs: number;
  /** For requests in flight, where a router knows of them. */
  readonly drainMs?: number | undefined;
}

/** A web process that does not answer on its port may be busy, or listen elsewhere. */
const webReadyAfterMs = 10_000;
const readyAfterMs = 500;

export function policyOf(spec: InstanceSpec, common: CommonPolicy): InstancePolicy {
  return {
    restart: restartRuleOf(spec, common),
    readiness: readinessOf(spec),
    stop: { ...defaultStopPolicy(common.graceMs), ...spec.stop },
    ...(isRouted(spec) && common.drainMs !== undefined && { drainMs: common.drainMs }),
    ...(spec.schedule && { overlap: spec.schedule.overlap }),
  };
}

/** Work that has failed has failed: half of it may have been done. */
function restartRuleOf(
  { restart, isTask, schedule }: InstanceSpec,
  { restart: common }: CommonPolicy,
): RestartRule {
  const hasWork = isTask || schedule !== undefined;
  const rule: RestartRule = { ...defaultRestartRule, ...(hasWork && never), ...restart };
  return common === "never" ? { ...rule, ...never } : rule;
}

const never = { policy: "never" } as const;

function readinessOf({ type, port, ready }: InstanceSpec): Readiness {
  if (ready) return { is: "told" };
  return isWeb(type) && port !== undefined
    ? { is: "asked", orAfterMs: webReadyAfterMs }
    : { is: "alive", afterMs: readyAfterMs };
}
