import { describe, expect, it } from "vitest";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import type { InstanceEvent } from "../../src/core/instance.ts";
import { describeNotice } from "../../src/core/notice.ts";
import type { PortTrouble } from "../../src/core/port-trouble.ts";
import { createRunner, type PortTools } from "../../src/supervisor/runner.ts";
import { createFakeChildren, exitCode, terminated } from "../support/fake-child.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { turn } from "../support/fake-supervised.ts";

const wantUp: InstanceEvent = { what: "want", want: "up" };
const wantDown: InstanceEvent = { what: "want", want: "down" };
const restart: InstanceEvent = { what: "restart" };

/** A runner without a process and without time. `changes` has its state after each event. */
function createSubject(ports?: PortTools) {
  const clock = createFakeClock();
  const children = createFakeChildren();
  const told: string[] = [];
  const changes: string[] = [];
  const ranWell: string[] = [];
  const lines: string[] = [];
  let outputs = 0;
  const runner = createRunner(
    {
      name: "a.1",
      type: "a",
      ordinal: 1,
      command: "run a",
      port: 5106,
      stop: { signal: "SIGINT" },
    },
    { restart: "on-failure", graceMs: 10_000 },
    {
      launch: children.launch,
      prober: undefined,
      nextRunMs: () => undefined,
      obstaclesOf: () => undefined,
      onStartedAgain() {},
      ports,
      openOutput() {
        outputs += 1;
        const number = outputs;
        return {
          push: (bytes) => lines.push(`${number}: ${bytes}`),
          pause() {},
          resume() {},
          end: () => lines.push(`${number} ends`),
        };
      },
      tell: (_, notice) => told.push(...[describeNotice(notice) ?? []].flat()),
      drain: async () => {},
      onRanWell: (name) => ranWell.push(name),
      onChange: ({ instance }) => changes.push(instance().state.is),
      clock,
      timeMs: clock.nowMs,
      version: () => 1,
      random: () => 0.5,
    },
  );
  return {
    clock,
    children,
    told,
    changes,
    lines,
    ranWell,
    runner,
    child: () => children.get("a.1"),
  };
}

function createRunning(ports?: PortTools) {
  const subject = createSubject(ports);
  subject.runner.send(wantUp);
  subject.child().start();
  subject.clock.advance(1_000);
  return subject;
}

describe("a runner", () => {
  it("says nothing after an event of which nothing has come", () => {
    const { runner, changes } = createRunning();
    const before = [...changes];
    runner.send({ what: "recheck" });
    runner.send({ what: "ready", run: 7 });
    expect(changes).toEqual(before);
  });

  it("says what became of it after each event", () => {
    const { runner, clock, changes, child } = createSubject();
    runner.send(wantUp);
    child().start();
    clock.advance(500);
    child().exit();
    child().vanish(exitCode(1));
    clock.advance(500);
    runner.send(wantDown);
    child().vanish(terminated);
    // Twice: when it is decided, and when there is a process.
    expect(changes).toEqual([
      "starting",
      "starting",
      "up",
      "stopping",
      "crashed",
      "starting",
      "stopping",
      "down",
    ]);
  });

  it("has a timer in the states that have one, and none in the others", () => {
    const { runner, clock, child } = createSubject();
    const armed: (readonly [string, number])[] = [];
    const look = () => armed.push([runner.instance().state.is, clock.armed()]);
    runner.send(wantUp);
    look();
    child().start();
    look();
    clock.advance(500);
    look();
    child().exit();
    look();
    child().vanish(exitCode(1));
    look();
    runner.send(restart);
    look();
    runner.send(wantDown);
    look();
    child().vanish(terminated);
    look();
    expect(armed).toEqual([
      // Without a process there is nothing that could become ready by being alive.
      ["starting", 0],
      ["starting", 1],
      ["up", 0],
      ["stopping", 1],
      ["crashed", 1],
      ["starting", 0],
      ["stopping", 1],
      ["down", 0],
    ]);
  });

  it("is not up as long as it has no process", () => {
    const { runner, clock, child } = createSubject();
    runner.send(wantUp);
    clock.advance(60_000);
    expect(runner.status()).toMatchObject({ state: "starting", pid: undefined });
    child().start();
    clock.advance(499);
    expect(runner.status().state).toBe("starting");
    clock.advance(1);
    expect(runner.status().state).toBe("up");
  });

  it("stops with its own signal", () => {
    const { runner, child } = createRunning();
    runner.send(wantDown);
    expect(child().asked).toEqual(["stop SIGINT"]);
  });

  it("stops as its spec says, and from the next stop on as a later one says", () => {
    const { runner, child, clock, told } = createRunning();
    const stop = { graceMs: 700, scope: "leader" } as const;
    runner.adopt({ ...runner.spec(), stop });
    runner.send(restart);
    clock.advance(699);
    expect(child().asked).toEqual(["stop leader SIGTERM"]);
    clock.advance(1);
    expect(child().asked).toEqual(["stop leader SIGTERM", "kill"]);
    child().end(terminated);
    child().start();
    runner.adopt({ ...runner.spec(), stop: { command: "docker rm -f a" } });
    runner.send(wantDown);
    expect(child().asked).toEqual(["stop docker rm -f a"]);
    expect(told.at(-1)).toBe("is stopped by: docker rm -f a");
    child().failToStop("exited with code 1");
    expect(told.at(-1)).toBe("its stop command exited with code 1: docker rm -f a");
  });

  it("keeps the lines of its stop command apart from its own", () => {
    const { runner, child, lines } = createRunning();
    runner.adopt({ ...runner.spec(), stop: { command: "docker rm -f a" } });
    child().print("half of");
    runner.send(wantDown);
    child().printByStop("a");
    child().print(" a line");
    child().end(terminated);
    expect(lines).toEqual(["1: half of", "2: a", "1:  a line", "1 ends", "2 ends"]);
  });

  it("says when its output is poor", () => {
    const { told, child } = createRunning();
    child().warn("ENOENT");
    expect(told.at(-1)).toContain("(ENOENT)");
  });
});

describe("a restart", () => {
  it("stops, and starts when the old run is gone, without a pause", () => {
    const { runner, children, child, told } = createRunning();
    runner.send(restart);
    child().exit();
    expect(children.all.length).toBe(1);
    child().vanish(terminated);
    expect(children.all.length).toBe(2);
    expect(told.at(-1)).toBe("stopped after 0 ms (was ended by SIGTERM)");
  });

  it("of what waits to be started again does not wait", () => {
    const { runner, children, child, clock } = createRunning();
    child().end(exitCode(1));
    runner.send(restart);
    expect(children.all.length).toBe(2);
    clock.advance(400);
    expect(children.all.length).toBe(2);
  });

  it("forgets the failures", () => {
    const { runner, child, clock, told } = createRunning();
    for (const pauseMs of [500, 1_000, 2_000]) {
      child().end(exitCode(1));
      clock.advance(pauseMs);
    }
    runner.send(restart);
    child().vanish(terminated);
    clock.advance(1_000);
    child().end(exitCode(1));
    expect(told.at(-1)).toBe("exited with code 1 after 1 s; starting it again in 500 ms");
  });

  it("of what is parked is a start", () => {
    const { runner, children, child } = createRunning();
    child().end(exitCode(127));
    expect(runner.instance().state.is).toBe("parked");
    runner.send(restart);
    expect([runner.instance().state.is, children.all.length]).toEqual(["starting", 2]);
  });

  it("with a stop in its middle ends down", () => {
    const { runner, children, child } = createRunning();
    runner.send(restart);
    runner.send(wantDown);
    child().end(terminated);
    expect([runner.instance().state.is, children.all.length]).toEqual(["down", 1]);
  });

  it("in the middle of a stop ends up", () => {
    const { runner, children, child } = createRunning();
    runner.send(wantDown);
    runner.send(restart);
    child().end(terminated);
    expect([runner.instance().state.is, children.all.length]).toEqual(["starting", 2]);
    expect(child().asked).toEqual([]);
  });

  it("asked for twice is one", () => {
    const { runner, children, child, clock } = createRunning();
    runner.send(restart);
    runner.send(restart);
    expect(child().asked).toEqual(["stop SIGINT"]);
    child().end(terminated);
    clock.advance(60_000);
    expect(children.all.length).toBe(2);
  });
});

describe("a port that somebody else holds", () => {
  const held: PortTrouble = {
    is: "held",
    port: 5106,
    holder: { pid: 431, command: "node\0index.js", user: "marc" },
  };

  /** Its port is held until it is told to be free. */
  function createPorts() {
    const waits: { readonly givenUp: AbortSignal; readonly free: () => void }[] = [];
    let asked = 0;
    const tools: PortTools = {
      async findTrouble() {
        asked += 1;
        return held;
      },
      isFree: async () => true,
      untilFree: (_port, _instance, givenUp) =>
        new Promise((resolve) => waits.push({ givenUp, free: () => resolve(true) })),
    };
    return { tools, waits, asked: () => asked };
  }

  async function createFailed() {
    const ports = createPorts();
    const subject = createRunning(ports.tools);
    subject.child().end(exitCode(1));
    await turn();
    return { ...subject, ports };
  }

  it("is told, and waited for", async () => {
    const { told, runner, children, ports, clock } = await createFailed();
    expect(runner.status().reason).toBe(
      'port 5106 is held by node (pid 431, user marc, "node index.js")',
    );
    expect(told.at(-1)).toBe(
      'exited with code 1 after 1 s, and its port 5106 is held by node (pid 431, user marc, "node index.js"); starting it again when that is free, in 11 s at the latest',
    );
    ports.waits[0]?.free();
    await turn();
    expect(runner.status()).toMatchObject({ reason: undefined, restartInMs: 250 });
    clock.advance(250);
    expect(children.all.length).toBe(2);
  });

  it("is no failure once it is free", async () => {
    const { runner, ports } = await createFailed();
    expect(runner.instance().failures).toBe(1);
    ports.waits[0]?.free();
    await turn();
    expect(runner.instance().failures).toBe(0);
  });

  it("is waited for no longer than a while", async () => {
    const { children, clock } = await createFailed();
    clock.advance(10_499);
    expect(children.all.length).toBe(1);
    clock.advance(1);
    expect(children.all.length).toBe(2);
  });

  it.each<[name: string, event: InstanceEvent]>([
    ["a restart", restart],
    ["a stop", wantDown],
  ])("is not waited for after %s", async (_, event) => {
    const { runner, children, ports, clock } = await createFailed();
    runner.send(event);
    const expected = [runner.instance().state.is, children.all.length];
    expect(ports.waits[0]?.givenUp.aborted).toBe(true);
    ports.waits[0]?.free();
    await turn();
    clock.advance(60_000);
    expect([runner.instance().state.is, children.all.length]).toEqual(expected);
  });

  it("is not waited for when the stop comes while it is looked for", async () => {
    const ports = createPorts();
    const { runner, child } = createRunning(ports.tools);
    child().end(exitCode(1));
    runner.send(wantDown);
    await turn();
    expect(runner.instance().state.is).toBe("down");
    expect(ports.waits).toEqual([]);
  });

  it.each<[name: string, status: ExitStatus, isAsked: boolean]>([
    ["success", exitCode(0), false],
    ["a signal", terminated, false],
    ["a command that is not there", exitCode(127), false],
    ["a stop", exitCode(1), true],
  ])("is not looked for after %s", (_, status, isAsked) => {
    const ports = createPorts();
    const { runner, child } = createRunning(ports.tools);
    if (isAsked) runner.send(wantDown);
    child().end(status);
    expect(ports.asked()).toBe(0);
  });
});
