import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createCommands } from "../../src/control/commands.ts";
import type { FreshTypes } from "../../src/core/desired.ts";
import { formatDiagnostic, type Result } from "../../src/core/diagnostic.ts";
import type { Outcome } from "../../src/supervisor/outcome.ts";
import { exitCode } from "../support/fake-child.ts";
import { createRunning, turn, typesOf } from "../support/fake-supervised.ts";

const by = "marc with procman";

/** Ends when the test says so. */
interface Reading {
  readonly end: (result: Result<FreshTypes>) => void;
  readonly fail: (error: Error) => void;
}

const noFiles = {
  app: { name: "shop", root: "/shop", id: "3f1c", pid: 1, startedMs: 0 },
  refreshEnvironment: async () => ({ ok: true, value: undefined, diagnostics: [] }) as const,
  readTypes: () => Promise.reject(new Error("nobody reads")),
  changeSinceRanWell: () => undefined,
  changedKeys: () => [],
  usage: async () => new Map(),
  shutDown: () => 0,
  onStateChange: () => () => {},
};

/** Commands on one `a.1`, whose Procfile is read when the test says so. */
function createSubject() {
  const { supervisor } = createRunning(["a.1"]);
  const readings: Reading[] = [];
  const came: string[] = [];
  const commands = createCommands({
    ...noFiles,
    supervisor,
    readTypes: () =>
      new Promise((resolve, reject) => readings.push({ end: resolve, fail: reject })),
  });
  const commandNow = () => supervisor.types()[0]?.command ?? "";
  return {
    readings,
    came,
    /** What came of it is in `came`, with the command that is wanted then. */
    restart(name: string): void {
      const note = (what: string) => came.push(`${name}: ${what}`);
      void commands
        .restart([], by)
        .then((outcome) => note(describeOutcome(outcome, commandNow())))
        .catch((error: Error) => note(error.message));
    },
  };
}

function describeOutcome(outcome: Outcome<unknown>, command: string): string {
  if (outcome.is === "done") return command;
  return "diagnostics" in outcome ? outcome.diagnostics.map(formatDiagnostic).join() : outcome.is;
}

function freshOf(command: string): Result<FreshTypes> {
  const value = { types: typesOf(`a: ${command}`), quantityOf: () => 1 };
  return { ok: true, value, diagnostics: [] };
}

const late: Result<FreshTypes> = {
  ok: false,
  diagnostics: [{ severity: "error", file: "Procfile", message: "late" }],
};

/** Only what is held on to is there afterwards. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

describe("commands that read the files", () => {
  it("hold on to nothing that was read before", async () => {
    const { restart, readings } = createSubject();
    const read: WeakRef<object>[] = [];
    for (let count = 0; count < 3; count += 1) {
      restart("one of many");
      const fresh = freshOf(`number ${count}`);
      if (fresh.ok) read.push(new WeakRef(fresh.value));
      readings.pop()?.end(fresh);
      await turn();
    }
    collectGarbage();
    // The last one may be in use.
    const [first, second] = read;
    expect([first?.deref(), second?.deref()]).toEqual([undefined, undefined]);
  });

  it("begin to read at once, and are carried out in the order in which they were asked for", async () => {
    const { restart, readings, came } = createSubject();
    restart("first");
    restart("second");
    expect(readings).toHaveLength(2);
    readings[1]?.end(freshOf("new"));
    await turn();
    expect(came).toEqual([]);
    readings[0]?.end(freshOf("old"));
    await turn();
    expect(came).toEqual(["first: old", "second: new"]);
  });

  it.each<[how: string, fail: (reading: Reading | undefined) => void, said: string]>([
    ["is late", (reading) => reading?.end(late), "Procfile: error: late"],
    ["fails", (reading) => reading?.fail(new Error("no disk")), "no disk"],
  ])("are none the worse for one before them that %s", async (_, fail, said) => {
    const { restart, readings, came } = createSubject();
    restart("first");
    restart("second");
    fail(readings[0]);
    readings[1]?.end(freshOf("new"));
    await turn();
    restart("third");
    readings[2]?.end(freshOf("newer"));
    await turn();
    expect(came).toEqual([`first: ${said}`, "second: new", "third: newer"]);
  });
});

describe("why", () => {
  const change = { added: ["NEW"], removed: [], changed: [] };

  /** What it says of `a.1`, which has been up for this long, and then has crashed or has not. */
  function askWhy(upMs: number, isCrashed: boolean) {
    const { supervisor, clock, children } = createRunning(["a.1"]);
    const commands = createCommands({ ...noFiles, supervisor, changeSinceRanWell: () => change });
    clock.advance(upMs);
    if (isCrashed) children.get("a.1").end(exitCode(1));
    const known = commands.why(["a"]);
    return known.is === "known" ? known.value[0]?.environment : known;
  }

  it.each<[name: string, upMs: number, isCrashed: boolean, environment: object | undefined]>([
    ["what has changed", 60_000, true, change],
    ["that nothing has changed for who runs well", 60_000, false, { ...change, added: [] }],
    ["nothing of who has never run well", 1_000, true, undefined],
  ])("says %s", (_, upMs, isCrashed, environment) => {
    expect(askWhy(upMs, isCrashed)).toEqual(environment);
  });
});
