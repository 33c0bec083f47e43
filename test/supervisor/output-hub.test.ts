import { describe, expect, it } from "vitest";
import { createFormat } from "../../src/logs/format.ts";
import type { Dropped, Sink } from "../../src/logs/sink.ts";
import { createOutputHub, describeDropped } from "../../src/supervisor/output-hub.ts";
import { createFakeClock } from "../support/fake-clock.ts";

/** Takes what the test says, when it says so. */
class FakeSink implements Sink {
  written = "";
  dropped: Dropped = { lines: 0, bytes: 0 };
  private readonly waiting: (() => void)[] = [];

  write(text: string, onTaken?: () => void): void {
    this.written += text;
    this.waiting.push(() => onTaken?.());
  }

  take(count = this.waiting.length): void {
    for (const onTaken of this.waiting.splice(0, count)) onTaken();
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
  });
  const print = (name: string) => {
    const pace = (what: string) => () => paces.push(`${name} ${what}`);
    const lines = hub.open(name, { hold: pace("hold"), flow: pace("flow") });
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
    const lines = hub.open("web.1", { hold() {}, flow() {} });
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
  const chunk = `${"x".repeat(60_000)}\n`;

  it("holds back an instance of which much is waiting, once, and nobody else", () => {
    const { paces, print } = createSubject();
    const web = print("web.1");
    const worker = print("worker.1");
    for (let count = 0; count < 4; count += 1) web(chunk);
    expect(paces).toEqual([]);
    for (let count = 0; count < 4; count += 1) web(chunk);
    worker("tick\n");
    expect(paces).toEqual(["web.1 hold"]);
  });

  it("lets it go on when most of it is taken, and holds it back again", () => {
    const { sink, paces, print } = createSubject();
    const web = print("web.1");
    for (let count = 0; count < 5; count += 1) web(chunk);
    sink.take(2);
    expect(paces).toEqual(["web.1 hold"]);
    sink.take(1);
    expect(paces).toEqual(["web.1 hold", "web.1 flow"]);
    for (let count = 0; count < 3; count += 1) web(chunk);
    expect(paces).toEqual(["web.1 hold", "web.1 flow", "web.1 hold"]);
  });

  it("is not shown a line in pieces because nobody reads the rest of it", () => {
    const { sink, clock, print } = createSubject();
    const web = print("web.1");
    for (let count = 0; count < 5; count += 1) web(chunk);
    web("first half, ");
    clock.advance(10_000);
    sink.take();
    clock.advance(100);
    web("second half\n");
    expect(sink.written.endsWith("web.1    | first half, second half\n")).toBe(true);
  });

  it("is told what is missing, where it is missing", () => {
    const { sink, hub, print } = createSubject();
    const web = print("web.1");
    web("a\n");
    sink.dropped = { lines: 3, bytes: 21 };
    hub.onGapOver();
    web("b\n");
    expect(sink.written).toBe(`web.1    | a\nprocman  | ${describeDropped(3, 21)}\nweb.1    | b\n`);
    expect(describeDropped(3, 21)).toContain("3 lines (21 bytes)");
  });

  it("is told nothing when nothing is missing", () => {
    const { sink, hub } = createSubject();
    hub.onGapOver();
    expect(sink.written).toBe("");
  });
});
