import { describe, expect, it } from "vitest";
import { adoptTypes, type Desired, desiredAtStart, stopDesired } from "../../src/core/desired.ts";
import { firstPorts, planInstances } from "../../src/core/plan.ts";
import { planReload } from "../../src/core/reload.ts";
import type { Traits } from "../../src/core/traits.ts";

type Lines = Readonly<Record<string, string>>;

function typesOf(lines: Lines) {
  return Object.entries(lines).map(([name, command], index) => ({
    name,
    command,
    line: index + 1,
  }));
}

function desiredOf(lines: Lines, counts: Readonly<Record<string, number>>): Desired {
  const types = typesOf(lines);
  const formation = new Map(types.map(({ name }) => [name, counts[name] ?? 1]));
  const specs = planInstances(types, formation, firstPorts(types, 5006));
  if (!specs.ok) throw new Error("no plan");
  return desiredAtStart({ types, basePort: 5006, formation, specs: specs.value });
}

function takenOver(now: Desired, lines: Lines): Desired {
  const next = adoptTypes(now, { types: typesOf(lines), quantityOf: () => 2 });
  if (!next.ok) throw new Error("not adopted");
  return next.value;
}

const atFirst = { web: "run web", worker: "run worker", clock: "run clock" };

describe("what a reload does", () => {
  const now = desiredOf(atFirst, { web: 2, clock: 0 });

  /** Each step in one line. */
  function plan(
    lines: Lines,
    changed: Readonly<Record<string, readonly string[]>> = {},
    from = now,
  ): readonly string[] {
    const steps = planReload(from, takenOver(from, lines), (name) => changed[name] ?? []);
    return steps.map(
      ({ type, what, instances, reason }) => `${what} ${type} [${instances}] ${reason}`,
    );
  }

  it.each<[name: string, procfile: Lines, steps: string[]]>([
    ["nothing", atFirst, []],
    ["nothing for another order", { clock: "run clock", worker: "run worker", web: "run web" }, []],
    [
      "adds",
      { ...atFirst, mailer: "run mailer" },
      ["add mailer [mailer.1,mailer.2] it is new in the Procfile"],
    ],
    [
      "removes",
      { web: "run web" },
      ["remove worker [worker.1] it left the Procfile", "remove clock [] it left the Procfile"],
    ],
    ["replaces", { ...atFirst, web: "new" }, ["replace web [web.1,web.2] its command changed"]],
    [
      "takes over a command of which none runs",
      { ...atFirst, clock: "new" },
      ["replace clock [] its command changed"],
    ],
    ["leaves release alone", { ...atFirst, release: "rake db:migrate" }, []],
    [
      "all at once, those that go first",
      { web: "new", clock: "run clock", mailer: "run mailer" },
      [
        "remove worker [worker.1] it left the Procfile",
        "replace web [web.1,web.2] its command changed",
        "add mailer [mailer.1,mailer.2] it is new in the Procfile",
      ],
    ],
  ])("%s", (_, lines, steps) => {
    expect(plan(lines)).toEqual(steps);
  });

  it("replaces those alone that would get another environment, and names the keys once", () => {
    expect(plan(atFirst, { "web.2": ["B", "A"], "worker.1": ["A"] })).toEqual([
      "replace web [web.2] A, B changed in the environment",
      "replace worker [worker.1] A changed in the environment",
    ]);
    expect(plan(atFirst, { "web.1": ["B"], "web.2": ["B", "A"] })).toEqual([
      "replace web [web.1,web.2] A, B changed in the environment",
    ]);
  });

  it("replaces all of a type whose command has changed, whatever else has", () => {
    expect(plan({ ...atFirst, web: "new" }, { "web.2": ["A"] })).toEqual([
      "replace web [web.1,web.2] its command changed",
    ]);
  });

  it("does not touch who has been stopped", () => {
    const specs = now.specs.filter(({ name }) => name === "web.1");
    const stopped = stopDesired(now, specs);
    expect(plan({ ...atFirst, web: "new" }, {}, stopped)).toEqual([
      "replace web [web.2] its command changed",
    ]);
    expect(plan(atFirst, { "web.1": ["A"] }, stopped)).toEqual([]);
  });

  it("asks for the keys of nobody who goes or comes", () => {
    const asked: string[] = [];
    planReload(now, takenOver(now, { web: "run web", mailer: "run mailer" }), (name) => {
      asked.push(name);
      return [];
    });
    expect(asked).toEqual(["web.1", "web.2"]);
  });
});

describe("what a reload makes of settings", () => {
  const pattern = (source: string): Traits => ({
    ready: { check: { is: "log", pattern: new RegExp(source) }, timeoutMs: 1, intervalMs: 1 },
  });

  it.each<[string, Traits, Traits, readonly string[]]>([
    ["nothing that has not changed", pattern("a"), pattern("a"), []],
    [
      "what holds at once",
      {},
      { restart: { max: 1 }, stop: { graceMs: 1 }, isEssential: true },
      ["web: adjust web.1 (stop, restart, essential changed in procman.yml)"],
    ],
    [
      "another pattern",
      pattern("a"),
      pattern("b"),
      ["web: adjust web.1 (ready changed in procman.yml)"],
    ],
    [
      "what a run was started with",
      { launch: { env: new Map([["A", "1"]]) } },
      { launch: { env: new Map([["A", "2"]]), cwd: "/" }, restart: { max: 1 } },
      ["web: replace web.1 (cwd, env, restart changed in procman.yml)"],
    ],
    [
      "nothing of variables in another order",
      {
        launch: {
          env: new Map([
            ["A", "1"],
            ["B", "2"],
          ]),
        },
      },
      {
        launch: {
          env: new Map([
            ["B", "2"],
            ["A", "1"],
          ]),
        },
      },
      [],
    ],
    ["a port", { isPortless: true }, {}, ["web: replace web.1 (port changed in procman.yml)"]],
  ])("%s", (_, before, after, expected) => {
    const web = { name: "web", command: "run web", line: 1 };
    const now = desiredOf({ web: "run web" }, {});
    const from = { ...now, types: [{ ...web, ...before }] };
    const next = { ...now, types: [{ ...web, ...after }] };
    const steps = planReload(from, next, () => []).map(
      ({ type, what, instances, reason }) => `${type}: ${what} ${instances.join()} (${reason})`,
    );
    expect(steps).toEqual(expected);
  });
});
