/** What is special to a process type. No Procfile says any of it, procman.yml does. */
import type { AutoscaleRule } from "./autoscale.ts";
import type { Dependency } from "./dependencies.ts";
import type { Isolation } from "./isolation.ts";
import type { MemoryRule } from "./memory.ts";
import type { LiveProbe, ReadyProbe } from "./probe.ts";
import type { RestartRule } from "./restart.ts";
import type { ScheduleRule } from "./schedule-rule.ts";
import type { StopPolicy } from "./stop-policy.ts";
import type { OwnEnvironment } from "./type-files.ts";
import type { WatchRule } from "./watch-rule.ts";

export interface Traits extends OwnEnvironment {
  readonly stop?: Partial<StopPolicy>;
  readonly restart?: Partial<RestartRule>;
  readonly isolation?: Isolation;
  readonly ready?: ReadyProbe;
  readonly live?: LiveProbe;
  readonly watch?: WatchRule;
  readonly dependsOn?: readonly Dependency[];
  readonly autoscale?: AutoscaleRule;
  readonly memory?: MemoryRule;
  readonly schedule?: ScheduleRule;
  /** It has work to do, and ends with it. */
  readonly isTask?: boolean;
  /** When one of its processes has ended for good, the app ends. */
  readonly isEssential?: boolean;
  /** It has no port. */
  readonly isPortless?: boolean;
  /** How many more there may be while one is replaced: 0 is stopped first, 1 is not. */
  readonly surge?: number;
}
