import { describe, expect, it } from "vitest";
import { createFormat } from "../../src/logs/format.ts";
import type { Dropped, Sink } from "../../src/logs/sink.ts";
import { createOutputHub, describeDropped } from "../../src/supervisor/output-hub.ts";
import { createFakeClock } from "../support/fake-clock.ts";

/** Full above so many characters, and never empty but by the test. */
const fullLength = 100;

class FakeSink implements Sink {
  written = "";
  dropped: Dropped = { lines: 0, bytes: 0 };
  private length = 0;

  write(text: string): void {
    this.written += text;
    this.length += text.length;
  }

  isFull(): boolean {
    return this.length > fullLength;
  }

  empty(): void {
    this.length = 0;
  }

  takeDropped(): Dropped {
    const { dropped } = this;
    this.dropped = { lines: 0, bytes: 0 };
    return dropped;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}

function createSubject(quiet: readonly string[] = []) {
  const sink = new FakeSink();
  const clock = createFakeClock();
  const paces: string[] = [];
  const hub = createOutputHub({
    sink,
    clock,
    timeMs: () => 0,
    format: createFormat({
      logFormat: "text",
      timestamps: "off",
      prefix: true,
      terminal: "none",
      names: ["web.1", "worker.1"],
    }),
    isShown: (name) => !quiet.includes(name),
    onPace: (pace) => paces.push(pace),
  });
  const print = (name: string) => {
    const lines = hub.open(name);
    return (text: string) => lines.push(Buffer.from(text));
  };
  return { sink, clock, hub, paces, print };
}

describe("what children print", () => {
  it("is shown line by line, each under its name", () => {
    const { sink, print } = createSubject();
    const [web, worker] = [print("web.1"), print("worker.1")];
    web("a");
    worker("x\ny");
    web("b\n");
    worker("z\n");
    expect(sink.written).toBe("worker.1 | x\nweb.1    | ab\nworker.1 | yz\n");
  });

  it("is shown as a piece when a line is not ended", () => {
    const { sink, clock, print } = createSubject();
    const web = print("web.1");
    web("a");
    clock.advance(250);
    web("b\n");
    expect(sink.written).toBe("web.1    | a\nweb.1    + b\n");
  });

  it("is shown to its end", () => {
    const { sink, hub } = createSubject();
    const lines = hub.open("web.1");
    lines.push(Buffer.from("a"));
    lines.end();
    expect(sink.written).toBe("web.1    | a\n");
  });

  it("is not mixed up when one name prints twice, as an old run and a new one", () => {
    const { sink, print } = createSubject();
    const [old, young] = [print("web.1"), print("web.1")];
    old("a");
    young("b\n");
    old("c\n");
    expect(sink.written).toBe("web.1    | b\nweb.1    | ac\n");
  });

  it("is not shown of the quiet ones, but what procman says about them is", () => {
    const { sink, hub, print } = createSubject(["web.1"]);
    print("web.1")("a\n");
    hub.tell("web.1", { kind: "up", afterMs: 20 });
    expect(sink.written).toBe("procman  | web.1 is up after 20 ms\n");
  });
});

describe("what procman says", () => {
  it("is a line under its own name", () => {
    const { sink, hub } = createSubject();
    hub.say("not started: grün");
    expect(sink.written).toBe("procman  | not started: gr\xc3\xbcn\n");
  });

  it("about an instance names it", () => {
    const { sink, hub } = createSubject();
    hub.tell("worker.1", { kind: "overdue", graceMs: 10_000 });
    expect(sink.written).toBe("procman  | worker.1 did not stop within 10 s; killing it\n");
  });
});

describe("a slow reader", () => {
  const long = `${"x".repeat(fullLength)}\n`;

  it("holds children up when the sink is full, once", () => {
    const { hub, paces, print } = createSubject();
    const web = print("web.1");
    web("a\n");
    expect([hub.isFull(), paces]).toEqual([false, []]);
    web(long);
    web("b\n");
    expect([hub.isFull(), paces]).toEqual([true, ["hold"]]);
  });

  it.each<[name: string, speak: (hub: ReturnType<typeof createSubject>["hub"]) => void]>([
    ["a line of its own", (hub) => hub.say(long)],
    [
      "a line about an instance",
      (hub) => hub.tell("web.1", { kind: "swept", processes: [long.trimEnd()] }),
    ],
  ])("holds children up when procman fills the sink with %s", (_, speak) => {
    const { hub, paces } = createSubject();
    speak(hub);
    expect([hub.isFull(), paces]).toEqual([true, ["hold"]]);
  });

  it("lets children go on when there is room", () => {
    const { sink, hub, paces, print } = createSubject();
    const web = print("web.1");
    web(long);
    sink.empty();
    hub.onRoom();
    expect(paces).toEqual(["hold", "flow"]);
    web(long);
    expect(paces).toEqual(["hold", "flow", "hold"]);
  });

  it("is told what is missing, where it is missing", () => {
    const { sink, hub, print } = createSubject();
    const web = print("web.1");
    web("a\n");
    sink.dropped = { lines: 3, bytes: 21 };
    hub.onRoom();
    web("b\n");
    expect(sink.written).toBe(`web.1    | a\nprocman  | ${describeDropped(3, 21)}\nweb.1    | b\n`);
    expect(describeDropped(3, 21)).toContain("3 lines (21 bytes)");
  });

  it("is told nothing when nothing is missing", () => {
    const { sink, hub } = createSubject();
    hub.onRoom();
    expect(sink.written).toBe("");
  });
});
