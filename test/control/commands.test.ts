import { describe, expect, it } from "vitest";
import { createCommands } from "../../src/control/commands.ts";
import type { FreshTypes } from "../../src/core/desired.ts";
import { formatDiagnostic, type Result } from "../../src/core/diagnostic.ts";
import type { Outcome } from "../../src/supervisor/outcome.ts";
import { createRunning, turn, typesOf } from "../support/fake-supervised.ts";

const by = "marc with procman";

/** Ends when the test says so. */
interface Reading {
  readonly end: (result: Result<FreshTypes>) => void;
  readonly fail: (error: Error) => void;
}

/** Commands on one `a.1`, whose Procfile is read when the test says so. */
function createSubject() {
  const { supervisor } = createRunning(["a.1"]);
  const readings: Reading[] = [];
  const came: string[] = [];
  const commands = createCommands({
    app: { name: "shop", root: "/shop", id: "3f1c", pid: 1, startedMs: 0 },
    supervisor,
    refreshEnvironment: async () => ({ ok: true, value: undefined, diagnostics: [] }),
    readTypes: () =>
      new Promise((resolve, reject) => readings.push({ end: resolve, fail: reject })),
    changedKeys: () => [],
    usage: async () => new Map(),
    shutDown: () => 0,
    onStateChange: () => () => {},
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

describe("commands that read the files", () => {
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
