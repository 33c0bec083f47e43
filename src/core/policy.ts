/** What holds for an instance: what its type says, above what was asked for all. */
import type { InstancePolicy } from "./instance.ts";
import { type InstanceSpec, webType } from "./plan.ts";
import { defaultRestartRule } from "./restart.ts";
import { defaultStopPolicy } from "./stop-policy.ts";

export interface CommonPolicy {
  /** `never` beats what a type says. */
  readonly restart: "on-failure" | "never";
  readonly graceMs: number;
}

/** A web process that does not answer on its port may be busy, or listen elsewhere. */
const webReadyAfterMs = 10_000;
const readyAfterMs = 500;

export function policyOf(
  { type, port, stop, restart }: InstanceSpec,
  common: CommonPolicy,
): InstancePolicy {
  const isProbed = type === webType && port !== undefined;
  const rule = { ...defaultRestartRule, ...restart };
  return {
    restart: common.restart === "never" ? { ...rule, policy: "never" } : rule,
    readyAfterMs: isProbed ? webReadyAfterMs : readyAfterMs,
    isProbed,
    stop: { ...defaultStopPolicy(common.graceMs), ...stop },
  };
}
