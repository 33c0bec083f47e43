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

const wanted = new AbortController().signal;

/** Files that say what they are told to, or cannot be read. */
function createSubject(atFirst: Values) {
  let files: Values | "invalid" = atFirst;
  let reads = 0;
  let held: Promise<void> = Promise.resolve();
  const stale: string[] = [];
  const environments = createEnvironments({
    app: "shop",
    id: "3f1c",
    layers: layersOf(atFirst),
    async readLayers() {
      reads += 1;
      const seen = files;
      await held;
      const broken: Result<EnvironmentLayers> = {
        ok: false,
        diagnostics: [
          { severity: "warning", file: ".env", line: 1, message: "odd" },
          { severity: "error", file: ".env", line: 3, column: 1, message: "no end" },
        ],
      };
      return seen === "invalid" ? broken : { ok: true, value: layersOf(seen), diagnostics: [] };
    },
    readTypeFiles: async () => ({ ok: true, value: new Map(), diagnostics: [] }),
    isDyno: false,
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
    /** The readings that begin during the call have to wait; gives what lets them go on. */
    hold(act: () => void): () => void {
      let letGo = () => {};
      held = new Promise((resolve) => {
        letGo = resolve;
      });
      act();
      held = Promise.resolve();
      return letGo;
    },
    valueOf: async (key: string) => (await environments.of(spec, "3f1c.1", wanted)).get(key),
  };
}

describe("the environment of a start", () => {
  it("has what is the instance's own, and its marks", async () => {
    const environment = await createSubject({ KEY: "one" }).of(spec, "3f1c.7", wanted);
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

  it("is read once for all who start in the same moment, and again for the next", async () => {
    const subject = createSubject({ KEY: "one" });
    subject.put({ KEY: "two" });
    const values = await Promise.all(Array.from({ length: 50 }, () => subject.valueOf("KEY")));
    expect([new Set(values), subject.reads()]).toEqual([new Set(["two"]), 1]);
    subject.put({ KEY: "three" });
    expect([await subject.valueOf("KEY"), subject.reads()]).toEqual(["three", 2]);
  });
});

describe("a reading that has to wait", () => {
  it("and comes after a newer one changes nothing", async () => {
    const subject = createSubject({ KEY: "one" });
    const asked: Promise<unknown>[] = [];
    subject.put({ KEY: "two" });
    const letGo = subject.hold(() => asked.push(subject.refresh()));
    subject.put({ KEY: "three" });
    await subject.refresh();
    letGo();
    await Promise.all(asked);
    subject.put("invalid");
    expect(await subject.valueOf("KEY")).toBe("three");
  });

  it("holds up no start but its own", async () => {
    const subject = createSubject({ KEY: "one" });
    subject.put("invalid");
    const asked: Promise<unknown>[] = [];
    const letGo = subject.hold(() => asked.push(subject.valueOf("KEY")));
    await Promise.resolve();
    subject.put({ KEY: "two" });
    expect([await subject.valueOf("KEY"), subject.stale]).toEqual(["two", []]);
    letGo();
    expect([await Promise.all(asked), subject.stale.length]).toEqual([["two"], 1]);
  });

  it("for a start that was given up says nothing and is not remembered", async () => {
    const subject = createSubject({ KEY: "one" });
    await subject.valueOf("KEY");
    const givenUp = new AbortController();
    const asked: Promise<unknown>[] = [];
    subject.put("invalid");
    const letGo = subject.hold(() => asked.push(subject.of(spec, "3f1c.2", givenUp.signal)));
    givenUp.abort();
    subject.put({ KEY: "two" });
    await subject.refresh();
    letGo();
    await Promise.all(asked);
    expect([subject.stale, subject.changedKeys("web.1")]).toEqual([[], ["KEY"]]);
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
    await subject.of(spec, "3f1c.1", wanted);
    subject.put(next);
    expect(subject.changedKeys("web.1")).toEqual([]);
    await subject.refresh();
    expect(subject.changedKeys("web.1")).toEqual(keys);
    await subject.of(spec, "3f1c.2", wanted);
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
    await subject.of(spec, "3f1c.1", wanted);
    subject.put("invalid");
    expect((await subject.refresh()).ok).toBe(false);
    expect(subject.changedKeys("web.1")).toEqual([]);
  });
});

describe("what has changed since an instance ran well", () => {
  it.each<[name: string, next: Values, change: object]>([
    ["nothing", { KEY: "one", OLD: "old" }, {}],
    ["a value", { KEY: "two", OLD: "old" }, { changed: ["KEY"] }],
    ["one more and one less", { KEY: "one", NEW: "" }, { added: ["NEW"], removed: ["OLD"] }],
    ["nothing of its own", { KEY: "one", OLD: "old", PORT: "1", PS: "x" }, {}],
  ])("%s", async (_, next, change) => {
    const subject = createSubject({ KEY: "one", OLD: "old" });
    const none = { added: [], removed: [], changed: [] };
    await subject.of(spec, "3f1c.1", wanted);
    subject.ranWell("web.1");
    expect(subject.changeSinceRanWell("web.1")).toEqual(none);
    subject.put(next);
    await subject.of(spec, "3f1c.2", wanted);
    expect(subject.changeSinceRanWell("web.1")).toEqual({ ...none, ...change });
    await subject.of(spec, "3f1c.3", wanted);
    expect(subject.changeSinceRanWell("web.1")).toEqual({ ...none, ...change });
  });

  it("is not known of who never did", async () => {
    const subject = createSubject({});
    await subject.of(spec, "3f1c.1", wanted);
    expect(subject.changeSinceRanWell("web.1")).toBeUndefined();
  });
});
