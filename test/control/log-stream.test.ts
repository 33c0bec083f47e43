import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { createLogSessions, type LogSession } from "../../src/control/log-sessions.ts";
import {
  decodeEventId,
  encodeEventId,
  type LogPiece,
  type LogReader,
  type LogSource,
  streamLog,
} from "../../src/control/log-stream.ts";
import type { LogQuery } from "../../src/core/log-query.ts";
import { createFakeLog, type FakeLog, logLine } from "../support/fake-log.ts";

const everything: LogQuery = {
  types: [],
  names: [],
  source: undefined,
  sinceMs: undefined,
  pattern: undefined,
};

const nextTurn = () => new Promise(setImmediate);

let log: FakeLog;
let client: AbortController;

beforeEach(() => {
  log = createFakeLog();
  client = new AbortController();
});

function openSession(tail: boolean, lines = 100): LogSession {
  const sessions = createLogSessions(() => 0);
  const session = sessions.find(sessions.open({ query: everything, lines, tail }) ?? "");
  if (!session) throw new Error("no session");
  return session;
}

function stream(session: LogSession, reader: Partial<LogReader> = {}, source: LogSource = log) {
  const whole = {
    as: "events",
    lastEventId: undefined,
    givenUp: client.signal,
    ...reader,
  } as const;
  return streamLog(source, session, whole);
}

interface Got {
  readonly data: string;
  readonly id: string | undefined;
}

/** As an event source reads it. */
function parse(text: string): readonly Got[] {
  return text
    .split("\n\n")
    .map((block) => ({
      id: /^id: (.*)$/m.exec(block)?.[1],
      data: [...block.matchAll(/^data: (.*)$/gm)].map(([, data]) => data).join("\n"),
    }))
    .filter(({ data }) => data !== "");
}

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += Buffer.from(piece).toString("latin1");
  return text;
}

/** The next `count` events; then the reader goes. */
async function take(pieces: AsyncIterable<Uint8Array>, count: number): Promise<readonly Got[]> {
  const got: Got[] = [];
  for await (const piece of pieces) {
    got.push(...parse(Buffer.from(piece).toString("latin1")));
    if (got.length >= count) break;
  }
  return got;
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => logLine("web.1", `${from + index}`));

describe("a session that does not tail", () => {
  it("is the last lines, and then over", async () => {
    log.add(...numbered(1, 5));
    const text = await readAll(stream(openSession(false, 3), { as: "text" }));
    expect(text).toBe(`${numbered(3, 5).join("\n")}\n`);
  });

  it("tells readers of events not to wait before they come back", async () => {
    log.add(...numbered(1, 2));
    const text = await readAll(stream(openSession(false)));
    expect(parse(text).map(({ data }) => data)).toEqual(numbered(1, 2));
    expect(text).toContain("retry: 1\n\n");
  });

  it("is read once", async () => {
    const sessions = createLogSessions(() => 0);
    const key = sessions.open({ query: everything, lines: 1, tail: false }) ?? "";
    const session = sessions.find(key);
    if (session) await readAll(stream(session));
    expect(sessions.find(key)).toBeUndefined();
  });
});

describe("a session that tails", () => {
  it("goes on without a gap or a repeat", async () => {
    log.add(...numbered(1, 3));
    const got = take(stream(openSession(true, 2)), 5);
    await nextTurn();
    log.add(...numbered(4, 4));
    await nextTurn();
    log.add(...numbered(5, 6));
    expect((await got).map(({ data }) => data)).toEqual(numbered(2, 6));
  });

  it("gives up when its reader does", async () => {
    const text = readAll(stream(openSession(true)));
    await nextTurn();
    expect(log.followers()).toBe(1);
    client.abort();
    await text;
    expect(log.followers()).toBe(0);
  });

  it("goes on behind the last line that a reader has seen, wherever it was cut off", async () => {
    log.add(...numbered(1, 2));
    const session = openSession(true);
    const all = take(stream(session), 12);
    await nextTurn();
    log.add(...numbered(3, 7));
    await nextTurn();
    log.add(...numbered(8, 12));
    const got = await all;
    const last = got.slice(1);
    expect(last.every(({ id }) => id !== undefined)).toBe(true);
    for (const [index, { id }] of last.slice(0, -1).entries()) {
      const rest = await take(stream(session, { lastEventId: id }), 10 - index);
      expect(rest.map(({ data }) => data)).toEqual(numbered(index + 3, 12));
      const next =
        rest.length > 1 ? await take(stream(session, { lastEventId: rest[0]?.id }), 1) : [];
      expect(next[0]).toEqual(rest[1]);
    }
  });

  it.each(["99:0", "nonsense", "", "%:1", "1", "-1:0"])(
    "says that it cannot go on behind %j",
    async (lastEventId) => {
      log.add(...numbered(1, 2));
      const got = await take(stream(openSession(true), { lastEventId }), 3);
      expect(got[0]?.data).toContain("procman[api]: Lines are missing here");
      expect(got.slice(1).map(({ data }) => data)).toEqual(numbered(1, 2));
    },
  );

  it("says that the log does not reach back any more", async () => {
    log.add(...numbered(1, 9));
    log.forget(5);
    const got = await take(stream(openSession(true, 2), { lastEventId: "3:0" }), 3);
    expect(got[0]?.data).toContain("Lines are missing here");
    expect(got.slice(1).map(({ data }) => data)).toEqual(numbered(8, 9));
  });

  it("passes an error of the log on", async () => {
    const broken: LogSource = {
      ...log,
      history: () => Promise.reject(new Error("disk")),
    };
    await expect(readAll(stream(openSession(true), {}, broken))).rejects.toThrow("disk");
  });
});

describe("bytes", () => {
  it.each<[name: string, text: string, data: string]>([
    ["of any kind", "\xff\xfe\x00\x1b[31m", "\xff\xfe\x00\x1b[31m"],
    ["a colon and blanks", " : x ", " : x "],
    ["a carriage return at the end", "x\r", "x"],
    ["carriage returns within", "1%\r2%\r3%", "1%\n2%\n3%"],
  ])("%s come through", async (_, text, data) => {
    log.add(text);
    const got = await take(stream(openSession(false)), 1);
    expect(got[0]?.data).toBe(data);
    expect(await readAll(stream(openSession(false), { as: "text" }))).toBe(`${text}\n`);
  });

  it("of a history are not without end", async () => {
    const line = logLine("web.1", "x".repeat(1_000));
    log.add(...Array.from({ length: 10_000 }, () => line));
    const text = await readAll(stream(openSession(false, 10_000), { as: "text" }));
    expect(text.length).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(text.length).toBeGreaterThan(4_000_000);
    expect(new Set(text.split("\n"))).toEqual(new Set([line, ""]));
  });

  it("come in pieces, each when it is asked for", async () => {
    const piece: LogPiece = { text: `${"x".repeat(99)}\n`.repeat(10_000), position: "1" };
    let asked = 0;
    const endless: LogSource = {
      history: () => Promise.resolve({ text: "", position: "0" }),
      async *follow() {
        for (;;) {
          asked += 1;
          yield piece;
        }
      },
    };
    const pieces = stream(openSession(true), {}, endless);
    let sizes: readonly number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { value } = await pieces.next();
      sizes = [...sizes, value?.length ?? 0];
    }
    await pieces.return();
    expect(asked).toBe(1);
    expect(Math.max(...sizes)).toBeLessThan(70_000);
  });
});

describe("an id", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 20 }),
        fc.nat(999_999_999),
        (position, lines) => {
          const text = encodeEventId({ position, lines });
          expect(text).toMatch(/^[\x21-\x7e]+$/);
          expect(decodeEventId(text)).toEqual({ position, lines });
        },
      ),
    );
  });

  it("is read, or is none, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const id = decodeEventId(text);
        if (id) expect(decodeEventId(encodeEventId(id))).toEqual(id);
      }),
    );
  });
});

describe("sessions", () => {
  const request = { query: everything, lines: 1, tail: true };
  const idleMs = 5 * 60_000;

  it("have keys that nobody can guess", () => {
    const sessions = createLogSessions(() => 0);
    const keys = Array.from({ length: 100 }, () => sessions.open(request) ?? "");
    expect(new Set(keys).size).toBe(100);
    expect(keys.every((key) => /^[\w-]{32}$/.test(key))).toBe(true);
    expect(sessions.find("")).toBeUndefined();
    expect(sessions.find("__proto__")).toBeUndefined();
  });

  it("live as long as they are read, and a while longer", () => {
    let nowMs = 0;
    const sessions = createLogSessions(() => nowMs);
    const key = sessions.open(request) ?? "";
    nowMs += idleMs;
    const leave = sessions.find(key)?.enter();
    nowMs += 10 * idleMs;
    expect(sessions.find(key)).toBeDefined();
    leave?.();
    nowMs += idleMs;
    expect(sessions.find(key)).toBeDefined();
    nowMs += 1;
    expect(sessions.find(key)).toBeUndefined();
  });

  it("make room when they are over", () => {
    let nowMs = 0;
    const sessions = createLogSessions(() => nowMs);
    while (sessions.open(request) !== undefined);
    nowMs += idleMs + 1;
    expect(sessions.open(request)).toBeDefined();
  });
});
