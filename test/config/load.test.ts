import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/config/load.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";
import { mergeLayers } from "../../src/core/environment.ts";
import type { Given, GivenSettings, SettingName } from "../../src/core/settings.ts";
import { AppFolder, type Contents, type Words } from "../support/app-folder.ts";

let files: AppFolder;
let folder = "";

beforeEach(() => {
  files = new AppFolder();
  folder = files.path;
});

afterEach(() => {
  files[Symbol.dispose]();
});

const write = (contents: Contents) => files.write(contents);
const load = (contents: Contents, words?: Words) => files.load(contents, words);
const loadGood = (contents: Contents, words?: Words) => files.loadGood(contents, words);

function flag(name: SettingName, value: Given["value"]): GivenSettings {
  return { [name]: { value, source: `--${name}` } };
}

function commandsOf({ types }: App): Contents {
  return Object.fromEntries(types.map(({ name, command }) => [name, command]));
}

function portsOf({ specs }: App): Readonly<Record<string, number | undefined>> {
  return Object.fromEntries(specs.map(({ name, port }) => [name, port]));
}

const web = "web: node web.js\n";
const two = "web: node web.js\nworker: node worker.js\n";

describe("the app's folder", () => {
  it.each<[name: string, contents: Contents, words: Words, root: string]>([
    ["is the current one", { Procfile: web }, {}, "."],
    ["is the nearest upward", { Procfile: web, "a/Procfile": web }, { cwd: "a/b/c" }, "a"],
    ["is not below", { Procfile: web, "a/Procfile": web }, {}, "."],
    [
      "is not one with only a package.json",
      { Procfile: web, "a/package.json": "{}" },
      { cwd: "a" },
      ".",
    ],
    [
      "is not one with only a Procfile.dev",
      { Procfile: web, "a/Procfile.dev": web },
      { cwd: "a" },
      ".",
    ],
    ["is that of -d", { Procfile: web, "a/Procfile": web }, { root: "a" }, "a"],
    ["is that of -d, seen from here", { "a/Procfile": web }, { cwd: "a/b", root: ".." }, "a"],
    [
      "is not searched for above -d",
      { Procfile: web, "a/x": "" },
      { root: "a", procfile: "Procfile" },
      "a",
    ],
    ["is that of -f", { "a/Procfile.dev": web }, { procfile: "a/Procfile.dev" }, "a"],
    [
      "is that of -f, upward",
      { "Procfile.dev": web },
      { cwd: "a", procfile: "../Procfile.dev" },
      ".",
    ],
    [
      "is that of -d beside -f",
      { "a/Procfile.dev": web, "b/x": "" },
      { root: "b", procfile: "a/Procfile.dev" },
      "b",
    ],
    [
      "is that of root in .foreman",
      { Procfile: web, "a/Procfile": web, ".foreman": "root: a\n" },
      {},
      "a",
    ],
    [
      "is that of -d rather than .foreman's",
      { "b/Procfile": web, "b/.foreman": "root: a\n" },
      { root: "b" },
      "b",
    ],
  ])("%s", async (_, contents, words, root) => {
    expect((await loadGood(contents, words)).root).toBe(join(folder, root));
  });

  it("gives the app its name, unless --app does", async () => {
    expect((await loadGood({ "shop/Procfile": web }, { root: "shop" })).name).toBe("shop");
    expect((await loadGood({ Procfile: web })).name).toBe(basename(folder));
    expect((await loadGood({ Procfile: web }, { app: "store" })).name).toBe("store");
  });
});

describe("the Procfile", () => {
  const dev = "web: dev\n";
  it.each<[name: string, contents: Contents, words: Words, command: string]>([
    ["is Procfile", { Procfile: web, "Procfile.dev": dev }, {}, "node web.js"],
    ["is that of -f", { Procfile: web, "Procfile.dev": dev }, { procfile: "Procfile.dev" }, "dev"],
    [
      "is that of PROCFILE in .env",
      { Procfile: web, "Procfile.dev": dev, ".env": "PROCFILE=Procfile.dev" },
      {},
      "dev",
    ],
    [
      "is that of PROCFILE in .env where there is no other",
      { "Procfile.dev": dev, ".env": "PROCFILE=Procfile.dev" },
      {},
      "dev",
    ],
    [
      "is that of PROCFILE in the shell",
      { Procfile: web, "Procfile.dev": dev },
      { shell: { PROCFILE: "Procfile.dev" } },
      "dev",
    ],
    [
      "is that of the shell rather than .env's",
      { "Procfile.dev": dev, ".env": "PROCFILE=x" },
      { shell: { PROCFILE: "Procfile.dev" } },
      "dev",
    ],
    [
      "is that of .env with --env-override",
      { "Procfile.dev": dev, ".env": "PROCFILE=Procfile.dev" },
      { shell: { PROCFILE: "x" }, filesWin: true },
      "dev",
    ],
    [
      "is that of -f rather than PROCFILE",
      { Procfile: web, "Procfile.dev": dev, ".env": "PROCFILE=Procfile" },
      { procfile: "Procfile.dev" },
      "dev",
    ],
    [
      "is that of another .env",
      { Procfile: web, "Procfile.dev": dev, "my.env": "PROCFILE=Procfile.dev" },
      { env: ["my.env"] },
      "dev",
    ],
    [
      "is not that of a .env that is not read",
      { Procfile: web, "Procfile.dev": dev, ".env": "PROCFILE=Procfile.dev" },
      { env: "none" },
      "node web.js",
    ],
    [
      "is that of .foreman",
      { Procfile: web, "Procfile.dev": dev, ".foreman": "procfile: Procfile.dev" },
      {},
      "dev",
    ],
    [
      "is that of -f rather than .foreman's",
      { Procfile: web, "Procfile.dev": dev, ".foreman": "procfile: Procfile" },
      { procfile: "Procfile.dev" },
      "dev",
    ],
    [
      "is seen from the app's folder",
      { Procfile: web, "config/Procfile": dev, ".env": "PROCFILE=config/Procfile" },
      { cwd: "a" },
      "dev",
    ],
    [
      "is Procfile where PROCFILE is empty",
      { Procfile: web, ".env": "PROCFILE=" },
      {},
      "node web.js",
    ],
  ])("%s", async (_, contents, words, command) => {
    const app = await loadGood(contents, words);
    expect(commandsOf(app)).toEqual({ web: command });
    expect(app.notes).toEqual([]);
  });

  it.each<[name: string, contents: Contents, words: Words, said: string]>([
    ["-f", {}, { procfile: "Procfile.dev" }, "Procfile.dev: error: there is no such file"],
    [
      "-f of a folder",
      { "a/x": "" },
      { procfile: "a" },
      "a: error: cannot be read: it is a folder",
    ],
    ["PROCFILE", { ".env": "PROCFILE=nope" }, {}, "nope: error: there is no such file"],
    [
      "PROCFILE beside a Procfile",
      { Procfile: web, ".env": "PROCFILE=nope" },
      {},
      "nope: error: there is no such file",
    ],
    [".foreman", { ".foreman": "procfile: nope" }, {}, "nope: error: there is no such file"],
    [
      "an ending",
      { "Procfile.txt": web },
      {},
      "Procfile: error: there is no Procfile, only a Procfile.txt; rename it to Procfile, without an ending",
    ],
    [
      "an ending, beside a package.json",
      { "Procfile.txt": web, "package.json": '{"scripts":{"start":"x"}}' },
      {},
      "Procfile: error: there is no Procfile, only a Procfile.txt; rename it to Procfile, without an ending",
    ],
    [
      "another name",
      { "Procfile.dev": web },
      {},
      "Procfile: error: there is no Procfile, only Procfile.dev; start it with: procman start -f Procfile.dev",
    ],
    [
      "small letters",
      { procfile: web },
      {},
      "Procfile: error: there is no Procfile, only procfile; start it with: procman start -f procfile",
    ],
  ])("that is not there is a mistake: by %s", async (_, contents, words, said) => {
    expect(await load(contents, words)).toEqual({ app: undefined, said: [said] });
  });

  it("is shown by what it looks like where there is none at all", async () => {
    expect((await load({})).said).toEqual([
      `Procfile: error: there is no Procfile in ${folder} or above it; it has lines like this one: web: node index.js`,
    ]);
  });

  it("is named in a mistake as the person would write it", async () => {
    const { said } = await load({ Procfile: "web\n" }, { cwd: "a/b" });
    expect(said).toEqual([expect.stringMatching(/^\.\.\/\.\.\/Procfile:1:\d+: error: /)]);
  });
});

describe("a package.json with a start script", () => {
  const start = '{"scripts":{"start":"node x.js"}}';
  it.each<[name: string, contents: Contents, words: Words]>([
    ["here", { "package.json": start }, {}],
    ["with a byte order mark", { "package.json": `\ufeff${start}` }, {}],
    ["beside a Procfile of another name", { "package.json": start, "Procfile.dev": web }, {}],
    [
      "in the folder of -d, which is this one",
      { "a/package.json": start },
      { cwd: "a", root: "." },
    ],
  ])("is a web process: %s", async (_, contents, words) => {
    const app = await loadGood(contents, words);
    expect(commandsOf(app)).toEqual({ web: "npm start" });
    expect(app.notes).toEqual([
      "no Procfile here; running the start script of package.json as web: npm start",
    ]);
  });

  it.each<[name: string, contents: Contents, words: Words]>([
    ["above", { "package.json": start }, { cwd: "a" }],
    ["without the script", { "package.json": '{"scripts":{"test":"x"}}' }, {}],
    ["without scripts", { "package.json": "{}" }, {}],
    ["with an empty script", { "package.json": '{"scripts":{"start":" "}}' }, {}],
    ["with a script that is none", { "package.json": '{"scripts":{"start":1}}' }, {}],
    ["that is no table", { "package.json": "null" }, {}],
    ["that is no JSON", { "package.json": "{" }, {}],
  ])("is none: %s", async (_, contents, words) => {
    const { app, said } = await load(contents, words);
    expect(app).toBeUndefined();
    expect(said.join("\n")).toContain("there is no Procfile in");
  });

  it.each([
    ["procman start", true],
    ["npx procman start web=2", true],
    ["NODE_ENV=production ./node_modules/.bin/procman --no-color start; echo done", true],
    ["node ../bin/procman.js start", true],
    ["procman start -f Procfile.dev", false],
    ["procman -d app start", false],
    ["procman run node start.js", false],
    ["procman check && node start", false],
    ["node procman start", true],
    ["node my-procman-start.js", false],
  ])("that is %j is refused when it would start itself: %s", async (script, isRefused) => {
    const contents = { "package.json": JSON.stringify({ scripts: { start: script } }) };
    const { app, said } = await load(contents);
    expect(app === undefined).toBe(isRefused);
    expect(said).toEqual(
      isRefused
        ? [
            "Procfile: error: there is no Procfile, and the start script of package.json is procman itself; write a Procfile that says what to run, as in: web: node index.js",
          ]
        : [],
    );
  });

  it("is not looked at where there is a Procfile above", async () => {
    const app = await loadGood({ Procfile: web, "a/package.json": start }, { cwd: "a" });
    expect(commandsOf(app)).toEqual({ web: "node web.js" });
  });
});

describe("the environment", () => {
  it.each<[name: string, contents: Contents, words: Words, value: string | undefined]>([
    ["of .env", { ".env": "A=file" }, {}, "file"],
    ["of .env of the app's folder", { ".env": "A=file", "a/.env": "A=here" }, { cwd: "a" }, "file"],
    ["of no .env", {}, {}, undefined],
    ["of a .env that is not to be read", { ".env": "A=file" }, { env: "none" }, undefined],
    ["of the shell before .env", { ".env": "A=file" }, { shell: { A: "shell" } }, "shell"],
    [
      "of .env with --env-override",
      { ".env": "A=file" },
      { shell: { A: "shell" }, filesWin: true },
      "file",
    ],
    ["of what is built in", {}, { builtIn: new Map([["A", "built-in"]]) }, "built-in"],
    [
      "of .env before what is built in",
      { ".env": "A=file" },
      { builtIn: new Map([["A", "x"]]) },
      "file",
    ],
    [
      "of -e instead of .env",
      { ".env": "A=file", "my.env": "B=1" },
      { env: ["my.env"] },
      undefined,
    ],
    ["of the last -e", { a: "A=a", b: "A=b" }, { env: ["a", "b"] }, "b"],
    [
      "of -e seen from here",
      { "a/my.env": "A=here", "my.env": "A=file" },
      { cwd: "a", env: ["my.env"] },
      "here",
    ],
    [
      "of .foreman's files",
      { "my.env": "A=1", "b.env": "A=2", ".foreman": "env: my.env, b.env" },
      {},
      "2",
    ],
    [
      "of .foreman's files seen from the app's folder",
      { "my.env": "A=1", ".foreman": "env: my.env" },
      { cwd: "a" },
      "1",
    ],
    [
      "of -e rather than .foreman's files",
      { a: "A=a", b: "A=b", ".foreman": "env: b" },
      { env: ["a"] },
      "a",
    ],
    [
      "of --no-env rather than .foreman's files",
      { b: "A=b", ".foreman": "env: b" },
      { env: "none" },
      undefined,
    ],
    ["as it is written", { ".env": `B=1\nA='\${B}'` }, {}, `\${B}`],
    ["with --env-expand", { ".env": `B=1\nA="\${B}"` }, { expand: true }, "1"],
  ])("%s", async (_, contents, words, value) => {
    const app = await loadGood({ Procfile: web, ...contents }, words);
    expect(mergeLayers(app.layers).get("A")).toBe(value);
  });

  it.each<[name: string, contents: Contents, words: Words, said: string]>([
    ["-e", {}, { env: ["nope.env"] }, "nope.env: error: there is no such file"],
    [
      ".foreman's env",
      { ".foreman": "env: nope.env" },
      {},
      "nope.env: error: there is no such file",
    ],
  ])("of a file that is not there is a mistake: %s", async (_, contents, words, said) => {
    expect(await load({ Procfile: web, ...contents }, words)).toEqual({
      app: undefined,
      said: [said],
    });
  });

  it("is read again when it is asked for: changed, removed, wrong", async () => {
    const app = await loadGood({ Procfile: web, ".env": "A=1\nB=1" }, { shell: { S: "s" } });
    write({ ".env": "A=2" });
    const changed = await app.readLayers();
    if (!changed.ok) throw new Error("it should be right");
    expect([...mergeLayers(changed.value)]).toEqual([
      ["A", "2"],
      ["S", "s"],
    ]);
    write({ ".env": "A='" });
    const wrong = await app.readLayers();
    expect(wrong.ok).toBe(false);
    expect(wrong.diagnostics.map(formatDiagnostic)).toEqual([
      expect.stringMatching(/^\.env:1:3: error: /),
    ]);
    rmSync(join(folder, ".env"));
    const removed = await app.readLayers();
    expect(removed.ok && [...mergeLayers(removed.value)]).toEqual([["S", "s"]]);
  });
});

describe("the ports", () => {
  it.each<
    [name: string, contents: Contents, words: Words, ports: Readonly<Record<string, number>>]
  >([
    ["begin at 5006", {}, {}, { "web.1": 5006, "worker.1": 5106 }],
    [
      "begin at --port",
      {},
      { settings: flag("port", "3000") },
      { "web.1": 3000, "worker.1": 3100 },
    ],
    ["begin at PORT of .env", { ".env": "PORT=4000" }, {}, { "web.1": 4000, "worker.1": 4100 }],
    [
      "begin at PORT of the shell",
      { ".env": "PORT=4000" },
      { shell: { PORT: "4500" } },
      { "web.1": 4500, "worker.1": 4600 },
    ],
    [
      "begin at PORT of .env with --env-override",
      { ".env": "PORT=4000" },
      { shell: { PORT: "4500" }, filesWin: true },
      { "web.1": 4000, "worker.1": 4100 },
    ],
    [
      "begin at --port rather than PORT",
      { ".env": "PORT=4000" },
      { shell: { PORT: "4500" }, settings: flag("port", "3000") },
      { "web.1": 3000, "worker.1": 3100 },
    ],
    [
      "begin at --port though PORT is wrong",
      { ".env": "PORT=x" },
      { settings: flag("port", 3000) },
      { "web.1": 3000, "worker.1": 3100 },
    ],
    [
      "begin at .foreman's port",
      { ".foreman": "port: 7000" },
      {},
      { "web.1": 7000, "worker.1": 7100 },
    ],
    [
      "begin at --port rather than .foreman's",
      { ".foreman": "port: 7000" },
      { settings: flag("port", "3000") },
      { "web.1": 3000, "worker.1": 3100 },
    ],
    [
      "begin at PORT before they may move",
      { ".env": "PORT=4000" },
      { settings: flag("port", "auto") },
      { "web.1": 4000, "worker.1": 4100 },
    ],
    [
      "begin at 5006 where PORT is empty",
      { ".env": "PORT=" },
      {},
      { "web.1": 5006, "worker.1": 5106 },
    ],
    [
      "are the same whatever is asked for",
      {},
      { types: ["worker=2"] },
      { "worker.1": 5106, "worker.2": 5107 },
    ],
  ])("%s", async (_, contents, words, ports) => {
    expect(portsOf(await loadGood({ Procfile: two, ...contents }, words))).toEqual(ports);
  });

  it.each(["0", "65536", "secret-port", "80.5", "auto"])(
    "do not begin at PORT=%s, which is not repeated",
    async (port) => {
      expect((await load({ Procfile: two, ".env": `PORT=${port}` })).said).toEqual([
        "environment: error: PORT is not a port from 1 to 65535; mend it in the shell or the .env file, or give --port",
      ]);
    },
  );

  it("that are too high are a mistake of every type that has one", async () => {
    const { said } = await load(
      { Procfile: `${two}clock: x\n` },
      { settings: flag("port", "65500") },
    );
    expect(said.map((line) => line.split(" needs ")[0])).toEqual([
      "formation: error: worker=1",
      "formation: error: clock=1",
    ]);
  });

  it("of types whose variables are the same are a warning", async () => {
    const { app, said } = await load({ Procfile: "a-b: x\nweb: x\na_b: x\n" });
    expect(app).toBeDefined();
    expect(said).toEqual([
      "Procfile: warning: a-b and a_b share the variable PROCMAN_PORT_A_B; it holds the port of a-b",
    ]);
  });
});

describe("the formation and the settings", () => {
  const all = "web: w\nrelease: r\nworker: x\nclock: c\n";
  it.each<
    [name: string, contents: Contents, words: Words, formation: Readonly<Record<string, number>>]
  >([
    ["one of each, but no release", {}, {}, { web: 1, worker: 1, clock: 1 }],
    ["types", {}, { types: ["web", "worker=2"] }, { web: 1, worker: 2, clock: 0 }],
    ["-m", {}, { settings: flag("formation", "web=2") }, { web: 2, worker: 0, clock: 0 }],
    ["-x", {}, { settings: flag("except", "web") }, { web: 0, worker: 1, clock: 1 }],
    [".foreman", { ".foreman": "concurrency: all=2" }, {}, { web: 2, worker: 2, clock: 2 }],
    [
      "-m rather than .foreman's",
      { ".foreman": "formation: all=2" },
      { settings: flag("formation", "web=1") },
      { web: 1, worker: 0, clock: 0 },
    ],
    [
      "-x beside .foreman's",
      { ".foreman": "formation: all=2" },
      { settings: flag("except", "web") },
      { web: 0, worker: 2, clock: 2 },
    ],
  ])("%s", async (_, contents, words, formation) => {
    const app = await loadGood({ Procfile: all, ...contents }, words);
    expect(Object.fromEntries(app.formation)).toEqual(formation);
    expect(app.specs.length).toBe(Object.values(formation).reduce((sum, count) => sum + count, 0));
  });

  it("know release, though it is not started", async () => {
    expect(commandsOf(await loadGood({ Procfile: all }))).toHaveProperty("release", "r");
  });

  it("take a flag rather than .foreman, which comes before the default", async () => {
    const contents = { Procfile: web, ".foreman": "timeout: 3\nrestart: false\n" };
    const { settings } = await loadGood(contents, { settings: flag("timeout", "4") });
    expect(settings).toMatchObject({ graceMs: 4_000, restart: "never", prefix: true });
  });

  it("take .foreman where a flag is not given", async () => {
    const contents = { Procfile: web, ".foreman": "timeout: 3\n" };
    const { settings } = await loadGood(contents, { settings: { timeout: undefined } });
    expect(settings.graceMs).toBe(3_000);
  });

  it("know who is quiet", async () => {
    const app = await loadGood({ Procfile: all }, { settings: flag("quiet", "web,clock") });
    expect(app.quiet).toEqual(["web", "clock"]);
  });

  it.each<[name: string, contents: Contents, words: Words, said: string]>([
    [
      "an unknown type",
      {},
      { types: ["wbe"] },
      'start: error: no process type "wbe" in the Procfile; did you mean "web"?',
    ],
    [
      "unknown in -m",
      {},
      { settings: flag("formation", "wbe=1") },
      '--formation: error: no process type "wbe" in the Procfile; did you mean "web"?',
    ],
    [
      "unknown in -x",
      {},
      { settings: flag("except", "wbe") },
      '--except: error: no process type "wbe" in the Procfile; did you mean "web"?',
    ],
    [
      "unknown in --quiet",
      {},
      { settings: flag("quiet", "web,wbe") },
      '--quiet: error: no process type "wbe" in the Procfile; did you mean "web"?',
    ],
    [
      "unknown in .foreman",
      { ".foreman": "\nquiet: nope\n" },
      {},
      '.foreman:2: error: no process type "nope" in the Procfile; it has web, release, worker, clock',
    ],
    [
      "a bad value in .foreman",
      { ".foreman": "timeout: soon\n" },
      {},
      '.foreman:1: error: "soon" is not a number of seconds from 0',
    ],
    [
      "more than there is room for",
      {},
      { types: ["web=101"] },
      "formation: error: web=101 would run into the ports of worker, which begin at 5106; a type has room for 100 instances",
    ],
  ])("are mistaken: %s", async (_, contents, words, said) => {
    expect(await load({ Procfile: all, ...contents }, words)).toEqual({
      app: undefined,
      said: [said],
    });
  });
});

describe("all mistakes are said at once", () => {
  it("of every file and every flag", async () => {
    const { app, said } = await load(
      { Procfile: "web node\nworker:\n", ".env": "A='\n", ".foreman": "port: x\ntimeout: []\n" },
      { settings: { ...flag("timeout", "soon"), ...flag("log-format", "xml") } },
    );
    expect(app).toBeUndefined();
    expect(said.map((line) => line.replace(/: error: .*/, ""))).toEqual(
      expect.arrayContaining([
        ".foreman:2:1",
        "--timeout",
        "--log-format",
        ".env:1:3",
        expect.stringMatching(/^Procfile:1:/),
        expect.stringMatching(/^Procfile:2:/),
      ]),
    );
  });

  it("of types, quiet ones and the environment, when the Procfile is right", async () => {
    const { said } = await load(
      { Procfile: web, ".env": "PORT=x" },
      { types: ["a"], settings: { ...flag("quiet", "b"), ...flag("except", "c") } },
    );
    expect(said.map((line) => line.split(":")[0])).toEqual([
      "environment",
      "--quiet",
      "start",
      "--except",
    ]);
  });

  it("of types and quiet ones, when a setting is wrong too", async () => {
    const settings = { ...flag("timeout", "soon"), ...flag("quiet", "b") };
    const { said } = await load({ Procfile: web }, { types: ["a"], settings });
    expect(said.map((line) => line.split(":")[0])).toEqual(["--timeout", "--quiet", "start"]);
  });

  it("with the warnings", async () => {
    const { app, said } = await load({
      Procfile: " web: x\n",
      ".env": "A",
      ".foreman": "color: 1",
    });
    expect(app).toBeDefined();
    expect(said.map((line) => line.replace(/:.*/, ""))).toEqual([".foreman", ".env", "Procfile"]);
  });

  it("and none that only follows from another", async () => {
    const broken = { "Procfile.dev": web, ".env": "A='\n" };
    const { said } = await load(broken, { shell: { PROCFILE: "Procfile.dev", PORT: "4000" } });
    expect(said).toEqual([expect.stringMatching(/^\.env:1:3: error: /)]);
  });

  it("and none that only follows from another, when the file would have named the Procfile", async () => {
    const broken = { "Procfile.dev": web, ".env": "PROCFILE=Procfile.dev\nA='\n" };
    const { said } = await load(broken);
    expect(said).toEqual([expect.stringMatching(/^\.env:2:3: error: /)]);
  });
});
