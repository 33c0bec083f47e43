import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adoptCommands,
  adoptTypes,
  type Desired,
  desiredAtStart,
  findNamed,
  scaleDesired,
  startDesired,
  stopDesired,
} from "../../src/core/desired.ts";
import { formatDiagnostic, type Result } from "../../src/core/diagnostic.ts";
import { firstPorts, planInstances } from "../../src/core/plan.ts";
import type { ProcessType } from "../../src/core/procfile.ts";
import { formatFormation, readScaleWords } from "../../src/core/scale.ts";

/** `web` or `web: command`, in the order of the Procfile. */
function typesOf(lines: readonly string[]): readonly ProcessType[] {
  return lines.map((line, index) => {
    const [name = "", command = `run ${name}`] = line.split(": ");
    return { name, command, line: index + 1 };
  });
}

function desiredOf(counts: Readonly<Record<string, number>>, basePort = 5006): Desired {
  const types = typesOf(["release", ...Object.keys(counts)]);
  const formation = new Map(Object.entries(counts));
  const specs = planInstances(types, formation, firstPorts(types, basePort));
  return desiredAtStart({ types, basePort, formation, specs: unwrap(specs) });
}

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join("\n"));
  return result.value;
}

function problemsOf(result: Result<unknown>): readonly string[] {
  return result.ok ? [] : result.diagnostics.map(formatDiagnostic);
}

function scaled(desired: Desired, words: string): Desired {
  return unwrap(scale(desired, words));
}

function scale(desired: Desired, words: string): Result<Desired> {
  return scaleDesired(desired, unwrap(readScaleWords(words.split(" "), "scale")));
}

function stopped(desired: Desired, ...names: readonly string[]): Desired {
  return stopDesired(desired, unwrap(findNamed(desired, names)));
}

function adopted(desired: Desired, ...lines: readonly string[]): Desired {
  return unwrap(adoptTypes(desired, { types: typesOf(lines), quantityOf: () => 1 }));
}

/** `web.1 5006`, those that are stopped in brackets. */
function instancesOf({ specs, stopped: off }: Desired): readonly string[] {
  return specs.map(({ name, port }) => (off.has(name) ? `(${name} ${port})` : `${name} ${port}`));
}

const manyNames = Array.from({ length: 1_000 }, (_, number) => `none${number}`);

describe("scaling", () => {
  it("plans the specs of the new formation, in the order of the Procfile", () => {
    const next = scaled(desiredOf({ worker: 1, web: 1 }), "web=2 worker+1");
    expect(formatFormation(next.formation)).toBe("web=2 worker=2");
    expect(instancesOf(next)).toEqual([
      "worker.1 5106",
      "worker.2 5107",
      "web.1 5006",
      "web.2 5007",
    ]);
  });

  it.each<[name: string, words: string, problems: string[]]>([
    [
      "an unknown type",
      "web=2 wroker=3",
      ['scale: error: no process type "wroker" in the Procfile; did you mean "worker"?'],
    ],
    [
      "release",
      "release=1",
      [
        'scale: error: "release" is not started with the app; run it by itself: procman run release; or before all else: procman start --release',
      ],
    ],
    [
      "more than there are",
      "worker-2",
      ["scale: error: worker is at 1, which is less than 2; take away at most 1, or say worker=0"],
    ],
    [
      "more than there is room for",
      "web=101",
      [
        "formation: error: web=101 would run into the ports of worker, which begin at 5106; a type has room for 100 instances",
      ],
    ],
    [
      "more than there are ports",
      "clock=100000",
      [
        "formation: error: clock=100000 needs the ports 5206 to 105205, and ports go from 1 to 65535; choose a lower --port or fewer instances",
      ],
    ],
  ])("changes nothing for %s", (_, words, problems) => {
    const desired = desiredOf({ web: 1, worker: 1, clock: 1 });
    const before = structuredClone(desired);
    expect(problemsOf(scale(desired, words))).toEqual(problems);
    expect(desired).toEqual(before);
  });

  it("explains fifty mistakes of a request that is full of them", () => {
    const changes = manyNames.map((type) => ({ type, how: "set", amount: 1 }) as const);
    const problems = problemsOf(scaleDesired(desiredOf({ web: 1 }), changes));
    expect(problems.length).toBe(51);
    expect(problems.at(-1)).toBe("scale: error: and 950 more errors");
  });

  it("knows which types a person has emptied, and those only", () => {
    const desired = desiredOf({ web: 2, worker: 0 });
    expect([...desired.emptied]).toEqual([]);
    expect([...scaled(desired, "web=0").emptied]).toEqual(["web"]);
    expect([...scaled(desired, "web-2 worker=0").emptied]).toEqual(["web", "worker"]);
    expect([...scaled(scaled(desired, "web=0"), "worker=1").emptied]).toEqual(["web"]);
    expect([...scaled(scaled(desired, "web=0"), "web+1").emptied]).toEqual([]);
  });

  it("forgets that one was stopped when it goes, and not when another goes", () => {
    const desired = stopped(desiredOf({ web: 3 }), "web.1", "web.3");
    const fewer = scaled(desired, "web=2");
    expect(instancesOf(fewer)).toEqual(["(web.1 5006)", "web.2 5007"]);
    expect(instancesOf(scaled(fewer, "web=3"))).toEqual([
      "(web.1 5006)",
      "web.2 5007",
      "web.3 5008",
    ]);
  });
});

describe("stopping and starting", () => {
  const desired = desiredOf({ web: 2, worker: 1 });

  it("is of those that are named", () => {
    const some = stopped(desired, "web.2", "worker");
    expect(instancesOf(some)).toEqual(["web.1 5006", "(web.2 5007)", "(worker.1 5106)"]);
    const again = startDesired(some, unwrap(findNamed(some, ["worker.1"])));
    expect(instancesOf(again)).toEqual(["web.1 5006", "(web.2 5007)", "worker.1 5106"]);
  });

  it("changes nothing the second time, and of none", () => {
    const some = stopped(desired, "web");
    expect(stopped(some, "web", "web.1")).toEqual(some);
    expect(stopDesired(desired, [])).toEqual(desired);
    expect(startDesired(desired, desired.specs)).toEqual(desired);
  });
});

describe("names", () => {
  const desired = desiredOf({ web: 2, worker: 1, clock: 0 });

  it.each<[name: string, names: string[], found: string[]]>([
    ["none means all", [], ["web.1", "web.2", "worker.1"]],
    ["a type", ["web"], ["web.1", "web.2"]],
    ["one", ["web.2"], ["web.2"]],
    ["both, each once", ["web.2", "web", "web.2"], ["web.1", "web.2"]],
    ["a type at 0", ["clock"], []],
    ["in the order of the Procfile", ["worker.1", "web.1"], ["web.1", "worker.1"]],
  ])("%s", (_, names, found) => {
    expect(unwrap(findNamed(desired, names)).map(({ name }) => name)).toEqual(found);
  });

  it.each<[name: string, names: string[], problems: string[]]>([
    [
      "an unknown type, once",
      ["wbe", "web", "wbe"],
      ['names: error: no process type "wbe" in the Procfile; did you mean "web"?'],
    ],
    [
      "one of an unknown type",
      ["nothing.1"],
      ['names: error: no process type "nothing" in the Procfile; it has web, worker, clock'],
    ],
    [
      "one that is not there",
      ["web.3"],
      ['names: error: there is no process "web.3"; did you mean "web.1"?'],
    ],
    [
      "one of a type at 0",
      ["clock.1"],
      ['names: error: there is no process "clock.1"; start one with: procman scale clock=1'],
    ],
    [
      "release",
      ["release"],
      [
        'names: error: "release" is not started with the app; run it by itself: procman run release; or before all else: procman start --release',
      ],
    ],
    ["all that are wrong", ["a", "b"], [unknown("a"), unknown("b")]],
    [
      "what Object has by birth",
      ["__proto__", "constructor"],
      [unknown("__proto__"), unknown("constructor")],
    ],
    ["nothing", [""], [unknown("")]],
  ])("are refused: %s", (_, names, problems) => {
    expect(problemsOf(findNamed(desired, names))).toEqual(problems);
  });

  it("are explained fifty times", () => {
    expect(problemsOf(findNamed(desired, manyNames)).length).toBe(51);
  });

  function unknown(name: string): string {
    return `names: error: no process type "${name}" in the Procfile; it has web, worker, clock`;
  }
});

describe("taking over a Procfile", () => {
  const desired = desiredOf({ web: 2, worker: 1, clock: 0 });

  it("keeps quantities, and asks for those of new types alone", () => {
    const asked: string[] = [];
    const quantityOf = (type: string) => asked.push(type) + 2;
    const fresh = { types: typesOf(["clock", "mailer", "web"]), quantityOf };
    const next = unwrap(adoptTypes(desired, fresh));
    expect(asked).toEqual(["mailer"]);
    expect([...next.formation]).toEqual([
      ["clock", 0],
      ["mailer", 3],
      ["web", 2],
    ]);
  });

  it("takes over commands and order", () => {
    const next = adopted(desired, "worker: bundle exec sidekiq", "web", "clock");
    expect(next.specs.map(({ name, command }) => `${name} ${command}`)).toEqual([
      "worker.1 bundle exec sidekiq",
      "web.1 run web",
      "web.2 run web",
    ]);
  });

  it("lets everybody keep their ports, though types come, go and come back", () => {
    const more = adopted(desired, "mailer", "web", "worker", "clock");
    expect(instancesOf(more)).toEqual([
      "mailer.1 5306",
      "web.1 5006",
      "web.2 5007",
      "worker.1 5106",
    ]);
    const fewer = adopted(more, "cron", "web");
    expect(instancesOf(fewer)).toEqual(["cron.1 5406", "web.1 5006", "web.2 5007"]);
    const back = adopted(fewer, "worker", "web", "cron", "mailer", "clock");
    expect(instancesOf(back)).toEqual([
      "worker.1 5106",
      "web.1 5006",
      "web.2 5007",
      "cron.1 5406",
      "mailer.1 5306",
      "clock.1 5206",
    ]);
  });

  it("never gives release a place", () => {
    const next = adopted(desired, "release: rake db:migrate", "web");
    expect([...next.formation.keys()]).toEqual(["web"]);
    expect(next.ports.has("release")).toBe(false);
    expect(next.types.map(({ name }) => name)).toEqual(["release", "web"]);
  });

  it("forgets what was stopped or emptied of a type that is gone", () => {
    const off = scaled(stopped(desired, "web", "worker.1"), "clock=0");
    const next = adopted(off, "web");
    expect([[...next.stopped], [...next.emptied]]).toEqual([["web.1", "web.2"], []]);
    const back = adopted(next, "web", "worker", "clock");
    expect([[...back.stopped], [...back.emptied]]).toEqual([["web.1", "web.2"], []]);
  });

  it("refuses a type that comes where another has taken the ports", () => {
    const crowded = scaled(desiredOf({ web: 1, worker: 1 }), "worker=150");
    const fresh = { types: typesOf(["web", "worker", "clock"]), quantityOf: () => 1 };
    expect(problemsOf(adoptTypes(crowded, fresh))).toEqual([
      "formation: error: worker=150 would run into the ports of clock, which begin at 5206; a type has room for 100 instances",
    ]);
  });
});

describe("taking over the commands of some types", () => {
  const desired = desiredOf({ web: 2, worker: 1 });

  it("leaves all others as they were", () => {
    const fresh = typesOf(["web: new", "worker: new", "mailer"]);
    const next = unwrap(adoptCommands(desired, fresh, new Set(["web"])));
    expect(next.specs.map(({ name, command }) => `${name} ${command}`)).toEqual([
      "web.1 new",
      "web.2 new",
      "worker.1 run worker",
    ]);
    expect(next.formation).toEqual(desired.formation);
  });

  it("refuses what the Procfile has no more", () => {
    const fresh = typesOf(["worker"]);
    expect(problemsOf(adoptCommands(desired, fresh, new Set(["web", "worker"])))).toEqual([
      'Procfile: error: "web" is not in it any more; procman reload takes that over, and stops it',
    ]);
    expect(adoptCommands(desired, fresh, new Set(["worker"])).ok).toBe(true);
  });
});

type Step = (desired: Desired) => Result<Desired>;

const names = ["web", "worker", "clock", "mailer"];
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom(...names, "nobody"), fc.integer({ min: 0, max: 120 })).map(
    ([type, amount]) =>
      (desired: Desired) =>
        scale(desired, `${type}=${amount}`),
  ),
  fc
    .shuffledSubarray(names, { minLength: 1 })
    .map(
      (lines) => (desired: Desired) =>
        adoptTypes(desired, { types: typesOf(lines), quantityOf: () => 1 }),
    ),
  fc.constantFrom(...names, "web.1", "worker.2").map((name) => (desired: Desired) => {
    const found = findNamed(desired, [name]);
    return found.ok ? { ...found, value: stopDesired(desired, found.value) } : found;
  }),
);

describe("any sequence of changes", () => {
  it("leaves specs that follow from the formation, each with a port of its own for ever", () => {
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 30 }), (steps) => {
        const ports = new Map<string, number>();
        steps.reduce(
          (desired, step) => {
            const next = step(desired);
            checkWhole(next.ok ? next.value : desired, ports);
            return next.ok ? next.value : desired;
          },
          desiredOf({ web: 1, worker: 1 }),
        );
      }),
    );
  });

  /** `ports` are those that were seen before. */
  function checkWhole(desired: Desired, ports: Map<string, number | undefined>): void {
    const { specs, formation, stopped: off, emptied } = desired;
    for (const { name, port } of specs) {
      expect(ports.get(name) ?? port).toBe(port);
      ports.set(name, port);
    }
    expect(new Set(specs.map(({ port }) => port)).size).toBe(specs.length);
    const wanted = [...formation].flatMap(([type, count]) =>
      Array.from({ length: count }, (_, index) => `${type}.${index + 1}`),
    );
    expect(specs.map(({ name }) => name)).toEqual(wanted);
    expect(wanted).toEqual(expect.arrayContaining([...off]));
    for (const type of emptied) expect(formation.get(type)).toBe(0);
  }
});
