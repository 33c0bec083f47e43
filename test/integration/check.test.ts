import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

describe.concurrent("procman check", () => {
  it("finds nothing where nothing is, and starts nothing", async () => {
    await using rig = await Rig.create({
      Procfile: `# the app\n${procfile("web", "worker")}`,
      ".env": "A=1\n",
    });
    rig.procman(["check"]);
    const end = await rig.end();
    expect(end).toMatchObject({ code: 0, stderr: "" });
    expect(end.stdout).toBe("2 process types: web, worker; all is well\n");
    expect(rig.children).toEqual([]);
  });

  it("names every mistake at once, with file, line and column", async () => {
    await using rig = await Rig.create({
      Procfile: "web: node a.js\nworker node b.js\nweb: node c.js\nclock:\nwürger: x\n",
      ".env": 'A=1\nnonsense\nB="open\n',
      ".foreman": "port: many\nprot: 1\n",
    });
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    const places = stdout.match(/^\S+: (error|warning)(?=: .*; .+$)/gm);
    expect(places?.toSorted()).toEqual([
      ".env:2:1: warning",
      ".env:3:3: error",
      ".foreman:2:1: warning",
      "Procfile:2:1: error",
      "Procfile:3:1: error",
      "Procfile:4:1: error",
      "Procfile:5:2: error",
    ]);
    expect(stdout).toMatch(/^\.foreman:1: error: "many" is not a port from 1 to 65535, or auto$/m);
    expect(stdout).toMatch(/\n6 errors, 2 warnings\n$/);
    expect(stdout).not.toContain("open\n");
    expect(code).toBe(1);
  });

  it("is content with warnings", async () => {
    await using rig = await Rig.create({ Procfile: " web : node a.js\n", ".env": "A=b#c\n" });
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    expect(stdout).toMatch(/^Procfile:1:1: warning: /m);
    expect(stdout).toMatch(/^\.env:1:4: warning: /m);
    expect(stdout).toMatch(/\n1 process type: web; 2 warnings\n$/);
    expect(code).toBe(0);
  });

  it("warns of types that share a variable", async () => {
    await using rig = await Rig.create({ Procfile: procfile("my-web", "my_web") });
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    expect(stdout).toContain("my-web and my_web share the variable PROCMAN_PORT_MY_WEB");
    expect(code).toBe(0);
  });

  it.each([
    ["no Procfile at all", {}, /there is no Procfile in .*; it has lines like this one: web: /],
    ["only a Procfile.txt", { "Procfile.txt": "web: x\n" }, /only a Procfile\.txt; rename it/],
    ["an empty Procfile", { Procfile: "# nothing\n" }, /no process in the file; /],
  ])("says what to do about %s", async (_, files, message) => {
    await using rig = await Rig.create(files);
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    expect(stdout).toMatch(message);
    expect(code).toBe(1);
  });

  it("has the types in its JSON", async () => {
    await using rig = await Rig.create({ Procfile: "\nweb: node a.js\n 1: x\n" });
    rig.procman(["check", "--json"]);
    const { code, stdout, stderr } = await rig.end();
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      types: [
        { name: "web", command: "node a.js", line: 2 },
        { name: "1", command: "x", line: 3 },
      ],
      diagnostics: [
        {
          severity: "warning",
          file: "Procfile",
          line: 3,
          column: 1,
          message: expect.any(String),
          hint: expect.any(String),
        },
      ],
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("has the mistakes in its JSON, and no types then", async () => {
    await using rig = await Rig.create({ Procfile: "web node\n" });
    rig.procman(["--json", "check"]);
    const { code, stdout } = await rig.end();
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      types: [],
      diagnostics: [{ severity: "error", file: "Procfile", line: 1, column: 1 }],
    });
    expect(code).toBe(1);
  });

  it("reads the file that -f names, and shows its path as it was written", async () => {
    await using rig = await Rig.create({ "etc/Procfile.dev": "web\n" });
    rig.procman(["check", "-f", "etc/Procfile.dev"]);
    const { code, stdout } = await rig.end();
    expect(stdout).toMatch(/^etc\/Procfile\.dev:1:1: error: /);
    expect(code).toBe(1);
  });
});

describe.concurrent("procman start with mistakes", () => {
  it("names them all and starts nothing", async () => {
    await using rig = await Rig.create({
      Procfile: `${procfile("web")}worker\nclock:\n`,
      ".env": "A='open\n",
    });
    rig.start(["web", "--timeout", "soon"]);
    const { code, stdout, stderr } = await rig.end();
    expect(stderr.match(/^procman: \S+(?= error: )/gm)?.toSorted()).toEqual([
      "procman: --timeout:",
      "procman: .env:1:3:",
      "procman: Procfile:2:1:",
      "procman: Procfile:3:1:",
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(rig.children).toEqual([]);
  });

  it("shows warnings and starts all the same", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web"), ".env": "A=b#c\n" });
    rig.start();
    await (await rig.child("web.1")).exit(0);
    const { code, stderr } = await rig.end();
    expect(stderr).toMatch(/^procman: \.env:1:4: warning: .*\n$/);
    expect(code).toBe(0);
  });

  it("says so when nothing is left to start", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-x", "web"]);
    const { code, stderr } = await rig.end();
    expect(stderr).toMatch(/^procman: nothing to start: /);
    expect(code).toBe(2);
  });
});

describe.concurrent("bad usage is code 2, on stderr alone:", () => {
  it.each([
    ["an unknown process type", ["start", "nope"], /no process type "nope" in the Procfile/],
    ["a type that is nearly right", ["start", "wbe"], /did you mean "web"\?/],
    ["a bad amount", ["start", "web=many"], /"web=many" is not TYPE=N/],
    ["a bad formation", ["start", "-m", "web"], /"web" is not TYPE=N/],
    ["release", ["start", "release"], /run it by itself: procman run release/],
    ["a bad port", ["start", "-p", "70000"], /"70000" is not a port from 1 to 65535, or auto/],
    ["a bad time", ["start", "-t", "1h"], /"1h" is not a number of seconds/],
    ["a bad form", ["start", "--log-format", "xml"], /"xml" is not text, heroku or json/],
    ["an unknown type to be quiet", ["start", "-q", "nope"], /no process type "nope"/],
    ["an unknown option", ["start", "--nope"], /--nope/],
    ["an unknown option of check", ["check", "--nope"], /--nope/],
    ["an unknown command", ["strat"], /strat.*start/s],
    ["an option without its value", ["start", "--port"], /--port/],
    ["run without a command", ["run"], /run|command/i],
  ])("%s", async (_, args, message) => {
    await using rig = await Rig.create({ Procfile: procfile("release", "web") });
    rig.procman(args);
    const { code, stdout, stderr } = await rig.end();
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^procman: /);
    expect(stderr).toMatch(message);
    expect(rig.children).toEqual([]);
  });
});

describe.concurrent("help", () => {
  it.each([
    ["--help"],
    ["start", "--help"],
    ["run", "--help"],
    ["check", "--help"],
    ["help", "run"],
  ])("is there for %s %s, with an example", async (...args) => {
    await using rig = await Rig.create({});
    rig.procman(args);
    const { code, stdout, stderr } = await rig.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/\n {2}\$ procman \w+/);
  });

  it("says which version it is", async () => {
    await using rig = await Rig.create({});
    rig.procman(["--version"]);
    const { code, stdout } = await rig.end();
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(code).toBe(0);
  });
});
