import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AppFolder, type Contents, type Words } from "../support/app-folder.ts";

const api: Contents = { "api/Procfile": "web: node api.js\nworker: node worker.js\n" };
const front: Contents = { "front/Procfile": "web: npm run dev\n" };
const both: Contents = { ...api, ...front };

async function load(contents: Contents, words?: Words) {
  using folder = new AppFolder();
  const { app, said } = await folder.load(contents, words);
  const typeOf = (name: string) => app?.types.find((type) => type.name === name);
  const within = (path: string) => join(folder.path, path);
  return { app, said, typeOf, within };
}

describe("include", () => {
  it("gives the types of another app, behind those of its own", async () => {
    const { app, typeOf, within } = await load({
      ...both,
      Procfile: "db: postgres\n",
      "procman.yml": "include: {api: ./api, front: front}\n",
    });
    expect(app?.types.map(({ name }) => name)).toEqual([
      "db",
      "api:web",
      "api:worker",
      "front:web",
    ]);
    expect(typeOf("api:web")).toMatchObject({
      command: "node api.js",
      launch: { cwd: within("api") },
    });
    expect(app?.specs.map(({ name, port }) => [name, port])).toEqual([
      ["db.1", 5106],
      ["api:web.1", 5206],
      ["api:worker.1", 5306],
      ["front:web.1", 5406],
    ]);
  });

  it("needs no Procfile beside it", async () => {
    const { app, said } = await load({ ...both, "procman.yml": "include: {api: api}\n" });
    expect(said).toEqual([]);
    expect(app?.types.map(({ name }) => name)).toEqual(["api:web", "api:worker"]);
  });

  it("takes the start script of a package that has no Procfile", async () => {
    const { app, typeOf } = await load({
      "front/package.json": '{"scripts": {"start": "vite"}}',
      "procman.yml": "include: {front: front}\n",
    });
    expect(typeOf("front:web")?.command).toBe("npm start");
    expect(app?.notes).toEqual([
      "front: no Procfile here; running the start script of package.json as web: npm start",
    ]);
  });

  it("takes what the other's procman.yml says of its types, as seen from its folder", async () => {
    const { typeOf, within } = await load({
      ...api,
      "procman.yml": "include: {api: api}\n",
      "api/procman.yml": `shell: bash -c
procfile: Procfile.dev
types:
  web:
    depends_on: {db: ready}
`,
      "api/Procfile.dev": "web: a\ndb: b\n",
      "api/more.env": "A=1\n",
    });
    expect(typeOf("api:worker")).toBeUndefined();
    expect(typeOf("api:web")).toMatchObject({
      launch: { cwd: within("api"), shell: "bash -c" },
      dependsOn: [{ type: "api:db", until: "ready" }],
    });
  });

  it("sees folders, files and globs from the other's folder", async () => {
    const { typeOf, within } = await load({
      "a (1)/Procfile": "web: a\n",
      "a (1)/more.env": "A=1\n",
      "a (1)/procman.yml":
        "types: {web: {cwd: below, env_file: more.env, watch: {paths: [src/**, ../x], ignore: t}}}\n",
      "procman.yml": "include: {api: a (1)}\n",
    });
    const globs = within("a \\(1\\)");
    expect(typeOf("api:web")).toMatchObject({
      launch: { cwd: within("a (1)/below"), envFiles: [within("a (1)/more.env")] },
      watch: { paths: [`${globs}/src/**`, within("x")], ignore: [`${globs}/t`] },
    });
  });

  it("lets this procman.yml have the last word on each setting, and add variables", async () => {
    const { typeOf, within } = await load({
      ...api,
      "api/procman.yml": `types:
  web: {env: {A: inner, B: inner}, essential: true, stop: {signal: SIGINT, timeout: 1s}}
`,
      "procman.yml": `include: {api: api}
types:
  api:web: {env: {B: outer, C: outer}, essential: false, stop: {timeout: 2s}}
  api:worker: {cwd: elsewhere, depends_on: {api:web: ready}}
`,
    });
    const web = typeOf("api:web");
    expect([...(web?.launch?.env ?? [])]).toEqual([
      ["A", "inner"],
      ["B", "outer"],
      ["C", "outer"],
    ]);
    expect(web).toMatchObject({ stop: { graceMs: 2_000 } });
    expect(web).not.toHaveProperty("isEssential");
    expect(web?.stop).not.toHaveProperty("signal");
    expect(typeOf("api:worker")).toMatchObject({
      launch: { cwd: within("elsewhere") },
      dependsOn: [{ type: "api:web" }],
    });
  });

  it.each<[formation: string, inner: string, expected: Readonly<Record<string, number>>]>([
    ["", "", { db: 1, "api:web": 1, "api:worker": 1 }],
    ["", "formation: {worker: 3}", { db: 1, "api:web": 1, "api:worker": 3 }],
    ["", "formation: {all: 0, web: 2}", { db: 1, "api:web": 2, "api:worker": 0 }],
    ["formation: {all: 4}", "formation: {web: 2}", { db: 4, "api:web": 2, "api:worker": 4 }],
    [
      "formation: {api:web: 5}",
      "formation: {all: 2, web: 3}",
      { db: 1, "api:web": 5, "api:worker": 2 },
    ],
  ])("counts by %o here and %o there", async (formation, inner, expected) => {
    const { app, said } = await load({
      ...api,
      Procfile: "db: a\n",
      "procman.yml": `include: {api: api}\n${formation}\n`,
      "api/procman.yml": `${inner}\n`,
    });
    expect(said).toEqual([]);
    expect(Object.fromEntries(app?.formation ?? [])).toEqual(expected);
  });

  it("is reached from the command line", async () => {
    const { app } = await load(
      { ...api, Procfile: "db: a\n", "procman.yml": "include: {api: api}\n" },
      { types: ["api:web=2", "db"] },
    );
    expect(app?.specs.map(({ name }) => name)).toEqual(["db.1", "api:web.1", "api:web.2"]);
  });

  it("starts no release of any, and knows them", async () => {
    const { app, said } = await load({
      "api/Procfile": "web: a\nrelease: b\n",
      "api/procman.yml": "formation: {all: 2}\n",
      "procman.yml": "include: {api: api}\n",
    });
    expect(said).toEqual([]);
    expect(Object.fromEntries(app?.formation ?? [])).toEqual({ "api:web": 2 });
  });

  it("has colours and quiet types of its own", async () => {
    const { app } = await load({
      ...api,
      "api/procman.yml": "types: {worker: {quiet: true}, web: {color: red}}\n",
      "procman.yml": "include: {api: api}\n",
    });
    expect(app?.quiet).toEqual(["api:worker"]);
    expect([...(app?.colours ?? [])]).toEqual([["api:web", "red"]]);
  });
});

describe("the .env of an included app", () => {
  const files: Contents = {
    ...api,
    ".env": "A=root\nB=root\n",
    "api/.env": "A=api\nC=api\nD=api\n",
    "procman.yml": "include: {api: api}\n",
  };

  it("is read beside that of this one", async () => {
    const { typeOf, within } = await load(files);
    const expected = { paths: [within("api/.env")], mustExist: false };
    expect(typeOf("api:web")?.includedEnv).toEqual(expected);
  });

  it("is those of its procman.yml, which have to be there", async () => {
    const { said } = await load({ ...files, "api/procman.yml": "env: [.env, none.env]\n" });
    expect(said).toEqual(["api/none.env: error: there is no such file"]);
  });

  it("is told of when it is wrong, once", async () => {
    const { said } = await load({ ...files, "api/.env": "A='open\n" });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("api/.env:1:3: error: ");
  });

  it("is not read where none is", async () => {
    const { typeOf, said } = await load({ ...files, "api/.env": "A='open\n" }, { env: "none" });
    expect(said).toEqual([]);
    expect(typeOf("api:web")).not.toHaveProperty("includedEnv");
  });
});

describe("what cannot be included", () => {
  it.each<[what: string, contents: Contents, said: readonly string[]]>([
    [
      "no folder",
      { Procfile: "web: a\n", "procman.yml": "include:\n  api: ./none\n" },
      [
        "procman.yml:2:3: error: there is no app in the folder of api, none; write a Procfile there, or mend the path",
      ],
    ],
    [
      "itself, and what has no name",
      { ...api, Procfile: "web: a\n", "procman.yml": "include:\n  a: .\n  a b: api\n" },
      [
        "procman.yml:2:3: error: the folder of a is that of this app itself; its process types are there without that",
        'procman.yml:3:3: error: "a b" cannot stand before the names of process types; use letters, digits, _ and -',
      ],
    ],
    [
      "what includes itself",
      {
        ...both,
        "procman.yml": "include: {api: api}\n",
        "api/procman.yml": "include: {a: ../front}\n",
      },
      [
        "api/procman.yml:1:11: error: an app that is included cannot include another; include that one beside it",
      ],
    ],
  ])("%s", async (_, contents, expected) => {
    const { app, said } = await load(contents);
    expect(app).toBeUndefined();
    expect(said).toEqual(expected);
  });

  it("is told with all other mistakes, each in its file", async () => {
    const { said } = await load({
      "api/Procfile": "web: a\nworker\n",
      "front/Procfile": "web: a\n",
      "front/procman.yml": "types: {web: {cwdd: x}}\n",
      "procman.yml": "include: {api: api, front: front}\n",
    });
    expect(said.map((line) => line.replace(/ error: .*/, ""))).toEqual([
      "api/Procfile:2:1:",
      "front/procman.yml:1:15:",
    ]);
  });

  it("is told where it stands, of settings that are wrong together", async () => {
    const { said } = await load({
      "api/Procfile": "web: a\ndb: b\n",
      "api/procman.yml": `formation: {wbe: 1}
types:
  web: {depends_on: {db: ready}}
  db: {depends_on: {web: ready}}
  nope: {}
`,
      "procman.yml": `include: {api: api}
types:
  api:web: {memory: {warn: 2M, limit: 1M}}
  api:wbe: {}
`,
    });
    expect(said.map((line) => line.replace(/;.*/, ""))).toEqual([
      'api/procman.yml:1:13: error: no process type "api:wbe" in the Procfile',
      'procman.yml:4:3: error: no process type "api:wbe" in the Procfile',
      'api/procman.yml:5:3: error: no process type "api:nope" in the Procfile',
      "api/procman.yml:3:22: error: none of these can be started first: api:web → api:db → api:web",
      "procman.yml:3:22: error: warn is 2M, above the limit of 1M",
    ]);
  });

  it("does not hide what is wrong with this app's own", async () => {
    const { said } = await load({ "procman.yml": "nope: 1\n" });
    expect(said.map((line) => line.replace(/;.*/, ""))).toEqual([
      'procman.yml:1:1: error: there is no setting "nope"',
    ]);
  });
});
