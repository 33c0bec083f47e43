import { describe, expect, it, vi } from "vitest";
import { createPressure } from "../../src/supervisor/pressure.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { FakeSink } from "../support/fake-sink.ts";

const mib = 2 ** 20;
const chunk = "x".repeat(2 ** 16);
/** In chunks. */
const [room, share] = [32, 4];

function createSubject() {
  const sink = new FakeSink();
  const clock = createFakeClock();
  const onBehind = vi.fn();
  const pressure = createPressure(sink, clock, onBehind);
  const paces: string[] = [];
  /** Writes so many chunks. */
  const writer = (name: string) => {
    const write = pressure.share({
      hold: () => paces.push(`${name} hold`),
      flow: () => paces.push(`${name} flow`),
    });
    return (chunks: number) => {
      for (let left = chunks; left > 0; left -= 1) write(chunk);
    };
  };
  return { sink, clock, onBehind, paces, writer };
}

describe("a slow reader", () => {
  it("makes nobody wait as long as there is room for all", () => {
    const { paces, clock, writer } = createSubject();
    const web = writer("web");
    web(room);
    expect([paces, clock.armed()]).toEqual([[], 0]);
    web(1);
    expect(paces).toEqual(["web hold"]);
  });

  it("makes those wait of whom much is waiting, each once, and nobody else", () => {
    const { paces, writer } = createSubject();
    const [web, worker] = [writer("web"), writer("worker")];
    worker(room + 1);
    web(share);
    worker(1);
    expect(paces).toEqual(["worker hold"]);
    web(1);
    web(1);
    expect(paces).toEqual(["worker hold", "web hold"]);
  });

  it("lets all go on when little is left to take, and makes them wait again", () => {
    const { sink, paces, clock, onBehind, writer } = createSubject();
    const web = writer("web");
    web(room + 1);
    clock.advance(1_999);
    sink.take(room - share);
    expect(paces).toEqual(["web hold"]);
    sink.take(1);
    expect(paces).toEqual(["web hold", "web flow"]);
    expect(clock.armed()).toBe(0);
    web(room - share + 1);
    clock.advance(1_999);
    expect(paces).toEqual(["web hold", "web flow", "web hold"]);
    expect([sink.kept, onBehind.mock.calls.length]).toEqual(["all", 0]);
  });

  it("lets all go on after two seconds when it has taken half: it loses nothing", () => {
    const { sink, paces, clock, onBehind, writer } = createSubject();
    const web = writer("web");
    web(room + 1);
    sink.take(room / 2 + 1);
    clock.advance(2_000);
    expect(paces).toEqual(["web hold", "web flow"]);
    expect([sink.kept, onBehind.mock.calls.length, clock.armed()]).toEqual(["all", 0, 0]);
  });
});

describe("a reader that takes too little for two seconds", () => {
  it("is waited for no longer, and by nobody: only the newest is kept for it", () => {
    const { sink, paces, clock, onBehind, writer } = createSubject();
    const [web, worker] = [writer("web"), writer("worker")];
    web(room + 1);
    clock.advance(1_000);
    worker(share + 1);
    clock.advance(999);
    sink.take(1);
    expect(paces).toEqual(["web hold", "worker hold"]);
    clock.advance(1);
    expect(paces).toEqual(["web hold", "worker hold", "web flow", "worker flow"]);
    expect([sink.kept, onBehind.mock.calls.length]).toEqual(["newest", 1]);
    web(room);
    expect([paces.length, clock.armed()]).toEqual([4, 0]);
  });

  it("is waited for again once it has caught up", () => {
    const { sink, paces, clock, onBehind, writer } = createSubject();
    const web = writer("web");
    web(room + 1);
    clock.advance(2_000);
    sink.take(room / 2);
    expect(sink.kept).toBe("newest");
    sink.take(1);
    expect(sink.kept).toBe("all");
    web(room / 2 + 1);
    expect(paces).toEqual(["web hold", "web flow", "web hold"]);
    clock.advance(2_000);
    expect([sink.kept, onBehind.mock.calls.length]).toEqual(["newest", 2]);
  });

  it("has at most what there is room for and one share of each writer waiting", () => {
    const { sink, paces, writer } = createSubject();
    const writers = Array.from({ length: 8 }, (_, index) => writer(`${index}`));
    for (const write of writers) write(room / 8);
    for (const write of writers) write(1);
    expect(paces.length).toBe(8);
    expect(sink.written.length).toBeLessThanOrEqual(2 * mib + 8 * chunk.length);
  });
});
