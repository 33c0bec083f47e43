import { Buffer } from "node:buffer";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import type { InstanceSpec } from "../../src/core/plan.ts";
import type { Child, ChildEnd, ChildListener } from "../../src/process/child.ts";

/** A child without a process: keeps what was asked of it, and does what it is told. */
export interface FakeChild extends Child {
  readonly name: string;
  /** From 1, over all that were launched. */
  readonly number: number;
  /** `stop SIGTERM`, `stop leader SIGTERM`, `stop COMMAND`, `kill`, `pause`, `resume`, in the order they came. */
  readonly asked: readonly string[];
  /** Its output goes another way than it should. */
  warn(reason: string): void;
  start(): void;
  print(text: string): void;
  /** Its stop command does. */
  printByStop(text: string): void;
  failToStop(reason: string): void;
  /** The leader ends; its group lives on. */
  exit(): void;
  /** Nothing is left of it, `end` saying what else is known. */
  vanish(status: ExitStatus, end?: Partial<ChildEnd>): void;
  /** Both, as of a process that is alone in its group. */
  end(status: ExitStatus): void;
}

export interface FakeChildren {
  launch(spec: InstanceSpec, listener: ChildListener): Child;
  readonly all: readonly FakeChild[];
  /** The last that was launched under this name. */
  get(name: string): FakeChild;
  /** `web.1 stop SIGTERM`, of all children, in the order they came. */
  readonly asked: readonly string[];
}

export const exitCode = (code: number): ExitStatus => ({ kind: "exit", code });
export const terminated: ExitStatus = { kind: "signal", signal: "SIGTERM", number: 15 };
export const killed: ExitStatus = { kind: "signal", signal: "SIGKILL", number: 9 };

export function createFakeChildren(): FakeChildren {
  const all: FakeChild[] = [];
  const asked: string[] = [];

  return {
    all,
    asked,
    launch(spec, listener) {
      const child = createFakeChild(spec, all.length + 1, listener, (what) => {
        asked.push(`${spec.name} ${what}`);
      });
      all.push(child);
      return child;
    },
    get(name) {
      const child = all.findLast((candidate) => candidate.name === name);
      if (!child) throw new Error(`${name} was never launched; only ${all.map(nameOf)}`);
      return child;
    },
  };
}

function nameOf({ name }: FakeChild): string {
  return name;
}

const pidOfFirst = 1_001;

function createFakeChild(
  { name }: InstanceSpec,
  number: number,
  listener: ChildListener,
  onAsked: (what: string) => void,
): FakeChild {
  const asked: string[] = [];
  let stopCommand = "";
  const note = (what: string) => {
    asked.push(what);
    onAsked(what);
  };
  const vanish: FakeChild["vanish"] = (status, end) =>
    listener.onGone({
      status,
      swept: [],
      spared: [],
      unstoppable: [],
      isOutputHeld: false,
      ...end,
    });
  return {
    name,
    number,
    asked,
    stop({ signal, scope, command }) {
      stopCommand = command ?? "";
      note(`stop ${command ?? (scope === "leader" ? `leader ${signal}` : signal)}`);
    },
    kill: () => note("kill"),
    pause: () => note("pause"),
    resume: () => note("resume"),
    warn: (reason) => listener.onPoorPipe(reason),
    start: () => listener.onStarted(pidOfFirst + number - 1),
    print: (text) => listener.onOutput(Buffer.from(text)),
    printByStop: (text) => listener.onStopOutput(Buffer.from(text)),
    failToStop: (reason) => listener.onStopFailed(stopCommand, reason),
    exit: () => listener.onExited(),
    vanish,
    end(status) {
      listener.onExited();
      vanish(status);
    },
  };
}
