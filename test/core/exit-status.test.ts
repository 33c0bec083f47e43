import { describe, expect, it } from "vitest";
import {
  describeExit,
  type ExitStatus,
  exitCodeOf,
  findLastingCause,
  isSuccess,
} from "../../src/core/exit-status.ts";

interface Row {
  readonly status: ExitStatus;
  /** What a shell would have in `$?`. */
  readonly code: number;
  readonly isSuccess?: boolean;
  readonly lasting?: string;
  readonly text: string;
}

describe("an exit status", () => {
  it.each<[name: string, row: Row]>([
    [
      "success",
      {
        status: { kind: "exit", code: 0 },
        code: 0,
        isSuccess: true,
        text: "exited with code 0",
      },
    ],
    ["failure", { status: { kind: "exit", code: 1 }, code: 1, text: "exited with code 1" }],
    [
      "the highest code",
      { status: { kind: "exit", code: 255 }, code: 255, text: "exited with code 255" },
    ],
    [
      "a command that is not there",
      {
        status: { kind: "exit", code: 127 },
        code: 127,
        lasting: "command not found",
        text: "exited with code 127",
      },
    ],
    [
      "a command of which it is known what is not there",
      {
        status: { kind: "exit", code: 127, reason: "command not found: nodde" },
        code: 127,
        lasting: "command not found: nodde",
        text: "exited with code 127",
      },
    ],
    [
      "a command that may not be run",
      {
        status: { kind: "exit", code: 126 },
        code: 126,
        lasting: "command not executable",
        text: "exited with code 126",
      },
    ],
    [
      "a command of which it is known what may not be run",
      {
        status: { kind: "exit", code: 126, reason: "command not executable: ./web" },
        code: 126,
        lasting: "command not executable: ./web",
        text: "exited with code 126",
      },
    ],
    [
      "a code that a shell uses for signals",
      { status: { kind: "exit", code: 137 }, code: 137, text: "exited with code 137" },
    ],
    [
      "SIGTERM",
      {
        status: { kind: "signal", signal: "SIGTERM", number: 15 },
        code: 143,
        text: "was ended by SIGTERM",
      },
    ],
    [
      "SIGKILL",
      {
        status: { kind: "signal", signal: "SIGKILL", number: 9 },
        code: 137,
        text: "was ended by SIGKILL",
      },
    ],
    [
      "SIGKILL by a kernel without memory",
      {
        status: { kind: "signal", signal: "SIGKILL", number: 9, cause: "out of memory" },
        code: 137,
        text: "was ended by SIGKILL (out of memory)",
      },
    ],
    [
      "a shell's code for that",
      {
        status: { kind: "exit", code: 137, cause: "out of memory" },
        code: 137,
        text: "exited with code 137 (out of memory)",
      },
    ],
    [
      "no folder to start in",
      {
        status: { kind: "unstarted", reason: "there is no folder x", isLasting: true },
        code: 126,
        lasting: "there is no folder x",
        text: "could not be started: there is no folder x",
      },
    ],
    [
      "nothing left to start it with, for now",
      {
        status: { kind: "unstarted", reason: "no file descriptors", isLasting: false },
        code: 1,
        text: "could not be started: no file descriptors",
      },
    ],
  ])("%s", (_, row) => {
    const { status } = row;
    expect(exitCodeOf(status)).toBe(row.code);
    expect(isSuccess(status)).toBe(row.isSuccess ?? false);
    expect(findLastingCause(status)).toBe(row.lasting);
    expect(describeExit(status)).toBe(row.text);
  });
});
