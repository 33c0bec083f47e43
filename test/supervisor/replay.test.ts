import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import type { ScaleChange } from "../../src/core/scale.ts";
import type { Outcome } from "../../src/supervisor/outcome.ts";
import { exitCode, type FakeChild, terminated } from "../support/fake-child.ts";
import { createSubject, typesOf } from "../support/fake-supervised.ts";
import { type Command, WantedModel } from "../support/wanted-model.ts";

const by = "marc with procman";
const atFirst = ["a.1", "b.1", "c.0"];
const types = ["a", "b", "c", "d", "nobody"];
const names = [...types, "a.1", "a.2", "a.4", "b.1", "b.2", "c.1", "d.1", "a.0", "a"];
const procfiles = [
  ["a", "b", "c"],
  ["c", "a", "d"],
  ["d", "release", "b", "a"],
];

/** What may happen beside commands: to the n-th child that is not gone, or to the clock. */
type Happening =
  | { readonly what: "start"; readonly nth: number }
  | { readonly what: "exit"; readonly nth: number }
  | { readonly what: "gone"; readonly nth: number; readonly code: number }
  | { readonly what: "pass"; readonly ms: number };

const amount = fc.oneof(
  fc.record({ how: fc.constant("set" as const), amount: fc.nat({ max: 4 }) }),
  fc.record({ how: fc.constant("add" as const), amount: fc.integer({ min: -3, max: 2 }) }),
  fc.constant({ how: "set" as const, amount: 100_000 }),
);
const change: fc.Arbitrary<ScaleChange> = fc
  .tuple(fc.constantFrom(...types), amount)
  .map(([type, rest]) => ({ type, ...rest }));
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("scale" as const),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("restart" as const),
      names: fc.array(fc.constantFrom(...names), { maxLength: 2 }),
      procfile: fc.constantFrom(...procfiles),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("stop" as const),
      names: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }),
    }),
  },
);
const nth = fc.nat({ max: 9 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ what: fc.constant("start" as const), nth }),
  fc.record({ what: fc.constant("exit" as const), nth }),
  fc.record({
    what: fc.constant("gone" as const),
    nth,
    code: fc.constantFrom(0, 0, 1, 1, 127),
  }),
  fc.record({
    what: fc.constant("pass" as const),
    ms: fc.constantFrom(1, 500, 1_000, 11_000, 60_000),
  }),
);

/** A supervisor and what it launched, with what is known of each child. */
function createWorld() {
  const subject = createSubject(atFirst);
  const { supervisor, children, clock } = subject;
  const gone = new Set<FakeChild>();
  const started = new Set<FakeChild>();
  supervisor.start();

  const alive = () => children.all.filter((child) => !gone.has(child));
  const start = (child: FakeChild) => {
    if (!started.has(child)) child.start();
    started.add(child);
  };
  const end = (child: FakeChild, status: ExitStatus) => {
    gone.add(child);
    child.end(status);
  };

  function befall(event: Exclude<Happening, { what: "pass" }>): void {
    const child = alive()[event.nth % Math.max(1, alive().length)];
    if (child === undefined) return;
    switch (event.what) {
      case "start":
        start(child);
        return;
      case "exit":
        child.exit();
        return;
      case "gone":
        end(child, exitCode(event.code));
        return;
    }
  }

  return {
    ...subject,
    alive,
    carryOut(asked: Command): Outcome<unknown> {
      switch (asked.what) {
        case "scale":
          return supervisor.scale(asked.changes, by);
        case "restart":
          return supervisor.restart(
            asked.names,
            { types: typesOf(...asked.procfile), quantityOf: () => 1 },
            by,
          );
        case "stop":
          return supervisor.stop(asked.names, by);
      }
    },
    happen(event: Happening): void {
      if (event.what === "pass") clock.advance(event.ms);
      else befall(event);
    },
    /** All children do as they were told, for as long as there is something to do. */
    settle(): void {
      for (let round = 0; round < 4; round += 1) {
        for (const child of alive()) {
          if (child.asked.length === 0) start(child);
          else end(child, terminated);
        }
        clock.advance(60_000);
      }
    },
  };
}

type World = ReturnType<typeof createWorld>;

/** Holds at every moment. */
function checkMoment({ supervisor, alive, ended }: World): void {
  if (ended.length > 0) expect([ended.length, alive()]).toEqual([1, []]);
  const owners = alive().map(({ name }) => name);
  expect(new Set(owners).size).toBe(owners.length);
  const instances = supervisor.instances();
  expect(new Set(instances.map(({ name }) => name)).size).toBe(instances.length);
  expect(new Set(instances.map(({ port }) => port)).size).toBe(instances.length);
}

/** Holds when nothing is under way. */
function checkSettled(world: World, model: WantedModel): void {
  const { supervisor, alive, ended } = world;
  const quantities = supervisor.types().map(({ name, quantity }) => [name, quantity]);
  expect(quantities).toEqual([...model.formation]);
  expect(supervisor.instances().map(({ name }) => name)).toEqual(model.instances());
  const final = new Set<string>();
  for (const { name, state, lastExit } of supervisor.instances()) {
    if (!model.isWanted(name)) {
      expect([name, state]).toEqual([name, "down"]);
    } else if (state !== "up") {
      // By itself, and so that it is not started again.
      expect(["exited", "parked"]).toContain(state);
      expect([exitCode(0), exitCode(127)]).toContainEqual(lastExit);
      final.add(name);
    }
  }
  const shallRun = model.instances().filter((name) => model.isWanted(name) && !final.has(name));
  expect(
    alive()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...shallRun].sort());
  const isOver = model.emptied.size === 0 && final.size === model.instances().length;
  expect(ended.length).toBe(isOver ? 1 : 0);
}

describe("any sequence of commands, whatever the processes do meanwhile", () => {
  it("leaves what replaying them in the order of their numbers gives", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(command, happening), { maxLength: 40 }), (steps) => {
        const world = createWorld();
        const model = new WantedModel({ a: 1, b: 1, c: 0 });
        let number = 0;
        for (const step of steps) {
          if (isCommand(step)) number = obey(world, model, step, number);
          else world.happen(step);
          checkMoment(world);
        }
        world.settle();
        checkMoment(world);
        checkSettled(world, model);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Both carry it out, or both refuse. Gives the number of the last that was carried out. */
function obey(world: World, model: WantedModel, asked: Command, number: number): number {
  const hasEnded = world.ended.length > 0;
  const outcome = world.carryOut(asked);
  const isAllowed = !hasEnded && model.apply(asked);
  expect([asked, outcome.is === "done"]).toEqual([asked, isAllowed]);
  if (outcome.is !== "done") return number;
  expect(outcome.number).toBe(number + 1);
  return outcome.number;
}

function isCommand(step: Command | Happening): step is Command {
  return step.what === "scale" || step.what === "restart" || step.what === "stop";
}
