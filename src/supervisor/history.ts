/**
 * What became of the runs of an instance, as far as it says why the instance is as it is: its last
 * end, and its last run that went well.
 */
import type { EnvironmentChange } from "../core/environment-change.ts";
import type { Notice } from "../core/notice.ts";
import type { InstanceStatus } from "./status.ts";

export interface InstanceHistory {
  readonly instance: InstanceStatus;
  /** Unstable runs in a row. */
  readonly failures: number;
  readonly lastEnd: RunEnd | undefined;
  readonly ranWell: GoodRun | undefined;
}

export interface RunEnd {
  /** It ended by itself, or was asked to. */
  readonly notice: EndNotice;
  /** Wall clock. */
  readonly startedMs: number;
  readonly endedMs: number;
}

export type EndNotice = Extract<Notice, { kind: "ended" | "stopped" }>;

/** A run that was up for as long as it takes to be stable. */
export interface GoodRun {
  readonly command: string;
  /** Wall clock; undefined when it is the one that runs now. */
  readonly untilMs: number | undefined;
}

export interface Account extends InstanceHistory {
  /** From the last good run to the last run; undefined when there was no good one. */
  readonly environment: EnvironmentChange | undefined;
}
