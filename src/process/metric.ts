/** Runs a command that prints a number. Loaded where a process type is scaled by one. */

import { type MetricReading, readMetricText } from "../core/autoscale.ts";
import { describeExit, isSuccess } from "../core/exit-status.ts";
import { formatDuration } from "../core/notice.ts";
import { quote } from "../core/text-file.ts";
import { runCommand } from "./answers.ts";
import type { SpawnRequest } from "./spawn.ts";

const deadlineMs = 5_000;

/** The last line of what it prints counts: others may warn. Never rejects. */
export async function readMetric(
  request: SpawnRequest,
  givenUp: AbortSignal,
): Promise<MetricReading> {
  const late = AbortSignal.timeout(deadlineMs);
  const ended = AbortSignal.any([givenUp, late]);
  const { status, lastLineOf } = await runCommand(request, ended);
  const lastLine = await lastLineOf();
  const failed = (reason: string): MetricReading => ({
    is: "failed",
    reason: `${request.command} ${reason}`,
  });
  if (late.aborted) return failed(`has not ended within ${formatDuration(deadlineMs)}`);
  if (!isSuccess(status)) {
    return failed(`${describeExit(status)}${lastLine === "" ? "" : `: ${lastLine}`}`);
  }
  const metric = readMetricText(lastLine);
  return metric === undefined
    ? failed(lastLine === "" ? "has printed nothing" : `has printed ${quote(lastLine)}, no number`)
    : { is: "number", metric };
}
