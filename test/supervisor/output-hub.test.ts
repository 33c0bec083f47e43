import { describe, expect, it } from "vitest";
import { herokuWording } from "../../src/core/heroku-wording.ts";
import { describeNotice } from "../../src/core/notice.ts";
import { createFormat } from "../../src/logs/format.ts";
import type { Dropped, Sink } from "../../src/logs/sink.ts";
import { createOutputHub, describeDropped, type Outlet } from "../../src/supervisor/output-hub.ts";
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

function formatOf(logFormat: "text" | "heroku") {
  return createFormat({
    logFormat,
    timestamps: "off",
    prefix: true,
    terminal: "none",
    names: ["web.1", "worker.1"],
  });
}

function createSubject(quiet: readonly string[] = [], others: readonly Outlet[] = []) {
  const sink = new FakeSink();
  const clock = createFakeClock();
  const paces: string[] = [];
  const outlet: Outlet = {
    sink,
    format: formatOf("text"),
    isShown: (name) => !quiet.includes(name),
    wording: (notice) => [describeNotice(notice) ?? []].flat(),
  };
  const outlets = [outlet, ...others];
  const hub = createOutputHub({ outlets, clock, timeMs: () => 0 });
  const print = (name: string) => {
    const pace = (what: string) => () => paces.push(`${name} ${what}`);
    const lines = hub.open(name, { hold: pace("hold"), flow: pace("flow") });
    return (text: string) => lines.push(Buffer.from(text));
  };
  return { sink, outlet, clock, hub, paces, print };
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
    hub.tell("worker.1", { kind: "overdue", graceMs: 10_000, askedBy: "SIGTERM" });
    expect(sink.written).toBe("procman  | worker.1 did not stop within 10 s; killing it\n");
  });
});

describe("a slow reader", () => {
  const chunk = `${"x".repeat(60_000)}\n`;

  /** Nobody is held as long as there is room for all, so that it takes two to see who is. */
  function fillRoom(print: (text: string) => void): void {
    for (let count = 0; count < 75; count += 1) print(chunk);
  }

  it("holds nobody back as long as there is room for all", () => {
    const { paces, print } = createSubject();
    const web = print("web.1");
    for (let count = 0; count < 60; count += 1) web(chunk);
    expect(paces).toEqual([]);
    for (let count = 0; count < 15; count += 1) web(chunk);
    expect(paces).toEqual(["web.1 hold"]);
  });

  it("holds back instances of which much is waiting, each once, and nobody else", () => {
    const { paces, print } = createSubject();
    const web = print("web.1");
    fillRoom(print("worker.1"));
    for (let count = 0; count < 4; count += 1) web(chunk);
    expect(paces).toEqual(["worker.1 hold"]);
    for (let count = 0; count < 4; count += 1) web(chunk);
    expect(paces).toEqual(["worker.1 hold", "web.1 hold"]);
  });

  it("lets it go on when most of it is taken, and holds it back again", () => {
    const { sink, paces, print } = createSubject();
    const web = print("web.1");
    for (let count = 0; count < 4; count += 1) web(chunk);
    fillRoom(print("worker.1"));
    web(chunk);
    paces.length = 0;
    sink.take(2);
    expect(paces).toEqual([]);
    sink.take(1);
    expect(paces).toEqual(["web.1 flow"]);
    for (let count = 0; count < 3; count += 1) web(chunk);
    expect(paces).toEqual(["web.1 flow", "web.1 hold"]);
  });

  it("is not shown a line in pieces because nobody reads the rest of it", () => {
    const { sink, clock, print } = createSubject();
    const web = print("web.1");
    fillRoom(web);
    web("first half, ");
    clock.advance(10_000);
    sink.take();
    clock.advance(100);
    web("second half\n");
    expect(sink.written.endsWith("web.1    | first half, second half\n")).toBe(true);
  });

  it("is told what is missing, where it is missing", () => {
    const { sink, outlet, hub, print } = createSubject();
    const web = print("web.1");
    web("a\n");
    sink.dropped = { lines: 3, bytes: 21 };
    hub.onGapOver(outlet);
    web("b\n");
    expect(sink.written).toBe(`web.1    | a\nprocman  | ${describeDropped(3, 21)}\nweb.1    | b\n`);
    expect(describeDropped(3, 21)).toContain("3 lines (21 bytes)");
  });

  it("is told nothing when nothing is missing", () => {
    const { sink, outlet, hub } = createSubject();
    hub.onGapOver(outlet);
    expect(sink.written).toBe("");
  });
});

describe("several who get the lines", () => {
  it("each have a form and a wording of their own", () => {
    const log = new FakeSink();
    const { sink, hub, print } = createSubject(
      ["web.1"],
      [{ sink: log, format: formatOf("heroku"), isShown: () => true, wording: herokuWording }],
    );
    print("web.1")("a\nb\n");
    hub.tell("web.1", { kind: "state", from: "starting", to: "up" });
    hub.tell("web.1", { kind: "overdue", graceMs: 10_000, askedBy: "SIGTERM" });
    hub.say("Scaled to web@2 by marc", "api");
    expect(sink.written).toBe(
      "procman  | web.1 did not stop within 10 s; killing it\n" +
        "procman  | Scaled to web@2 by marc\n",
    );
    const time = "1970-01-01T00:00:00.000000+00:00";
    expect(log.written.split("\n")).toEqual([
      `${time} app[web.1]: a`,
      `${time} app[web.1]: b`,
      `${time} procman[web.1]: State changed from starting to up`,
      `${time} procman[web.1]: Error R12 (Exit timeout) -> At least one process failed to exit within 10 seconds of SIGTERM`,
      `${time} procman[web.1]: Stopping remaining processes with SIGKILL`,
      `${time} procman[api]: Scaled to web@2 by marc`,
      "",
    ]);
  });

  it("hold a writer back together: the slowest counts", () => {
    const log = new FakeSink();
    const { sink, paces, print } = createSubject(
      [],
      [{ sink: log, format: formatOf("heroku"), isShown: () => true, wording: herokuWording }],
    );
    const web = print("web.1");
    for (let count = 0; count < 40; count += 1) web(`${"x".repeat(60_000)}\n`);
    expect(paces).toEqual(["web.1 hold"]);
    sink.take();
    expect(paces).toEqual(["web.1 hold"]);
    log.take();
    expect(paces).toEqual(["web.1 hold", "web.1 flow"]);
  });
});
