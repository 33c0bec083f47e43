import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiagnostic, type Result } from "../../src/core/diagnostic.ts";
import {
  chooseFormation,
  type Formation,
  type FormationRequest,
  readTypeNames,
} from "../../src/core/formation.ts";

const procfile = ["web", "worker", "release", "clock"];

interface Words {
  readonly types?: readonly string[];
  readonly formation?: string;
  readonly except?: string;
}

function requestOf({ types = [], formation, except }: Words): FormationRequest {
  return {
    types,
    formation: formation === undefined ? undefined : { text: formation, source: "--formation" },
    except: except === undefined ? undefined : { text: except, source: "--except" },
  };
}

function choose(names: readonly string[], words: Words): Result<Formation> {
  return chooseFormation(names, requestOf(words));
}

function countsOf(result: Result<Formation>): Readonly<Record<string, number>> | readonly string[] {
  return result.ok ? Object.fromEntries(result.value) : result.diagnostics.map(formatDiagnostic);
}

describe("the formation of `start`", () => {
  it.each<[name: string, words: Words, counts: Readonly<Record<string, number>>]>([
    ["nothing asked: one of each", {}, { web: 1, worker: 1, clock: 1 }],
    ["one type", { types: ["web"] }, { web: 1, worker: 0, clock: 0 }],
    ["two types", { types: ["clock", "web"] }, { web: 1, worker: 0, clock: 1 }],
    ["a type with a count", { types: ["worker=3"] }, { web: 0, worker: 3, clock: 0 }],
    ["a type at 0", { types: ["worker=0", "web"] }, { web: 1, worker: 0, clock: 0 }],
    ["-m names all", { formation: "web=2,worker=3,clock=1" }, { web: 2, worker: 3, clock: 1 }],
    // As in Foreman: `-m` says what runs, and nothing else does.
    ["-m names one", { formation: "worker=3" }, { web: 0, worker: 3, clock: 0 }],
    ["-m all", { formation: "all=2" }, { web: 2, worker: 2, clock: 2 }],
    ["-m all, but for one", { formation: "all=1,worker=0" }, { web: 1, worker: 0, clock: 1 }],
    ["-m all, wherever it stands", { formation: "web=3,all=1" }, { web: 3, worker: 1, clock: 1 }],
    ["-m all=0", { formation: "all=0,web=1" }, { web: 1, worker: 0, clock: 0 }],
    ["-m with blanks", { formation: " web=2, worker=1 " }, { web: 2, worker: 1, clock: 0 }],
    // Foreman takes every blank out.
    ["-m with blanks around =", { formation: "web = 2" }, { web: 2, worker: 0, clock: 0 }],
    ["-m with a comma at the end", { formation: "web=2," }, { web: 2, worker: 0, clock: 0 }],
    ["-m with a zero in front", { formation: "web=02" }, { web: 2, worker: 0, clock: 0 }],
    [
      "a type beside -m",
      { types: ["web"], formation: "web=3,worker=2" },
      { web: 3, worker: 0, clock: 0 },
    ],
    [
      "a type that -m leaves out",
      { types: ["web"], formation: "worker=2" },
      { web: 1, worker: 0, clock: 0 },
    ],
    [
      "a type and a count beside -m",
      { types: ["web=1"], formation: "web=3" },
      { web: 1, worker: 0, clock: 0 },
    ],
    ["-x", { except: "worker" }, { web: 1, worker: 0, clock: 1 }],
    ["-x of two", { except: "worker, clock" }, { web: 1, worker: 0, clock: 0 }],
    ["-x of none", { except: "" }, { web: 1, worker: 1, clock: 1 }],
    ["-x beats -m", { formation: "all=2", except: "web" }, { web: 0, worker: 2, clock: 2 }],
    [
      "-x beats a type",
      { types: ["web", "worker"], except: "web" },
      { web: 0, worker: 1, clock: 0 },
    ],
  ])("%s", (_, words, counts) => {
    expect(countsOf(choose(procfile, words))).toEqual(counts);
  });

  it("has every type but release, in the order of the Procfile", () => {
    const result = choose(procfile, { types: ["clock", "web"] });
    expect(result.ok && [...result.value.keys()]).toEqual(["web", "worker", "clock"]);
  });

  it("knows types by names that every object has", () => {
    const names = ["__proto__", "constructor", "toString"];
    const result = choose(names, { formation: "__proto__=2,toString=1" });
    expect(result.ok && [...result.value]).toEqual([
      ["__proto__", 2],
      ["constructor", 0],
      ["toString", 1],
    ]);
    expect(choose(["web"], { types: ["constructor"] }).ok).toBe(false);
  });
});

describe("a formation that cannot be", () => {
  it.each<[name: string, words: Words, said: readonly string[]]>([
    [
      "an unknown type",
      { types: ["wbe"] },
      ['start: error: no process type "wbe" in the Procfile; did you mean "web"?'],
    ],
    [
      "what moves the cursor",
      { types: ["\u0007", "a\u001b=1=1"] },
      [
        'start: error: "a<U+001B>=1=1" is not TYPE=N; N is a whole number from 0, as in web=2',
        'start: error: no process type "<U+0007>" in the Procfile; it has web, worker, clock',
      ],
    ],
    [
      "an unknown type like none",
      { types: ["database=2"] },
      ['start: error: no process type "database" in the Procfile; it has web, worker, clock'],
    ],
    [
      "unknown in -m",
      { formation: "web=1,wroker=2" },
      ['--formation: error: no process type "wroker" in the Procfile; did you mean "worker"?'],
    ],
    [
      "unknown in -x",
      { except: "clok" },
      ['--except: error: no process type "clok" in the Procfile; did you mean "clock"?'],
    ],
    [
      "all, as a type to start",
      { types: ["all"] },
      ['start: error: no process type "all" in the Procfile; it has web, worker, clock'],
    ],
    [
      "release",
      { types: ["release"] },
      [
        'start: error: "release" is not started with the app; run it by itself: procman run release; or before all else: procman start --release',
      ],
    ],
    [
      "release in -m",
      { formation: "all=1,release=1" },
      [
        '--formation: error: "release" is not started with the app; run it by itself: procman run release; or before all else: procman start --release',
      ],
    ],
    ...(
      [
        ["-m without a count", "web"],
        ["-m with no number", "web=two"],
        ["-m with a part of one", "web=1.5"],
        ["-m with less than none", "web=-1"],
        ["-m with one more", "web=+1"],
        ["-m with nothing behind =", "web="],
        ["-m with nothing before =", "=2"],
        ["-m with two =", "web=1=2"],
        ["-m with a blank in a count", "web=1 2"],
        ["-m with hexadecimals", "web=0x2"],
        ["-m with an exponent", "web=1e2"],
        ["-m with too many digits", "web=1000000000"],
        ["-m with nothing", ""],
      ] as const
    ).map(([name, word]): [string, Words, readonly string[]] => [
      name,
      { formation: word },
      [`--formation: error: "${word}" is not TYPE=N; N is a whole number from 0, as in web=2`],
    ]),
    [
      "a bad count beside a type",
      { types: ["web=x"] },
      ['start: error: "web=x" is not TYPE=N; N is a whole number from 0, as in web=2'],
    ],
    [
      "twice",
      { formation: "web=1,worker=1,web=2" },
      ['--formation: error: "web" is given twice; name each process type once'],
    ],
    [
      "twice to start",
      { types: ["web", "web=2"] },
      ['start: error: "web" is given twice; name each process type once'],
    ],
    [
      "all at once",
      { types: ["nope"], formation: "web=x,none=1", except: "nil" },
      [
        '--formation: error: "web=x" is not TYPE=N; N is a whole number from 0, as in web=2',
        '--formation: error: no process type "none" in the Procfile; it has web, worker, clock, all',
        'start: error: no process type "nope" in the Procfile; it has web, worker, clock',
        '--except: error: no process type "nil" in the Procfile; it has web, worker, clock',
      ],
    ],
  ])("%s", (_, words, said) => {
    expect(countsOf(choose(procfile, words))).toEqual(said);
  });
});

describe("a formation written as -m takes it", () => {
  it("is read back to the same counts", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/).filter((type) => type !== "release");
    const count = fc.nat(999_999_999);
    const formations = fc.uniqueArray(fc.tuple(fc.oneof(name, fc.constant("all")), count), {
      selector: ([type]) => type,
      minLength: 1,
    });
    fc.assert(
      fc.property(formations, (pairs) => {
        const formation = new Map(pairs);
        const text = pairs.map(([type, amount]) => `${type}=${amount}`).join(",");
        const read = choose([...formation.keys()], { formation: text });
        expect(read.ok && [...read.value]).toEqual(pairs);
      }),
    );
  });
});

describe("a list of types", () => {
  it.each<[name: string, text: string | undefined, names: readonly string[]]>([
    ["nothing asked", undefined, []],
    ["nothing in it", " , ", []],
    ["names", "web, clock", ["web", "clock"]],
    ["release too", "release", ["release"]],
  ])("%s", (_, text, names) => {
    const asked = text === undefined ? undefined : { text, source: "--quiet" };
    const result = readTypeNames(procfile, asked);
    expect(result.ok && result.value).toEqual(names);
  });

  it("names every word that is no type", () => {
    const { ok, diagnostics } = readTypeNames(procfile, { text: "wbe,x,web", source: "--quiet" });
    expect(ok).toBe(false);
    expect(diagnostics.map(formatDiagnostic)).toEqual([
      '--quiet: error: no process type "wbe" in the Procfile; did you mean "web"?',
      '--quiet: error: no process type "x" in the Procfile; it has web, worker, release, clock',
    ]);
  });
});
