import { describe, expect, it } from "vitest";
import { herokuWording } from "../../src/core/heroku-wording.ts";
import { describeNotice } from "../../src/core/notice.ts";
import { createFormat } from "../../src/logs/format.ts";
import { createOutputHub, type Outlet } from "../../src/supervisor/output-hub.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { FakeSink } from "../support/fake-sink.ts";

function formatOf(logFormat: "text" | "heroku") {
  return createFormat({
    logFormat,
    timestamps: "off",
    prefix: true,
    terminal: "none",
    names: ["web.1", "worker.1"],
  });
}

/** More than may wait for anybody. */
function fillRoom(print: (text: string) => void): void {
  for (let count = 0; count < 75; count += 1) print(`${"x".repeat(60_000)}\n`);
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
    showsRouter: false,
    onBehind() {},
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
  it("is not shown a line in pieces because nobody reads the rest of it", () => {
    const { sink, clock, print } = createSubject();
    const web = print("web.1");
    fillRoom(web);
    web("first half, ");
    clock.advance(1_999);
    sink.take();
    clock.advance(100);
    web("second half\n");
    expect(sink.written.endsWith("web.1    | first half, second half\n")).toBe(true);
  });
});

describe("several who get the lines", () => {
  it("each have a form and a wording of their own", () => {
    const log = new FakeSink();
    const { sink, hub, print } = createSubject(
      ["web.1"],
      [
        {
          sink: log,
          format: formatOf("heroku"),
          isShown: () => true,
          wording: herokuWording,
          showsRouter: false,
          onBehind() {},
        },
      ],
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
    const { log, sink, paces, print } = createPair();
    fillRoom(print("web.1"));
    expect(paces).toEqual(["web.1 hold"]);
    sink.take();
    expect(paces).toEqual(["web.1 hold"]);
    log.take();
    expect(paces).toEqual(["web.1 hold", "web.1 flow"]);
  });

  it("do not miss lines for one that is behind, nor does a writer wait for it", () => {
    const { log, sink, clock, paces, print } = createPair();
    const web = print("web.1");
    fillRoom(web);
    sink.take();
    clock.advance(2_000);
    expect(paces).toEqual(["web.1 hold", "web.1 flow"]);
    fillRoom((text) => {
      web(text);
      sink.take();
    });
    expect(paces).toEqual(["web.1 hold", "web.1 flow"]);
    expect([sink.kept, log.kept]).toEqual(["all", "newest"]);
  });

  it("are told of one of them by a line that it does not get itself", () => {
    const { log, outlet, sink, hub } = createPair();
    hub.sayOf(outlet, "nobody reads");
    expect(sink.written).toBe("");
    expect(log.written).toMatch(/ procman\[procman\]: nobody reads\n$/);
  });

  function createPair() {
    const log = new FakeSink();
    const format = formatOf("heroku");
    const other: Outlet = {
      sink: log,
      format,
      isShown: () => true,
      wording: herokuWording,
      showsRouter: false,
      onBehind() {},
    };
    return { log, ...createSubject([], [other]) };
  }
});
