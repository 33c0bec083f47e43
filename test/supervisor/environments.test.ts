import { describe, expect, it } from "vitest";
import type { Result } from "../../src/core/diagnostic.ts";
import type { EnvironmentLayers } from "../../src/core/environment.ts";
import { createEnvironments } from "../../src/supervisor/environments.ts";

type Values = Readonly<Record<string, string>>;

const spec = { name: "web.1", type: "web", ordinal: 1, command: "run web", port: 5006 };

function layersOf(files: Values): EnvironmentLayers {
  const shell = new Map([["HOME", "/home/marc"]]);
  return { builtIn: new Map(), files: new Map(Object.entries(files)), shell, filesWin: false };
}

/** Files that say what they are told to, or cannot be read. */
function createSubject(atFirst: Values) {
  let files: Values | "invalid" = atFirst;
  let reads = 0;
  const stale: string[] = [];
  const environments = createEnvironments({
    app: "shop",
    id: "3f1c",
    layers: layersOf(atFirst),
    readLayers() {
      reads += 1;
      const broken: Result<EnvironmentLayers> = {
        ok: false,
        diagnostics: [
          { severity: "warning", file: ".env", line: 1, message: "odd" },
          { severity: "error", file: ".env", line: 3, column: 1, message: "no end" },
        ],
      };
      return Promise.resolve(
        files === "invalid" ? broken : { ok: true, value: layersOf(files), diagnostics: [] },
      );
    },
    ports: () => new Map([["web", 5006]]),
    onStale: (instance, problem) => stale.push(`${instance}: ${problem}`),
  });
  return {
    ...environments,
    stale,
    reads: () => reads,
    put(values: Values | "invalid") {
      files = values;
    },
    valueOf: async (key: string) => (await environments.of(spec, "3f1c.1")).get(key),
  };
}

describe("the environment of a start", () => {
  it("has what is the instance's own, and its marks", async () => {
    const environment = await createSubject({ KEY: "one" }).of(spec, "3f1c.7");
    expect(Object.fromEntries(environment)).toMatchObject({
      HOME: "/home/marc",
      KEY: "one",
      PORT: "5006",
      PS: "web.1",
      PROCMAN_APP: "shop",
      PROCMAN_PORT_WEB: "5006",
      PROCMAN_ID: "3f1c",
      PROCMAN_RUN: "3f1c.7",
    });
  });

  it("is read anew: a changed value is used, a removed one is gone", async () => {
    const subject = createSubject({ KEY: "one", OLD: "old" });
    subject.put({ KEY: "two" });
    expect(await subject.valueOf("KEY")).toBe("two");
    expect(await subject.valueOf("OLD")).toBeUndefined();
  });

  it("is that of before when the files are invalid, which is said with file and line", async () => {
    const subject = createSubject({ KEY: "one" });
    subject.put("invalid");
    expect(await subject.valueOf("KEY")).toBe("one");
    expect(subject.stale).toEqual(["web.1: .env:3:1: error: no end"]);
    subject.put({ KEY: "two" });
    expect(await subject.valueOf("KEY")).toBe("two");
    expect(subject.stale).toHaveLength(1);
  });

  it("needs no reading right after the files have been read", async () => {
    const subject = createSubject({ KEY: "one" });
    const asked: Promise<unknown>[] = [];
    subject.whileFresh(() => asked.push(subject.valueOf("KEY")));
    expect([await Promise.all(asked), subject.reads()]).toEqual([["one"], 0]);
    expect([await subject.valueOf("KEY"), subject.reads()]).toEqual(["one", 1]);
  });
});

describe("what a restart would change", () => {
  it.each<[name: string, next: Values, keys: string[]]>([
    ["nothing", { KEY: "one", OLD: "old" }, []],
    ["a value", { KEY: "two", OLD: "old" }, ["KEY"]],
    ["one more", { KEY: "one", OLD: "old", NEW: "" }, ["NEW"]],
    ["one less", { KEY: "one" }, ["OLD"]],
    [
      "nothing of what the instance gets as its own",
      { KEY: "one", OLD: "old", PORT: "1", PS: "x" },
      [],
    ],
    ["nothing of what the shell has", { KEY: "one", OLD: "old", HOME: "/" }, []],
  ])("%s", async (_, next, keys) => {
    const subject = createSubject({ KEY: "one", OLD: "old" });
    await subject.of(spec, "3f1c.1");
    subject.put(next);
    expect(subject.changedKeys("web.1")).toEqual([]);
    await subject.refresh();
    expect(subject.changedKeys("web.1")).toEqual(keys);
    await subject.of(spec, "3f1c.2");
    expect(subject.changedKeys("web.1")).toEqual([]);
  });

  it("is nothing for who has never been started", async () => {
    const subject = createSubject({});
    subject.put({ KEY: "one" });
    await subject.refresh();
    expect(subject.changedKeys("web.1")).toEqual([]);
  });

  it("is not known from invalid files, which change nothing", async () => {
    const subject = createSubject({ KEY: "one" });
    await subject.of(spec, "3f1c.1");
    subject.put("invalid");
    expect((await subject.refresh()).ok).toBe(false);
    expect(subject.changedKeys("web.1")).toEqual([]);
  });
});
