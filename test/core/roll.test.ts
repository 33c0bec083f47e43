import { describe, expect, it } from "vitest";
import {
  emptyRow,
  headBytes,
  isSamePidSpace,
  parseRoll,
  printHead,
  printRow,
  rowBytes,
} from "../../src/core/roll.ts";

const head = {
  pid: 431,
  start: "8231",
  boot: "13e61771-4aef-4a2a-bfba-e3bcf668f0a6",
  namespace: "pid:[4026531836]",
  id: "431-5bf949252e1eaba7-mwwfjc3o-rtv2w6yh",
};

describe("the roll", () => {
  it("says who has begun it, and which groups live", () => {
    const groups = [
      { pid: 440, start: "8240" },
      { pid: 4_194_303, start: "18446744073709551" },
    ];
    const text = printHead(head) + emptyRow + groups.map(printRow).join(emptyRow) + emptyRow;
    expect(parseRoll(text)).toEqual({ head, groups });
  });

  it("has rows of one length, so that each can be written over", () => {
    expect(printHead(head)).toHaveLength(headBytes);
    expect(printRow({ pid: 4_194_303, start: "18446744073709551" })).toHaveLength(rowBytes);
    expect(emptyRow).toHaveLength(rowBytes);
  });

  it("can be one of a system that says nothing of its processes", () => {
    const unknown = { ...head, start: "-", boot: "-", namespace: "-" };
    const group = { pid: 440, start: "-" };
    expect(parseRoll(printHead(unknown) + printRow(group))).toEqual({
      head: unknown,
      groups: [group],
    });
  });

  it.each([
    ["empty", ""],
    ["of empty rows", emptyRow.repeat(9)],
    ["half written", printHead(head).slice(0, 70)],
    ["something else", "hello\n"],
    ["with a pid that is none", printHead(head).replace("431", "0")],
  ])("is none when it is %s", (_, text) => {
    expect(parseRoll(text)).toBeUndefined();
  });

  it("leaves out rows that make no sense", () => {
    const rows = ["440 8240", "-1 8240", "0 1", "440", "x 1", "1 2 3", "440 8240x", "\0\0"];
    expect(parseRoll(`${printHead(head)}${rows.join("\n")}\n`)?.groups).toEqual([
      { pid: 440, start: "8240" },
    ]);
  });

  it("is of one run of a kernel, and of one namespace", () => {
    expect(isSamePidSpace(head, { ...head })).toBe(true);
    expect(isSamePidSpace(head, { ...head, boot: "another" })).toBe(false);
    expect(isSamePidSpace(head, { ...head, namespace: "pid:[1]" })).toBe(false);
  });
});
