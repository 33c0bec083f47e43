import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EnvFiles, readEnvFiles, showPath } from "../../src/config/env-files.ts";
import { createFilesInTime, filesAtOnce } from "../../src/config/files.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procman-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Contents = Readonly<Record<string, string>>;

/** Writes the files and reads them in the order they are given. */
async function read(contents: Contents, options: Partial<EnvFiles> = {}, disk = filesAtOnce) {
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
  const paths = Object.keys(contents).map((name) => join(folder, name));
  const files = { paths, mustExist: true, cwd: folder, expand: undefined, ...options };
  const result = await readEnvFiles(files, disk);
  return {
    values: result.ok ? Object.fromEntries(result.value) : undefined,
    said: result.diagnostics.map(formatDiagnostic),
  };
}

describe.each([
  ["at once", filesAtOnce],
  ["in time", createFilesInTime()],
])("files read %s", (_, disk) => {
  it.each<[name: string, contents: Contents, values: Contents]>([
    ["no files", {}, {}],
    ["an empty file", { ".env": "" }, {}],
    ["one file", { ".env": "A=1\nB=2\n" }, { A: "1", B: "2" }],
    ["a later file wins", { ".env": "A=1\nB=2", ".env.local": "B=3" }, { A: "1", B: "3" }],
    ["nothing is a value too", { ".env": "A=1", ".env.local": "A=" }, { A: "" }],
    ["$ is literal", { ".env": `A='$5'\nB='\${A}'` }, { A: "$5", B: `\${A}` }],
  ])("%s", async (_name, contents, values) => {
    expect(await read(contents, {}, disk)).toEqual({ values, said: [] });
  });

  it("may be a pipe, which is waited for while all else goes on, and read anew", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    for (const value of ["2", "3"]) {
      // What both read is the same, and not one half each.
      const readings = [1, 2].map(() => read({}, { paths: [path] }, disk));
      // To open it waits for the reader.
      const writer = await open(path, "w");
      await writer.write("A=1\n");
      await writer.write(`B=${value}\n`);
      await writer.close();
      const result = { values: { A: "1", B: value }, said: [] };
      expect(await Promise.all(readings)).toEqual([result, result]);
    }
  });

  it("may be a device", async () => {
    expect(await read({}, { paths: ["/dev/null"] }, disk)).toEqual({ values: {}, said: [] });
  });

  it("that are not there are a mistake when they were asked for", async () => {
    const paths = [join(folder, "a"), join(folder, "b/c")];
    expect(await read({}, { paths }, disk)).toEqual({
      values: undefined,
      said: ["a: error: there is no such file", "b/c: error: there is no such file"],
    });
  });

  it("that are not there are none when nobody asked for them", async () => {
    const paths = [join(folder, ".env")];
    expect(await read({}, { paths, mustExist: false }, disk)).toEqual({ values: {}, said: [] });
  });

  it.each([true, false])("that are a folder are a mistake, asked for or not", async (mustExist) => {
    mkdirSync(join(folder, ".env"));
    const paths = [join(folder, ".env")];
    expect(await read({}, { paths, mustExist }, disk)).toEqual({
      values: undefined,
      said: [".env: error: cannot be read: it is a folder"],
    });
  });
});

describe("a pipe", () => {
  it("that is a descriptor, as in -e <(pass show env), is read once", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const words = { paths: [`/dev/fd/${reader}`] };
    const reading = read({}, words);
    const writer = await open(path, "w");
    await writer.write("A=1\n");
    await writer.close();
    const result = { values: { A: "1" }, said: [] };
    expect(await reading).toEqual(result);
    expect(await read({}, words, createFilesInTime(0))).toEqual(result);
    closeSync(reader);
  });

  it("is given up when it is late, and the next reading is not the worse for it", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const disk = createFilesInTime(20);
    const late = {
      values: undefined,
      said: [
        "pipe: error: cannot be read: it is a pipe, and nobody has written all of it within 20 ms; have somebody write it, or put a file in its place, and try again",
      ],
    };
    expect(await read({}, { paths: [path] }, disk)).toEqual(late);
    // Written, but not to its end.
    const writer = openSync(path, "r+");
    writeSync(writer, "A=1\n");
    expect(await read({}, { paths: [path] }, disk)).toEqual(late);
    closeSync(writer);
    rmSync(path);
    expect(await read({ pipe: "A=2" }, {}, disk)).toEqual({ values: { A: "2" }, said: [] });
  });
});

describe("what is said", () => {
  it("names the file, as the person would write it", async () => {
    const cwd = join(folder, "deep/er");
    expect((await read({ ".env": "A" }, { cwd })).said).toEqual([
      expect.stringMatching(/^\.\.\/\.\.\/\.env:1:1: warning: /),
    ]);
  });

  it("is of all files, also when one is wrong", async () => {
    const { values, said } = await read({ a: "A", b: "B='", c: "C='", d: "D=1" });
    expect(values).toBeUndefined();
    expect(said.map((line) => line.replace(/: .*/, ""))).toEqual(["a:1:1", "b:1:3", "c:1:3"]);
  });
});

describe("--env-expand", () => {
  const shell = new Map([["HOST", "shell"]]);
  const reference = `URL=http://\${HOST}/`;

  it.each<[name: string, contents: Contents, filesWin: boolean, url: string]>([
    ["from the same file", { a: `PATH_=x\nURL=\${PATH_}` }, false, "x"],
    ["from an earlier file", { a: "OTHER=x", b: `URL=\${OTHER}` }, false, "x"],
    ["from the shell", { a: reference }, false, "http://shell/"],
    [
      "from the shell, which beats the file",
      { a: `HOST=file\n${reference}` },
      false,
      "http://shell/",
    ],
    ["from the file, with --env-override", { a: `HOST=file\n${reference}` }, true, "http://file/"],
    ["from the shell, with --env-override", { a: reference }, true, "http://shell/"],
  ])("%s", async (_, contents, filesWin, url) => {
    const { values, said } = await read(contents, { expand: { shell, filesWin } });
    expect(values?.["URL"]).toBe(url);
    expect(said).toEqual([]);
  });

  it("says in which file something is not set", async () => {
    const expand = { shell, filesWin: false };
    const { values, said } = await read({ a: "A=1", b: `\nURL=x\${NOPE}` }, { expand });
    expect(values?.["URL"]).toBe("x");
    expect(said).toEqual([expect.stringMatching(/^b:2.*: warning: .*NOPE/)]);
  });

  it("leaves no word of what it would have said without", async () => {
    const text = `A=1\nURL="\${A}"`;
    expect((await read({ a: text }, { expand: { shell, filesWin: false } })).said).toEqual([]);
    expect((await read({ a: text })).said.length).toBe(1);
  });
});

it("a name that no file can have is not said twice", async () => {
  const { said } = await read({}, { paths: ["a".repeat(5_000)] });
  expect(said.map((line) => line.replace(/^a+/, "a"))).toEqual([
    "a: error: cannot be read: ENAMETOOLONG: name too long",
  ]);
});

describe("showPath", () => {
  it.each([
    ["/a/b", "/a/b/.env", ".env"],
    ["/a/b", "/a/b/c/.env", "c/.env"],
    ["/a/b", "/a/.env", "../.env"],
    ["/a/b", "/a/b", "."],
    ["/a/b", "c", "c"],
    ["/a/b", "\u001b[2Jc", "<U+001B>[2Jc"],
  ])("in %s, %s: %s", (cwd, path, shown) => {
    expect(showPath(cwd, path)).toBe(shown);
  });
});
