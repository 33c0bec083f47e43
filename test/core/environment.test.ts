import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appVariables,
  builtInVariables,
  type EnvironmentLayers,
  findOverridden,
  findPortVariableClashes,
  instanceVariables,
  mergeLayers,
  outerMarks,
  portVariable,
} from "../../src/core/environment.ts";

type Variables = Readonly<Record<string, string>>;

function layersOf(builtIn: Variables, files: Variables, shell: Variables): EnvironmentLayers {
  const [first, second, third] = [builtIn, files, shell].map(
    (each) => new Map(Object.entries(each)),
  );
  if (!(first && second && third)) throw new Error("three layers were expected");
  return { builtIn: first, files: second, shell: third, filesWin: false };
}

describe("the layers of an environment", () => {
  it.each<[name: string, layers: EnvironmentLayers, value: string | undefined]>([
    ["only built in", layersOf({ A: "b" }, {}, {}), "b"],
    ["a file beats what is built in", layersOf({ A: "b" }, { A: "f" }, {}), "f"],
    ["the shell beats a file", layersOf({}, { A: "f" }, { A: "s" }), "s"],
    ["the shell beats what is built in", layersOf({ A: "b" }, {}, { A: "s" }), "s"],
    ["the shell beats all", layersOf({ A: "b" }, { A: "f" }, { A: "s" }), "s"],
    ["nothing in the shell is a value too", layersOf({}, { A: "f" }, { A: "" }), ""],
    ["nowhere", layersOf({ B: "b" }, { C: "f" }, { D: "s" }), undefined],
  ])("%s", (_, layers, value) => {
    expect(mergeLayers(layers).get("A")).toBe(value);
  });

  it.each<[name: string, layers: EnvironmentLayers, value: string]>([
    ["a file beats the shell", layersOf({}, { A: "f" }, { A: "s" }), "f"],
    ["the shell beats what is built in", layersOf({ A: "b" }, {}, { A: "s" }), "s"],
    ["nothing in a file is a value too", layersOf({ A: "b" }, { A: "" }, { A: "s" }), ""],
  ])("with --env-override: %s", (_, layers, value) => {
    expect(mergeLayers({ ...layers, filesWin: true }).get("A")).toBe(value);
  });

  it("keeps names that every object has", () => {
    const files = new Map([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
    const merged = mergeLayers({ ...layersOf({}, {}, {}), files });
    expect([...merged]).toEqual([...files]);
  });
});

describe("what of a file the shell overrides", () => {
  const layers = layersOf(
    { E: "b" },
    { A: "1", B: "2", C: "3", E: "5" },
    { B: "2", C: "x", D: "4" },
  );

  it("is named, unless both say the same", () => {
    expect(findOverridden(layers)).toEqual(["C"]);
  });

  it("is nothing with --env-override", () => {
    expect(findOverridden({ ...layers, filesWin: true })).toEqual([]);
  });
});

describe("built-in variables", () => {
  it("unbuffer Python, and tell of colours only where they are shown", () => {
    expect(Object.fromEntries(builtInVariables(false))).toEqual({ PYTHONUNBUFFERED: "1" });
    expect(Object.fromEntries(builtInVariables(true))).toEqual({
      PYTHONUNBUFFERED: "1",
      FORCE_COLOR: "1",
      CLICOLOR_FORCE: "1",
    });
  });
});

describe("the variable of a type's port", () => {
  it.each([
    ["web", "PROCMAN_PORT_WEB"],
    ["sidekiq-low", "PROCMAN_PORT_SIDEKIQ_LOW"],
    ["a-b-c", "PROCMAN_PORT_A_B_C"],
    ["Web_2", "PROCMAN_PORT_WEB_2"],
    ["1", "PROCMAN_PORT_1"],
  ])("%s: %s", (type, variable) => {
    expect(portVariable(type)).toBe(variable);
  });

  it("is a name that sh can use, for every type", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]+$/), (type) => {
        expect(portVariable(type)).toMatch(/^[A-Z_][A-Z0-9_]*$/);
      }),
    );
  });

  it.each<[name: string, types: string[], clashes: string[][]]>([
    ["no types", [], []],
    ["types of their own", ["web", "worker"], []],
    ["a dash and a line", ["a-b", "web", "a_b"], [["a-b", "a_b"]]],
    ["large and small letters", ["web", "WEB", "Web"], [["web", "WEB", "Web"]]],
    [
      "two groups",
      ["a", "b", "A", "B"],
      [
        ["a", "A"],
        ["b", "B"],
      ],
    ],
  ])("is shared by: %s", (_, types, clashes) => {
    expect(findPortVariableClashes(types)).toEqual(clashes);
  });
});

describe("what procman sets", () => {
  it("for every process of the app", () => {
    const ports = new Map([
      ["web", 5006],
      ["sidekiq-low", 5106],
    ]);
    expect(Object.fromEntries(appVariables("shop", ports))).toEqual({
      PROCMAN_APP: "shop",
      PROCMAN_PORT_WEB: "5006",
      PROCMAN_PORT_SIDEKIQ_LOW: "5106",
    });
  });

  it("to the first of those that share a variable", () => {
    const ports = new Map([
      ["a-b", 5106],
      ["a_b", 5206],
    ]);
    expect(appVariables("shop", ports).get("PROCMAN_PORT_A_B")).toBe("5106");
  });

  it("for one run of one process", () => {
    const spec = { name: "worker.2", type: "worker", ordinal: 2, command: "x", port: 5107 };
    expect(Object.fromEntries(instanceVariables(spec, { id: "me", run: "me.7" }))).toEqual({
      PORT: "5107",
      PS: "worker.2",
      PROCMAN_ID: "me",
      PROCMAN_RUN: "me.7",
    });
  });
});

describe("the marks of outer procmans", () => {
  it.each<[name: string, shell: Record<string, string>, outer: Record<string, string>]>([
    ["none around", { A: "1" }, {}],
    ["one", { PROCMAN_ID: "1-a", PROCMAN_RUN: "1-a.2" }, { PROCMAN_OUTER: " 1-a 1-a.2 " }],
    [
      "two",
      { PROCMAN_OUTER: " 1-a 1-a.2 ", PROCMAN_ID: "7-b", PROCMAN_RUN: "7-b.1" },
      { PROCMAN_OUTER: " 1-a 1-a.2 7-b 7-b.1 " },
    ],
  ])("%s", (_, shell, outer) => {
    expect(Object.fromEntries(outerMarks(new Map(Object.entries(shell))))).toEqual(outer);
  });
});
