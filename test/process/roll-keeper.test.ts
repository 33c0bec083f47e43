import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseRoll } from "../../src/core/roll.ts";
import { startTimeOf } from "../../src/process/incarnation.ts";
import { createRollKeeper } from "../../src/process/roll-keeper.ts";

let folder = "";
const fds: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roll-test-"));
});

afterEach(() => {
  for (const fd of fds.splice(0)) closeSync(fd);
  rmSync(folder, { recursive: true });
});

function open(name: string): number {
  const fd = openSync(join(folder, name), "w+");
  fds.push(fd);
  return fd;
}

const read = (name: string) => readFileSync(join(folder, name), "latin1");
const groupsIn = (name: string) => parseRoll(read(name))?.groups.map(({ pid }) => pid);

describe("whoever keeps the roll", () => {
  it("writes down who lives, and takes off who is gone", () => {
    const roll = createRollKeeper("1-0000000000000000-a-b");
    roll.moveTo(open("groups"));
    expect(groupsIn("groups")).toEqual([]);
    for (const pgid of [70, 71, 72]) roll.add(pgid);
    roll.remove(71);
    roll.remove(99);
    expect(groupsIn("groups")).toEqual([70, 72]);
    roll.add(73);
    expect(groupsIn("groups")).toEqual([70, 73, 72]);
  });

  it("says who it is, and since when a leader runs", () => {
    const roll = createRollKeeper("1-0000000000000000-a-b");
    roll.moveTo(open("groups"));
    roll.add(process.pid);
    const start = startTimeOf(process.pid);
    expect(parseRoll(read("groups"))).toMatchObject({
      head: { pid: process.pid, start, id: "1-0000000000000000-a-b" },
      groups: [{ pid: process.pid, start }],
    });
  });

  it("can begin late, with all that runs by then", () => {
    const roll = createRollKeeper("1-0000000000000000-a-b");
    roll.add(70);
    expect(roll.isKept()).toBe(false);
    roll.moveTo(open("groups"));
    expect([groupsIn("groups"), roll.isKept()]).toEqual([[70], true]);
  });

  it("takes with it what is on it when it moves", () => {
    const roll = createRollKeeper("1-0000000000000000-a-b");
    roll.add(70);
    roll.moveTo(open("one"));
    roll.add(71);
    roll.moveTo(open("other"));
    roll.remove(70);
    expect(groupsIn("one")).toEqual([70, 71]);
    expect(groupsIn("other")).toEqual([71]);
  });

  it("stays where it was when it cannot move", () => {
    const roll = createRollKeeper("1-0000000000000000-a-b");
    roll.moveTo(open("one"));
    const fd = openSync(join(folder, "one"), "r");
    fds.push(fd);
    expect(() => roll.moveTo(fd)).toThrow("EBADF");
    expect(roll.isKept()).toBe(true);
    roll.add(70);
    expect(groupsIn("one")).toEqual([70]);
  });

  it("has room for more than it has foreseen, without a hole", () => {
    const roll = createRollKeeper("1-0000000000000000-a-b");
    roll.moveTo(open("groups"));
    const pgids = Array.from({ length: 300 }, (_, index) => 1_000 + index);
    for (const pgid of pgids) roll.add(pgid);
    expect(groupsIn("groups")).toEqual(pgids);
    expect(read("groups")).not.toContain("\0");
  });

  it("leaves nothing of an earlier one", () => {
    const earlier = createRollKeeper("1-0000000000000000-a-a");
    const fd = open("groups");
    earlier.moveTo(fd);
    for (let pgid = 1_000; pgid < 1_300; pgid += 1) earlier.add(pgid);
    createRollKeeper("1-0000000000000000-a-b").moveTo(fd);
    expect(groupsIn("groups")).toEqual([]);
  });

  it("leaves nothing", () => {
    const roll = createRollKeeper("1-0000000000000000-a-b");
    roll.moveTo(open("groups"));
    roll.add(70);
    roll.clear();
    expect(read("groups")).toBe("");
    expect(roll.isKept()).toBe(false);
  });
});
