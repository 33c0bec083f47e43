/** Says what a reload would do, when what the app is made of has changed: a person decides on it. */
import type { Clock } from "../core/clock.ts";
import { formatDiagnostic, isError, type Result } from "../core/diagnostic.ts";
import { describeChange } from "../core/notice.ts";
import { describeSteps, type ReloadStep } from "../core/reload.ts";
import type { FileChange } from "../core/watch-rule.ts";
import type { ChangedFiles } from "./changed-files.ts";

export interface SourceWatch {
  /** From now on these files, by absolute paths, and no others. */
  follow(paths: readonly string[]): void;
  close(): void;
}

export interface SourceWatchTools {
  readonly clock: Clock;
  /** What a reload would do; nothing, when it cannot be said. Never rejects. */
  plan(): Promise<Result<readonly ReloadStep[]>>;
  say(text: string): void;
}

/** Loads nothing and watches nothing before `begin`. */
export function createSourceWatch(
  begin: Promise<void>,
  { clock, plan, say }: SourceWatchTools,
): SourceWatch {
  let wanted: readonly string[] = [];
  let files: ChangedFiles | undefined;
  let isClosed = false;
  const createdMs = Date.now();

  async function open(): Promise<void> {
    await begin;
    const { hasPipe, watchChangedFiles } = await import("./changed-files.ts");
    if (isClosed) return;
    files = watchChangedFiles(clock, async (change) => {
      // What is in a pipe can be read once, and is for a process that is started.
      if (!(await hasPipe(wanted))) await sayPlan(change);
    });
    files.follow(wanted);
    await files.lookFor(wanted, createdMs);
  }

  async function sayPlan(change: FileChange): Promise<void> {
    const planned = await plan();
    if (isClosed) return;
    const what = describeChange(change);
    if (!planned.ok) {
      const reasons = planned.diagnostics.filter(isError).map(formatDiagnostic);
      say(`${what}, and cannot be taken over as it is: ${reasons.join(", ")}`);
    } else if (planned.value.length > 0) {
      say(`${what}; procman reload will ${describeSteps(planned.value)}`);
    }
  }

  // Without it nothing is missing but a line.
  open().catch(() => {});
  return {
    follow(paths) {
      wanted = paths;
      files?.follow(paths);
    },
    close() {
      isClosed = true;
      files?.close();
    },
  };
}
