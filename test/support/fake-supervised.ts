/** A supervisor without processes and without time, and what became of it. */
import { describeNotice } from "../../src/core/notice.ts";
import { firstPorts, planInstances } from "../../src/core/plan.ts";
import type { ProcessType } from "../../src/core/procfile.ts";
import type { Pace } from "../../src/supervisor/pressure.ts";
import { createSupervisor, type SupervisorOptions } from "../../src/supervisor/supervisor.ts";
import { createFakeChildren } from "./fake-child.ts";
import { createFakeClock } from "./fake-clock.ts";

/** By the names of its instances, in the order of the Procfile; `a.0` is a type at 0. */
function startOf(names: readonly string[]): SupervisorOptions["start"] {
  const formation = new Map<string, number>();
  for (const name of names) {
    const [type = "", ordinal] = name.split(".");
    formation.set(type, Math.max(formation.get(type) ?? 0, Number(ordinal)));
  }
  const types = typesOf(...formation.keys());
  const basePort = 5006;
  const specs = planInstances(types, formation, firstPorts(types, basePort));
  if (!specs.ok) throw new Error("these are no instances");
  return { types, basePort, formation, specs: specs.value };
}

/** `a`, or `a: command`. */
export function typesOf(...lines: readonly string[]): readonly ProcessType[] {
  return lines.map((text, index) => {
    const [name = "", command = `run ${name}`] = text.split(": ");
    return { name, command, line: index + 1 };
  });
}

export interface Probe {
  readonly name: string;
  readonly givenUp: AbortSignal;
  readonly answer: (isReady: boolean) => Promise<void>;
}

/** Until all that waited for a promise has gone on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What became of it is in `told` and `ended`. */
export function createSubject(
  names: readonly string[],
  options: Partial<SupervisorOptions> = {},
  tools: Partial<SupervisorOptions["tools"]> = {},
) {
  const clock = createFakeClock();
  const children = createFakeChildren();
  const told: string[] = [];
  const ended: number[] = [];
  const ranWell: string[] = [];
  const probes: Probe[] = [];
  const memory = new Map<string, number>();
  const paces = new Map<string, Pace>();
  const supervisor = createSupervisor({
    start: startOf(names),
    ends: { restart: "on-failure", exitOn: "all" },
    graceMs: 10_000,
    drainMs: undefined,
    onTypes() {},
    onEnded: (code) => ended.push(code),
    tools: {
      launch: children.launch,
      prober: {
        untilReady: ({ spec: { name }, givenUp }) =>
          new Promise((resolve) => {
            const answer = (isReady: boolean) => {
              resolve({ is: isReady ? "ready" : "given-up" });
              return turn();
            };
            probes.push({ name, givenUp, answer });
          }),
        untilUnhealthy: () => new Promise(() => {}),
      },
      nextRunMs: () => undefined,
      ports: undefined,
      openOutput: (name, pace) => {
        paces.set(name, pace);
        return {
          push: (bytes) => told.push(`${name} prints ${bytes}`),
          pause() {},
          resume() {},
          end: () => told.push(`${name} prints no more`),
        };
      },
      tell: (name, notice) => {
        const line = describeNotice(notice);
        if (line !== undefined) told.push(`${name} ${line}`);
      },
      drain: async () => {},
      onChange() {},
      onUnreplaced() {},
      onRanWell: (name) => ranWell.push(name),
      announce: (text) => told.push(text),
      sampleMemory: async () => memory,
      clock,
      timeMs: clock.nowMs,
      random: () => 0.5,
      ...tools,
    },
    ...options,
  });
  return { clock, children, told, ended, ranWell, probes, memory, paces, supervisor };
}

/** All of it started, and alive for a while. */
export function createRunning(
  names: readonly string[],
  options: Partial<SupervisorOptions> = {},
  tools: Partial<SupervisorOptions["tools"]> = {},
) {
  const subject = createSubject(names, options, tools);
  subject.supervisor.start();
  for (const child of subject.children.all) child.start();
  subject.clock.advance(1_000);
  return subject;
}
