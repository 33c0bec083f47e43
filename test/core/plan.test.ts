import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiagnostic, type Result } from "../../src/core/diagnostic.ts";
import { firstPorts, type InstanceSpec, planInstances } from "../../src/core/plan.ts";
import type { ProcessType } from "../../src/core/procfile.ts";

function typesOf(names: readonly string[]): readonly ProcessType[] {
  return names.map((name, index) => ({ name, command: `run ${name}`, line: index + 1 }));
}

type Counts = Readonly<Record<string, number>>;

function plan(names: readonly string[], counts: Counts, basePort = 5006) {
  return planInstances(
    typesOf(names),
    new Map(Object.entries(counts)),
    firstPorts(typesOf(names), basePort),
  );
}

function portsOf(result: Result<readonly InstanceSpec[]>): readonly string[] {
  return result.ok
    ? result.value.map(({ name, port }) => `${name} ${port}`)
    : result.diagnostics.map(formatDiagnostic);
}

describe("an instance", () => {
  it("is kept together as its type says", () => {
    const types = typesOf(["web"]).map((type) => ({ ...type, isolation: "cgroup" }) as const);
    const specs = planInstances(types, new Map([["web", 1]]), firstPorts(types, 5006));
    expect(specs.ok && specs.value.map(({ isolation }) => isolation)).toEqual(["cgroup"]);
  });

  it("is stopped as its type says, if that says anything", () => {
    const [web, worker] = typesOf(["web", "worker"]);
    const stop = { signal: "SIGINT", scope: "leader" } as const;
    const types = [...(web ? [web] : []), ...(worker ? [{ ...worker, stop }] : [])];
    const formation = new Map([
      ["web", 1],
      ["worker", 2],
    ] as const);
    const specs = planInstances(types, formation, firstPorts(types, 5006));
    expect(specs.ok && specs.value.map((spec) => spec.stop)).toEqual([undefined, stop, stop]);
  });
});

describe("the first port of each type", () => {
  it.each<[name: string, types: string[], ports: [string, number][]]>([
    ["only web", ["web"], [["web", 5006]]],
    [
      "web first",
      ["web", "worker"],
      [
        ["web", 5006],
        ["worker", 5106],
      ],
    ],
    [
      "web last",
      ["worker", "clock", "web"],
      [
        ["worker", 5106],
        ["clock", 5206],
        ["web", 5006],
      ],
    ],
    [
      "no web",
      ["worker", "clock"],
      [
        ["worker", 5106],
        ["clock", 5206],
      ],
    ],
    [
      "release takes no place",
      ["web", "release", "worker"],
      [
        ["web", 5006],
        ["worker", 5106],
      ],
    ],
    ["only release", ["release"], []],
    [
      "Web is another name",
      ["Web", "web"],
      [
        ["Web", 5106],
        ["web", 5006],
      ],
    ],
  ])("%s", (_, names, ports) => {
    expect([...firstPorts(typesOf(names), 5006)]).toEqual(ports);
  });
});

describe("a port that is given", () => {
  it.each<[name: string, types: string[], ports: [string, number][]]>([
    [
      "is kept when a type comes in between",
      ["web", "mailer", "worker"],
      [
        ["web", 5006],
        ["worker", 5106],
        ["mailer", 5206],
      ],
    ],
    [
      "stays its type's when that has gone",
      ["clock"],
      [
        ["web", 5006],
        ["worker", 5106],
        ["clock", 5206],
      ],
    ],
  ])("%s", (_, names, ports) => {
    const given = new Map([
      ["web", 5006],
      ["worker", 5106],
    ]);
    expect([...firstPorts(typesOf(names), 5006, given)]).toEqual(ports);
  });

  it("leaves the base to a web that comes later", () => {
    expect([...firstPorts(typesOf(["web", "a"]), 5006, new Map([["a", 5106]]))]).toEqual([
      ["a", 5106],
      ["web", 5006],
    ]);
  });
});

describe("a plan", () => {
  it.each<[name: string, types: string[], counts: Counts, ports: readonly string[]]>([
    ["one of each", ["web", "worker"], { web: 1, worker: 1 }, ["web.1 5006", "worker.1 5106"]],
    ["a count", ["web", "worker"], { web: 2, worker: 0 }, ["web.1 5006", "web.2 5007"]],
    [
      "in the order of the Procfile",
      ["b", "web", "a"],
      { a: 1, b: 1, web: 1 },
      ["b.1 5106", "web.1 5006", "a.1 5206"],
    ],
    ["types at 0 keep their place", ["a", "b"], { a: 0, b: 1 }, ["b.1 5206"]],
    ["types that nobody names", ["a", "b"], { b: 1 }, ["b.1 5206"]],
    [
      "release, which has no port",
      ["web", "release"],
      { web: 1, release: 1 },
      ["web.1 5006", "release.1 undefined"],
    ],
    ["nothing", ["web"], {}, []],
  ])("%s", (_, names, counts, ports) => {
    expect(portsOf(plan(names, counts))).toEqual(ports);
  });

  it("has all of a spec", () => {
    const result = plan(["web"], { web: 2 });
    expect(result.ok && result.value[1]).toEqual({
      name: "web.2",
      type: "web",
      ordinal: 2,
      command: "run web",
      port: 5007,
    });
  });

  it("fills the whole room of a type, and all there is behind the last", () => {
    const full = plan(["web", "worker"], { web: 100, worker: 150 });
    expect(full.ok && full.value.at(99)?.port).toBe(5105);
    expect(full.ok && full.value.at(-1)?.port).toBe(5255);
    const last = plan(["worker"], { worker: 436 }, 65_000);
    expect(last.ok && last.value.at(-1)?.port).toBe(65_535);
  });
});

describe("a plan that cannot be", () => {
  const room = "a type has room for 100 instances";
  const lower = "choose a lower --port or fewer instances";
  it.each<[name: string, types: string[], Counts, basePort: number, said: readonly string[]]>([
    [
      "into the next type",
      ["web", "worker"],
      { web: 101 },
      5006,
      [
        `formation: error: web=101 would run into the ports of worker, which begin at 5106; ${room}`,
      ],
    ],
    [
      "into the next type, web being last",
      ["worker", "clock", "web"],
      { web: 250 },
      5006,
      [
        `formation: error: web=250 would run into the ports of worker, which begin at 5106; ${room}`,
      ],
    ],
    [
      "into a type that does not run",
      ["a", "b"],
      { a: 101, b: 0 },
      5006,
      [`formation: error: a=101 would run into the ports of b, which begin at 5206; ${room}`],
    ],
    [
      "above the last port",
      ["web"],
      { web: 2 },
      65_535,
      [
        `formation: error: web=2 needs the ports 65535 to 65536, and ports go from 1 to 65535; ${lower}`,
      ],
    ],
    [
      "every type that does not fit",
      ["web", "a", "b"],
      { web: 1, a: 1, b: 1 },
      65_535,
      [
        `formation: error: a=1 needs the ports 65635 to 65635, and ports go from 1 to 65535; ${lower}`,
        `formation: error: b=1 needs the ports 65735 to 65735, and ports go from 1 to 65535; ${lower}`,
      ],
    ],
  ])("%s", (_, names, counts, basePort, said) => {
    expect(portsOf(plan(names, counts, basePort))).toEqual(said);
  });
});

describe("whatever is asked for", () => {
  const names = fc.uniqueArray(
    fc.oneof(
      fc.constantFrom("web", "worker", "release"),
      fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
    ),
    { minLength: 1, maxLength: 12 },
  );
  const basePort = fc.oneof(
    fc.integer({ min: 1, max: 65_535 }),
    fc.integer({ min: 1_024, max: 6_000 }),
  );
  const counts = fc.array(fc.oneof(fc.nat(4), fc.nat(120)), { minLength: 12, maxLength: 12 });

  function specsOf(types: readonly string[], numbers: readonly number[], port: number) {
    const formation = new Map(types.map((name, index) => [name, numbers[index] ?? 0]));
    const result = planInstances(typesOf(types), formation, firstPorts(typesOf(types), port));
    return result.ok ? result.value : undefined;
  }

  it("no two instances share a port or a name, and all ports are ports", () => {
    fc.assert(
      fc.property(names, counts, basePort, (types, numbers, port) => {
        const specs = specsOf(types, numbers, port) ?? [];
        const reached = specs.filter(({ type }) => type !== "release");
        expect(new Set(reached.map((spec) => spec.port)).size).toBe(reached.length);
        expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);
        for (const spec of reached) {
          expect(spec.port).toBeGreaterThanOrEqual(1);
          expect(spec.port).toBeLessThanOrEqual(65_535);
        }
      }),
    );
  });

  it("the same name has the same port", () => {
    fc.assert(
      fc.property(names, counts, counts, basePort, (types, first, second, port) => {
        const ports = new Map(specsOf(types, first, port)?.map((spec) => [spec.name, spec.port]));
        for (const spec of specsOf(types, second, port) ?? []) {
          expect(spec.port).toBe(ports.get(spec.name) ?? spec.port);
        }
      }),
    );
  });

  it("web has the base wherever it stands, and release has none", () => {
    fc.assert(
      fc.property(names, basePort, (types, port) => {
        const ports = firstPorts(typesOf(types), port);
        expect(ports.get("web")).toBe(types.includes("web") ? port : undefined);
        expect(ports.has("release")).toBe(false);
      }),
    );
  });
});
