import type { ControlledApp } from "../../src/control/controlled-app.ts";
import { explainUnknownType, type Formation } from "../../src/core/formation.ts";
import { applyScale } from "../../src/core/scale.ts";
import type { Usage } from "../../src/core/usage.ts";
import type { Account } from "../../src/supervisor/history.ts";
import type { Outcome, WaitOutcome } from "../../src/supervisor/outcome.ts";
import type { AppStatus, InstanceStatus, StateChange } from "../../src/supervisor/status.ts";

/** An app without processes: keeps what was asked of it, and says what it is told to say. */
export interface FakeApp extends ControlledApp {
  /** `1 scale worker=3 by marc with curl`, in the order they came. */
  readonly asked: readonly string[];
  /** Changes what it says of an instance. */
  put(name: string, change: Partial<InstanceStatus>): void;
  /** Changes what it says of how an instance came to be as it is. */
  putAccount(name: string, account: Partial<Account>): void;
  tell(change: StateChange): void;
  /** How many listen for changes. */
  listeners(): number;
  /** What every wait from now on ends with; until then they wait. */
  settle(outcome: WaitOutcome): void;
  /** How many wait. */
  waiting(): number;
  /** Called when it is to shut down. */
  onShutDown: () => void;
}

export const startMs = Date.UTC(2026, 10, 21, 14, 32, 1);

const basePorts: Readonly<Record<string, number>> = { web: 5006, worker: 5106, clock: 5206 };

export function createFakeApp(name = "shop", root = `/home/marc/${name}`): FakeApp {
  const asked: string[] = [];
  const changes = new Map<string, Partial<InstanceStatus>>();
  const accounts = new Map<string, Partial<Account>>();
  const listeners = new Set<(change: StateChange) => void>();
  const waiters = new Set<(outcome: WaitOutcome) => void>();
  let formation: Formation = new Map([
    ["web", 2],
    ["worker", 1],
    ["clock", 0],
  ]);
  let version = 1;

  function instances(): readonly InstanceStatus[] {
    return [...formation].flatMap(([type, quantity]) =>
      Array.from({ length: quantity }, (_, index) => instanceOf(type, index + 1)),
    );
  }

  function instanceOf(type: string, ordinal: number): InstanceStatus {
    return {
      name: `${type}.${ordinal}`,
      type,
      ordinal,
      roll: undefined,
      command: `node ${type}.js`,
      port: (basePorts[type] ?? 0) + ordinal - 1,
      state: "up",
      changedMs: startMs,
      createdMs: startMs,
      version,
      pid: 1_000 + ordinal,
      restarts: 0,
      lastExit: undefined,
      schedule: undefined,
      restartInMs: undefined,
      isBlocked: false,
      reason: undefined,
      ...changes.get(`${type}.${ordinal}`),
    };
  }

  function put(one: string, change: Partial<InstanceStatus>): void {
    changes.set(one, { ...changes.get(one), ...change });
  }

  /** None means all. */
  function meant(names: readonly string[]): readonly InstanceStatus[] {
    const isMeant = ({ type, name: own }: InstanceStatus) =>
      names.includes(type) || names.includes(own);
    return instances().filter((one) => names.length === 0 || isMeant(one));
  }

  function note(what: string, by: string): number {
    asked.push(`${asked.length + 1} ${what} by ${by}`);
    return asked.length;
  }

  function unknown(names: readonly string[]): Outcome<never> | undefined {
    const known = [...formation.keys(), ...instances().map((one) => one.name)];
    const diagnostics = names
      .filter((one) => !known.includes(one))
      .map((one) => explainUnknownType(one, known, "api"));
    return diagnostics.length > 0 ? { is: "unknown-names", diagnostics } : undefined;
  }

  const status = (): AppStatus => ({
    name,
    root,
    id: "3f1c",
    pid: process.pid,
    startedMs: startMs,
    version,
    releasedMs: startMs,
    types: [...formation].map(([type, quantity]) => ({
      name: type,
      command: `node ${type}.js`,
      quantity,
      changedMs: startMs,
    })),
    instances: instances(),
  });

  const app: FakeApp = {
    asked,
    put,
    putAccount: (one, account) => accounts.set(one, account),
    tell(change) {
      for (const listen of listeners) listen(change);
    },
    listeners: () => listeners.size,
    settle(outcome) {
      for (const resolve of waiters) resolve(outcome);
      waiters.clear();
    },
    waiting: () => waiters.size,
    onShutDown() {},

    status,
    scale(wanted, by) {
      const stranger = unknown(wanted.map(({ type }) => type));
      if (stranger) return stranger;
      const next = applyScale(formation, wanted, "api");
      if (!next.ok) return { is: "refused", diagnostics: next.diagnostics };
      formation = next.value;
      const words = wanted.map(({ type, how, amount }) =>
        how === "set" ? `${type}=${amount}` : `${type}${amount < 0 ? "" : "+"}${amount}`,
      );
      return { is: "done", number: note(`scale ${words.join(" ")}`, by), value: formation };
    },
    restart(names, by) {
      const stranger = unknown(names);
      if (stranger) return Promise.resolve(stranger);
      version += 1;
      for (const one of meant(names)) {
        const restarts = one.restarts + 1;
        const pid = 1_000 * (restarts + 1) + one.ordinal;
        put(one.name, { state: "up", pid, restarts, createdMs: startMs + restarts });
      }
      const number = note(`restart ${names.join(" ") || "all"}`, by);
      return Promise.resolve({ is: "done", number, value: undefined });
    },
    stop(names, by) {
      const stranger = unknown(names);
      if (stranger) return stranger;
      for (const one of meant(names)) put(one.name, { state: "down", pid: undefined });
      return { is: "done", number: note(`stop ${names.join(" ")}`, by), value: undefined };
    },
    shutDown(by) {
      const number = note("shut down", by);
      app.onShutDown();
      return { is: "done", number, value: undefined };
    },
    reload(isDryRun, by) {
      const number = note(`reload${isDryRun ? " dry" : ""}`, by);
      const step = { type: "web", what: "replace", instances: ["web.1", "web.2"] } as const;
      const value = [{ ...step, reason: "its command changed" }];
      return Promise.resolve({ is: "done", number, value });
    },
    until(_what, names, givenUp) {
      const stranger = unknown(names);
      if (stranger?.is === "unknown-names") return Promise.resolve(stranger);
      return new Promise((resolve) => {
        const settle = (outcome: WaitOutcome) => {
          waiters.delete(settle);
          resolve(outcome);
        };
        waiters.add(settle);
        givenUp.addEventListener("abort", () =>
          settle({ is: "given-up", waiting: instances().filter(({ state }) => state !== "up") }),
        );
      });
    },
    why(names) {
      const stranger = unknown(names);
      if (stranger?.is === "unknown-names") return stranger;
      const known = { failures: 0, lastEnd: undefined, ranWell: undefined, environment: undefined };
      const value = meant(names).map((instance) => ({
        instance,
        ...known,
        ...accounts.get(instance.name),
      }));
      return { is: "known", value };
    },
    usage() {
      const usage: Usage = { cpuPercent: 12.5, memoryBytes: 50_000_000, ports: [5006] };
      return Promise.resolve(new Map([["web.1", usage]]));
    },
    onStateChange(listen) {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
  };
  return app;
}
