import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Dependency,
  findCycles,
  findObstacles,
  inStartOrder,
} from "../../src/core/dependencies.ts";
import { type Instance, type InstanceState, newInstance } from "../../src/core/instance.ts";
import { describeObstacles } from "../../src/core/obstacle.ts";

function needs(type: string, until: Dependency["until"] = "ready"): Dependency {
  return { type, until, restartWith: false };
}

const ended = (code: number) => ({ kind: "exit", code }) as const;
const states = {
  stopped: { is: "down" },
  starting: { is: "starting", sinceMs: 0 },
  up: { is: "up", sinceMs: 0, startedMs: 0 },
  crashed: { is: "crashed", status: ended(1), untilMs: 0 },
  done: { is: "exited", status: ended(0) },
  failed: { is: "exited", status: ended(3) },
  parked: { is: "parked", status: ended(127), reason: "command not found" },
  waiting: { is: "waiting", for: [{ type: "x", until: "ready" }] },
  blocked: { is: "waiting", for: [{ type: "x", until: "ready", failure: "x.1 is parked" }] },
} satisfies Record<string, InstanceState>;

function instanceIn(state: InstanceState, want: "up" | "down" = "up"): Instance {
  return { ...newInstance, want, state };
}

describe("what is waited for", () => {
  it.each<[keyof typeof states, Dependency["until"], string | undefined]>([
    ["up", "ready", undefined],
    ["done", "ready", undefined],
    ["done", "completed", undefined],
    ["up", "completed", "for db to complete"],
    ["starting", "ready", "for db to be ready"],
    ["crashed", "ready", "for db to be ready"],
    ["waiting", "ready", "for db to be ready"],
    ["failed", "completed", "for db to complete, but db.1 exited with code 3"],
    ["parked", "ready", "for db to be ready, but db.1 is parked"],
    ["blocked", "ready", "for db to be ready, but db.1 cannot be started"],
  ])("%s, until %s: %s", (name, until, expected) => {
    const instances = [{ name: "db.1", instance: instanceIn(states[name]) }];
    const obstacles = findObstacles([needs("db", until)], () => instances);
    expect(obstacles && describeObstacles(obstacles)).toBe(expected);
  });

  it("is who was stopped, but not who is only not started yet", () => {
    const of = (want: "up" | "down") =>
      describeObstacles(
        findObstacles([needs("db")], () => [
          { name: "db.1", instance: instanceIn(states.stopped, want) },
        ]) ?? [],
      );
    expect(of("down")).toBe("for db to be ready, but db.1 is stopped");
    expect(of("up")).toBe("for db to be ready");
  });

  it("is nobody of a type at 0", () => {
    expect(findObstacles([needs("db")], () => [])).toBeUndefined();
  });

  it("is each of several, and those that have failed alone when some have", () => {
    const instances = new Map<string, InstanceState>([
      ["a", states.starting],
      ["b", states.starting],
      ["c", states.up],
    ]);
    const find = (types: readonly string[]) =>
      findObstacles(
        types.map((type) => needs(type)),
        (type) => [
          { name: `${type}.1`, instance: instanceIn(instances.get(type) ?? states.parked) },
        ],
      ) ?? [];
    expect(describeObstacles(find(["a", "b", "c"]))).toBe("for a to be ready and b to be ready");
    expect(describeObstacles(find(["a", "b", "d"]))).toBe("for d to be ready, but d.1 is parked");
  });
});

/** Each type may depend on those before it: such a graph has no cycle. */
const graphs = fc
  .array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .chain((lists) => {
    const specs = lists.map((others, index) => ({
      type: `t${index}`,
      dependsOn: others.filter((other) => other < index).map((other) => needs(`t${other}`)),
    }));
    return fc.shuffledSubarray(specs, { minLength: specs.length });
  });

describe("the order of starting", () => {
  it("has every type behind those that it depends on, and all of them once", () => {
    fc.assert(
      fc.property(graphs, (specs) => {
        const order = inStartOrder(specs);
        expect(new Set(order)).toEqual(new Set(specs));
        expect(order).toHaveLength(specs.length);
        for (const [index, { dependsOn }] of order.entries()) {
          const before = order.slice(0, index).map(({ type }) => type);
          for (const { type } of dependsOn) expect(before).toContain(type);
        }
      }),
    );
  });

  it("is that of the Procfile without dependencies", () => {
    const specs = [{ type: "b" }, { type: "a" }, { type: "b" }];
    expect(inStartOrder(specs)).toEqual(specs);
  });
});

describe("cycles", () => {
  it.each<[Record<string, readonly string[]>, readonly string[]]>([
    [{ a: ["b"], b: ["c"] }, []],
    [{ a: ["a"] }, ["a a"]],
    [{ a: ["b"], b: ["a"] }, ["a b a"]],
    [{ x: ["a"], a: ["b"], b: ["c"], c: ["a"] }, ["a b c a"]],
    [{ a: ["b"], b: ["a"], c: ["d"], d: ["c"] }, ["a b a", "c d c"]],
    [{ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, []],
  ])("of %j: %j", (graph, expected) => {
    const cycles = findCycles(new Map(Object.entries(graph)));
    expect(cycles.map((types) => types.join(" "))).toEqual(expected);
  });

  it("are none where each depends on those before it alone", () => {
    fc.assert(
      fc.property(graphs, (specs) => {
        const graph = new Map(
          specs.map(({ type, dependsOn }) => [type, dependsOn.map((other) => other.type)]),
        );
        expect(findCycles(graph)).toEqual([]);
      }),
    );
  });
});
