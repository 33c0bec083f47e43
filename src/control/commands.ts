/**
 * The commands of whoever asks from outside, carried out on a supervisor: what needs the files reads
 * them first, and invalid ones change nothing.
 */
import type { FreshTypes } from "../core/desired.ts";
import { type Result, resultOf } from "../core/diagnostic.ts";
import type { EnvironmentChange } from "../core/environment-change.ts";
import type { Usage } from "../core/usage.ts";
import type { InstanceHistory } from "../supervisor/history.ts";
import type { AppStatus, StateChange } from "../supervisor/status.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { ControlledApp } from "./controlled-app.ts";

export interface CommandsOptions {
  readonly app: Pick<AppStatus, "name" | "root" | "id" | "pid" | "startedMs">;
  readonly supervisor: Supervisor;
  /** Both read the files anew. */
  readonly refreshEnvironment: () => Promise<Result<unknown>>;
  readonly readTypes: () => Promise<Result<FreshTypes>>;
  readonly changedKeys: (instance: string) => readonly string[];
  readonly changeSinceRanWell: (instance: string) => EnvironmentChange | undefined;
  /** By instance, for the process ids of their leaders. */
  readonly usage: (pids: ReadonlyMap<string, number>) => Promise<ReadonlyMap<string, Usage>>;
  /** Gives the number of the command. */
  readonly shutDown: (by: string) => number;
  readonly onStateChange: (listen: (change: StateChange) => void) => () => void;
}

export function createCommands(options: CommandsOptions): ControlledApp {
  const { app, supervisor } = options;

  async function readFiles(): Promise<Result<FreshTypes>> {
    const [environment, types] = await Promise.all([
      options.refreshEnvironment(),
      options.readTypes(),
    ]);
    const diagnostics = [...environment.diagnostics, ...types.diagnostics];
    return environment.ok && types.ok
      ? resultOf(types.value, diagnostics)
      : ({ ok: false, diagnostics } as const);
  }

  /**
   * All begin at once and come in the order in which they were asked for: an older one never comes
   * after a newer one, and what a reading has to wait for is not waited for again by the next one.
   */
  let lastRead: Promise<unknown> = Promise.resolve();
  async function readInOrder(): Promise<Result<FreshTypes>> {
    const read = readFiles();
    // Without a value: it would hold on to all that was ever read.
    lastRead = Promise.allSettled([lastRead, read]).then(() => undefined);
    await lastRead;
    return read;
  }

  function changeOf({ instance, ranWell }: InstanceHistory): EnvironmentChange | undefined {
    if (ranWell === undefined) return undefined;
    // The one that runs now.
    if (ranWell.untilMs === undefined) return { added: [], removed: [], changed: [] };
    return options.changeSinceRanWell(instance.name);
  }

  return {
    status() {
      const { version, timeMs } = supervisor.release();
      return {
        ...app,
        version,
        releasedMs: timeMs,
        types: supervisor.types(),
        instances: supervisor.instances(),
      };
    },
    scale: supervisor.scale,
    async restart(names, by, manner) {
      const fresh = await readInOrder();
      if (!fresh.ok) return { is: "refused", diagnostics: fresh.diagnostics };
      return supervisor.restart(names, fresh.value, by, manner);
    },
    stop: supervisor.stop,
    shutDown(by) {
      return { is: "done", number: options.shutDown(by), value: undefined };
    },
    async reload(isDryRun, by) {
      const fresh = await readInOrder();
      if (!fresh.ok) return { is: "refused", diagnostics: fresh.diagnostics };
      return supervisor.reload(fresh.value, options.changedKeys, isDryRun, by);
    },
    until: supervisor.until,
    why(names) {
      const found = supervisor.histories(names);
      if (found.is !== "known") return found;
      const value = found.value.map((history) => ({ ...history, environment: changeOf(history) }));
      return { is: "known", value };
    },
    usage() {
      const pids = supervisor
        .instances()
        .flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const]));
      return options.usage(new Map(pids));
    },
    onStateChange: options.onStateChange,
  };
}
