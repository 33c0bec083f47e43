import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainCommand } from "../../src/process/explain-command.ts";
import { withExec } from "../../src/process/shell.ts";

let cwd: string;
let path: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "explain-test-"));
  path = `${join(cwd, "path")}:bin:/nowhere:/usr/bin:/bin`;
  await write("path/rendered", "#!/bin/sh\n");
  await write("path/plainest", "no program\n", 0o644);
  await write("bin/here", "#!/bin/sh\nexit 0\n");
  await write("node_modules/.bin/viteling", "#!/bin/sh\n");
  await write("script", "#!/bin/no-such-shell -e\n");
  await write("by-env", "#!/usr/bin/env rendred\n");
  await write("windows", "#!/bin/sh\r\nexit 0\r\n");
  await write("windows-env", "#!/usr/bin/env sh\r\nexit 0\r\n");
  await write("unusable", `#!${join(cwd, "path/plainest")}\n`);
  await write("ends-127", "#!/bin/sh\nexit 127\n");
  await write("ends-126", "#!/bin/sh\nexit 126\n");
  await mkdir(join(cwd, "folder"));
});

afterAll(() => rm(cwd, { recursive: true }));

async function write(name: string, text: string, mode = 0o755): Promise<void> {
  await mkdir(dirname(join(cwd, name)), { recursive: true });
  await writeFile(join(cwd, name), text);
  await chmod(join(cwd, name), mode);
}

/** By the shell that procman runs it with. */
function codeOf(command: string): number | null {
  const options = { cwd, env: { PATH: path }, encoding: "utf8" } as const;
  return spawnSync("/bin/sh", ["-c", "--", withExec(command)], options).status;
}

const missing = "command not found: ";
const refused = "command not executable: ";

describe("a command that is not found", () => {
  it.each<[command: string, reason: string | undefined]>([
    ["renderd", `${missing}renderd; did you mean rendered?`],
    ["true && A=1 hre x", `${missing}hre; did you mean here?`],
    ["here && no-such-program-at-all", `${missing}no-such-program-at-all`],
    ["./scrip", `${missing}./scrip; did you mean ./script?`],
    ["folder/nothing", `${missing}folder/nothing`],
    [
      "viteling",
      `${missing}viteling; it is in node_modules/.bin, which is not on the PATH: write npx viteling`,
    ],
    ["./script", `${missing}/bin/no-such-shell, which is to run ./script`],
    ["./by-env", `${missing}rendred, which is to run ./by-env; did you mean rendered?`],
    [
      "./windows",
      `${missing}the first line of ./windows ends in a carriage return, as on Windows; save it with plain line ends`,
    ],
    [
      "./windows-env",
      `${missing}the first line of ./windows-env ends in a carriage return, as on Windows; save it with plain line ends`,
    ],
    ["./ends-127", undefined],
    ["exit 127", undefined],
  ])("%s", async (command, reason) => {
    expect(codeOf(command)).toBe(127);
    expect(await explainCommand(127, { command, cwd, path })).toBe(reason);
  });

  it("is looked for in the usual folders when there is no PATH", async () => {
    const place = { command: "sh x; no-such-program-at-all", cwd, path: undefined };
    expect(await explainCommand(127, place)).toBe(`${missing}no-such-program-at-all`);
  });

  it("has its nearest name in node_modules/.bin when that is on the PATH", async () => {
    const place = { command: "vitling", cwd, path: "node_modules/.bin:/bin" };
    expect(await explainCommand(127, place)).toBe(`${missing}vitling; did you mean viteling?`);
  });
});

describe("a command that may not be run", () => {
  it.each<[command: string, reason: string | undefined]>([
    ["./path/plainest", `${refused}./path/plainest; allow it with: chmod +x ./path/plainest`],
    ["here; ./folder", `${refused}./folder is a folder`],
    ["./ends-126", undefined],
  ])("%s", async (command, reason) => {
    expect(codeOf(command)).toBe(126);
    expect(await explainCommand(126, { command, cwd, path })).toBe(reason);
  });

  it("is named with its place on the PATH", async () => {
    const file = join(cwd, "path/plainest");
    expect(codeOf("plainest")).not.toBe(0);
    expect(await explainCommand(126, { command: "plainest", cwd, path })).toBe(
      `${refused}${file}; allow it with: chmod +x ${file}`,
    );
  });

  it("may be the one that is to run it", async () => {
    const reason = `${refused}${join(cwd, "path/plainest")}, which is to run ./unusable`;
    expect(codeOf("./unusable")).toBe(126);
    expect(await explainCommand(126, { command: "./unusable", cwd, path })).toBe(reason);
  });
});
