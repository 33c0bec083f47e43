import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";
import { childCommand } from "../support/scripted-child.ts";

vi.setConfig({ testTimeout });

function withTypes(types: readonly string[], settings: string) {
  return Rig.create({ Procfile: procfile(...types), "procman.yml": `types:\n${settings}` });
}

/** With no word of its own it is ready when it says so. */
const toldReady = "ready: {log: ready}";

describe.concurrent("depends_on", () => {
  it("starts one after the other, and stops them in the reverse order", async () => {
    await using rig = await withTypes(
      ["web", "api", "db"],
      `  web: {depends_on: {api: ready}, port: none}
  api: {depends_on: {db: ready}, ${toldReady}}
  db: {${toldReady}}
`,
    );
    rig.start();
    const db = await rig.child("db.1");
    await rig.line(/web\.1 waits for api to be ready$/);
    await rig.line(/api\.1 waits for db to be ready$/);
    expect((await rig.ask("ps")).stdout).toMatch(/^web\.1: waiting \(for api to be ready\) /m);
    await db.print("ready");
    const api = await rig.child("api.1");
    expect(rig.children.map(({ name }) => name)).toEqual(["db.1", "api.1"]);
    await api.print("ready");
    const web = await rig.child("web.1");
    await web.trap("SIGTERM", { afterMs: 50, lines: ["done"], code: 0 });
    await api.trap("SIGTERM", { afterMs: 50, lines: ["done"], code: 0 });
    const { stdout } = await rig.stop();
    const stopped = [...stdout.matchAll(/(\w+)\.1 stopped after/g)].map(([, name]) => name);
    expect(stopped).toEqual(["web", "api", "db"]);
    expect(db.signals).toEqual([]);
  });

  it("starts nobody again while all are being stopped", async () => {
    await using rig = await withTypes(
      ["web", "db"],
      "  web: {depends_on: {db: ready}, port: none}\n  db: {restart: {backoff: 0s}}\n",
    );
    rig.start();
    const db = await rig.child("db.1");
    const web = await rig.child("web.1");
    await rig.line(/web\.1 started/);
    await web.trap("SIGTERM", { afterMs: 3_000, lines: ["done"], code: 0 });
    const stopped = rig.stop();
    await rig.line(/stopping web\.1, db\.1/);
    await db.exit(1);
    const { stdout } = await stopped;
    expect(stdout).toMatch(/db\.1 exited with code 1/);
    expect(stdout).toMatch(/web\.1 {3}\| done/);
    expect(rig.count(/db\.1 started/)).toBe(1);
  });

  it("waits for all processes of a type, also for one that is scaled up meanwhile", async () => {
    await using rig = await withTypes(
      ["web", "db"],
      `  web: {depends_on: {db: ready}, port: none}\n  db: {${toldReady}}\n`,
    );
    rig.start(["web", "db=2"]);
    await (await rig.child("db.1")).print("ready");
    await rig.line(/db\.1 is up/);
    expect((await rig.ask("ps")).stdout).toMatch(/^web\.1: waiting /m);
    await (await rig.child("db.2")).print("ready");
    await rig.child("web.1");
    await rig.stop();
  });

  it("completed: waits for a task, which is not started again", async () => {
    await using rig = await withTypes(
      ["web", "migrate"],
      "  web: {depends_on: {migrate: completed}, port: none}\n  migrate: {once: true}\n",
    );
    rig.start();
    const migrate = await rig.child("migrate.1");
    expect((await rig.ask("ps")).stdout).toMatch(/^web\.1: waiting \(for migrate to complete\) /m);
    await migrate.exit(0);
    await rig.child("web.1");
    expect((await rig.ask("ps")).stdout).toMatch(/^migrate\.1: exited /m);
    expect((await rig.ask("wait")).code).toBe(0);
    await rig.stop();
  });

  it("says why it cannot be started, and is started once that has been mended", async () => {
    await using rig = await withTypes(
      ["web", "api", "migrate"],
      `  web: {depends_on: {api: ready}, port: none}
  api: {depends_on: {migrate: completed}}
  migrate: {once: true}
`,
    );
    rig.start();
    await (await rig.child("migrate.1")).exit(3);
    await rig.line(/api\.1 waits for migrate to complete, but migrate\.1 exited with code 3$/);
    await rig.line(/web\.1 waits for api to be ready, but api\.1 cannot be started$/);
    const waited = await rig.ask("wait", "web");
    expect(waited.code).not.toBe(0);
    expect(waited.stderr).toContain("api.1 cannot be started");
    expect((await rig.ask("why", "web")).stdout).toContain(
      "waits for api to be ready, but api.1 cannot be started",
    );
    await rig.ask("restart", "migrate");
    await (await rig.child("migrate.1", 2)).exit(0);
    await rig.child("web.1");
    await rig.stop();
  });

  it("of who has crashed: it is waited for as long as it is tried", async () => {
    await using rig = await withTypes(
      ["web", "db"],
      `  web: {depends_on: {db: ready}, port: none}
  db: {${toldReady}, restart: {backoff: 10ms}}
`,
    );
    rig.start();
    await (await rig.child("db.1")).exit(1);
    await (await rig.child("db.1", 2)).print("ready");
    await rig.child("web.1");
    expect(rig.count(/web\.1 waits/)).toBe(1);
    await rig.stop();
  });

  it("a restart of the other touches nobody, but is waited for by who is started then", async () => {
    await using rig = await withTypes(
      ["web", "worker", "db"],
      `  web: {depends_on: {db: ready}, port: none}
  worker: {depends_on: {db: {restart_with: true}}}
  db: {${toldReady}}
`,
    );
    rig.start();
    const db = await rig.child("db.1");
    await db.print("ready");
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await rig.ask("restart", "db");
    await rig.line(/worker\.1 is restarted, because db\.1 is$/);
    await worker.gone();
    await rig.line(/worker\.1 waits for db to be ready$/, 2);
    await (await rig.child("db.1", 2)).print("ready");
    await rig.child("worker.1", 2);
    expect(web.isGone).toBe(false);
    await rig.stop();
    expect(rig.children.filter(({ name }) => name === "worker.1")).toHaveLength(2);
  });

  it("a restart of what waits changes nothing, and a stop ends the waiting", async () => {
    await using rig = await withTypes(
      ["web", "db"],
      `  web: {depends_on: {db: ready}, port: none}\n  db: {${toldReady}}\n`,
    );
    rig.start();
    const db = await rig.child("db.1");
    await rig.line(/web\.1 waits/);
    expect((await rig.ask("restart", "web")).code).toBe(0);
    expect((await rig.ask("stop", "web")).code).toBe(0);
    await db.print("ready");
    await rig.line(/db\.1 is up/);
    expect((await rig.ask("ps")).stdout).toMatch(/^web\.1: down /m);
    expect((await rig.ask("restart", "web")).code).toBe(0);
    await rig.child("web.1");
    await rig.stop();
    expect(rig.children).toHaveLength(2);
  });

  it("reload takes over what is depended on", async () => {
    const Procfile = procfile("web", "db");
    await using rig = await Rig.create({
      Procfile,
      "procman.yml": `types: {web: {depends_on: {db: ready}, port: none}, db: {${toldReady}}}\n`,
    });
    rig.start();
    await rig.child("db.1");
    await rig.line(/web\.1 waits/);
    await rig.write("procman.yml", `types: {web: {port: none}, db: {${toldReady}}}\n`);
    expect(await rig.ask("reload")).toMatchObject({
      code: 0,
      stdout: "web: adjust web.1 (depends_on changed in procman.yml)\n",
    });
    await rig.child("web.1");
    await rig.stop();
  });

  it("a restart that would close a cycle with what the others still have is refused", async () => {
    await using rig = await withTypes(
      ["web", "db"],
      "  web: {depends_on: {db: ready}, port: none}\n",
    );
    rig.start();
    const db = await rig.child("db.1");
    await rig.child("web.1");
    await rig.write("procman.yml", "types: {db: {depends_on: {web: ready}}, web: {port: none}}\n");
    const refused = await rig.ask("restart", "db");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(
      "none of these can be started first: web → db → web; procman reload takes over all",
    );
    expect(db.isGone).toBe(false);
    expect((await rig.ask("reload")).code).toBe(0);
    await rig.stop();
  });

  it("on who is not started is not waited for, which is said", async () => {
    await using rig = await withTypes(
      ["web", "db"],
      "  web: {depends_on: {db: ready}, port: none}\n",
    );
    rig.start(["web"]);
    await rig.line(/web does not wait for db, which is not started$/);
    await rig.child("web.1");
    await rig.stop();
  });

  it("kills all at once when it is asked to", async () => {
    await using rig = await withTypes(
      ["web", "db"],
      "  web: {depends_on: {db: ready}, port: none}\n",
    );
    rig.start();
    const db = await rig.child("db.1");
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    await db.trap("SIGTERM");
    rig.signal("SIGQUIT");
    const { stdout } = await rig.end();
    expect(stdout.match(/\(was ended by SIGKILL\)/g)).toHaveLength(2);
  });

  it("refuses cycles, unknown names and what cannot be, all at once", async () => {
    await using rig = await withTypes(
      ["a", "b", "c", "d", "e"],
      `  a: {depends_on: {b: ready, nix: ready}}
  b: {depends_on: {c: ready}}
  c: {depends_on: {a: ready, c: ready}}
  d: {once: true, depends_on: {e: completed}}
  e: {restart: always, depends_on: {d: ready, release: completed}}
`,
    );
    const { code, stdout } = await rig.ask("check");
    expect(code).toBe(1);
    expect(stdout.trim().split("\n")).toEqual([
      'procman.yml:2:30: error: no process type "nix" in the Procfile; it has a, b, c, d, e',
      "procman.yml:5:32: error: e is always started again, so it is never completed; write e: ready, or once: true for e",
      "procman.yml:6:37: error: d has once: true, so it is never ready, but completed; write d: completed",
      'procman.yml:6:47: error: "release" is not started with the app; run it by itself: procman run release; or before all else: procman start --release',
      "procman.yml:2:20: error: none of these can be started first: a → b → c → a; take one of these dependencies away",
      "procman.yml:4:30: error: c depends on itself; take one of these dependencies away",
      "procman.yml:5:32: error: none of these can be started first: d → e → d; take one of these dependencies away",
      "7 errors, 0 warnings",
    ]);
  });
});

describe.concurrent("a task", () => {
  it("that has failed is not tried again, and the app goes on", async () => {
    await using rig = await withTypes(["web", "seed"], "  seed: {once: true}\n");
    rig.start();
    await (await rig.child("seed.1")).exit(1);
    await rig.line(/seed\.1 exited with code 1 after .*; not started again$/);
    await rig.child("web.1");
    await rig.stop();
    expect(rig.children.filter(({ name }) => name === "seed.1")).toHaveLength(1);
  });

  it("is tried again when its restart policy says so", async () => {
    await using rig = await withTypes(
      ["seed"],
      "  seed: {once: true, restart: {policy: on-failure, backoff: 10ms}}\n",
    );
    rig.start();
    await (await rig.child("seed.1")).exit(1);
    await (await rig.child("seed.1", 2)).exit(0);
    expect(await rig.end()).toMatchObject({ code: 0 });
  });

  it("that succeeds does not end an app with --no-restart, and one that fails does", async () => {
    await using rig = await withTypes(
      ["web", "one", "two"],
      "  one: {once: true}\n  two: {once: true}\n",
    );
    rig.start(["--no-restart"]);
    await rig.child("web.1");
    await (await rig.child("one.1")).exit(0);
    await rig.line(/one\.1 exited with code 0/);
    await (await rig.child("two.1")).exit(4);
    expect(await rig.end()).toMatchObject({ code: 4 });
  });
});

describe.concurrent("start --release", () => {
  const Procfile = `release: ${childCommand}\n${procfile("web", "worker")}`;

  it("runs the release first, and again with a restart of all", async () => {
    await using rig = await Rig.create({ Procfile });
    rig.start(["--release"]);
    const release = await rig.child("release.1");
    await rig.line(/web\.1 waits for release to complete$/);
    expect(release.variable("PORT")).toBeUndefined();
    await release.exit(0);
    await rig.child("web.1");
    await rig.child("worker.1");
    expect((await rig.ask("scale", "release=2")).stderr).toContain(
      '"release" is run once, and never twice at the same time; procman restart release does',
    );
    expect((await rig.ask("scale", "worker=2")).code).toBe(0);
    await rig.child("worker.2");
    const restarted = rig.ask("restart");
    await (await rig.child("release.1", 2)).exit(0);
    await rig.child("web.1", 2);
    await restarted;
    await rig.stop();
  });

  it("starts before it only what it depends on", async () => {
    await using rig = await Rig.create({
      Procfile: `release: ${childCommand}\n${procfile("web", "db", "disk")}`,
      "procman.yml": `types:
  release: {depends_on: {db: ready}}
  db: {depends_on: {disk: ready}, ${toldReady}}
`,
    });
    rig.start(["--release"]);
    await rig.child("disk.1");
    await (await rig.child("db.1")).print("ready");
    const release = await rig.child("release.1");
    expect(rig.children.map(({ name }) => name)).toEqual(["disk.1", "db.1", "release.1"]);
    await release.exit(0);
    await rig.child("web.1");
    await rig.stop();
  });

  it("starts nothing else when it fails, and exits with its code", async () => {
    await using rig = await Rig.create({ Procfile });
    rig.start(["--release"]);
    await (await rig.child("release.1")).exit(9);
    await rig.line(/release\.1 has failed, so nothing else is started$/);
    expect(await rig.end()).toMatchObject({ code: 9 });
    expect(rig.children).toHaveLength(1);
  });

  it("needs one, and without it there is none", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const { code, stderr } = await rig.ask("start", "--release");
    expect(code).toBe(2);
    expect(stderr).toBe(
      'procman: --release: error: no process type "release" in the Procfile; add one, as in release: rake db:migrate\n',
    );
  });
});
