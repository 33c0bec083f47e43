import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const settings = "include: {api: ./api, front: ./front}\n";

function app(files: Readonly<Record<string, string>> = {}) {
  return Rig.create({
    "api/Procfile": procfile("web", "worker"),
    "front/Procfile": procfile("web"),
    "procman.yml": settings,
    ...files,
  });
}

describe.concurrent("include", () => {
  it("runs each app in its folder, with its .env below that of the including one", async () => {
    await using rig = await app({
      Procfile: procfile("db"),
      ".env": "A=root\n",
      "api/.env": "A=api\nB=api\nPORT=1\n",
      "front/.env": "B=front\n",
    });
    rig.start();
    const [db, web, front] = await Promise.all([
      rig.child("db.1"),
      rig.child("api:web.1"),
      rig.child("front:web.1"),
    ]);
    expect(web.variable("PWD")).toBe(join(rig.folder, "api"));
    expect(front.variable("PWD")).toBe(join(rig.folder, "front"));
    expect([db, web, front].map((child) => child.variable("A"))).toEqual(["root", "root", "root"]);
    expect([db, web, front].map((child) => child.variable("B"))).toEqual([
      undefined,
      "api",
      "front",
    ]);
    expect(web.variable("PORT")).toBe(db.variable("PROCMAN_PORT_API_WEB"));
    expect(web.variable("PS")).toBe("api:web.1");
    await rig.stop();
  });

  it("is steered by the whole names", async () => {
    await using rig = await app();
    rig.start();
    await rig.child("api:web.1");
    expect(await rig.ask("scale", "api:worker=2", "front:web-1")).toMatchObject({ code: 0 });
    const second = await rig.child("api:worker.2");
    expect(await rig.ask("scale")).toMatchObject({
      stdout: "api:web=1 api:worker=2 front:web=0\n",
    });
    await second.print("said by the second\n");
    await rig.line(/api:worker\.2 .*said by the second$/);
    const logs = await rig.ask("logs", "-p", "api:worker.2");
    expect(logs.stdout).toMatch(/app\[api:worker\.2\]: said by the second$/m);
    expect((await rig.ask("ps")).stdout).toContain("=== api:worker");
    expect(await rig.ask("restart", "api:worker")).toMatchObject({ code: 0 });
    await rig.child("api:worker.2", 2);
    expect(await rig.ask("stop", "api:worker.2")).toMatchObject({ code: 0 });
    expect((await rig.ask("why", "api:worker.2")).stdout).toContain("api:worker.2");
    const wrong = await rig.ask("scale", "web=2");
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain("api:web");
    await rig.stop();
  });

  it("has its types follow one another across apps", async () => {
    await using rig = await app({
      "procman.yml": `${settings}types: {front:web: {depends_on: {api:worker: completed}}}\n`,
      "api/procman.yml": "types: {worker: {once: true, depends_on: {web: ready}}}\n",
      "api/Procfile": `web: sleep 1000\nworker: echo has run\n`,
    });
    rig.start();
    await rig.line(/api:worker\.1 .*has run$/);
    await rig.child("front:web.1");
    expect(rig.count(/api:worker\.1 .*(finished|exited|completed|done)/)).toBe(1);
    await rig.stop();
  });

  it("restarts a type for the files of its own folder", async () => {
    await using rig = await app({
      "api/procman.yml": "types: {web: {watch: {paths: src, debounce: 100ms}}}\n",
      "api/src/a.js": "1",
    });
    rig.start();
    await rig.child("api:web.1");
    await rig.line(/watching for changes: api:web \(1 file\)$/);
    await rig.write("api/src/a.js", "2");
    await rig.line(/api:web\.1 is restarted, because api\/src\/a\.js changed$/);
    await rig.child("api:web.1", 2);
    await rig.stop();
  });

  it("is read anew by reload, and what it starts is only what is new", async () => {
    await using rig = await app({ "procman.yml": "include: {api: api}\n" });
    rig.start();
    const web = await rig.child("api:web.1");
    await rig.write("procman.yml", settings);
    await rig.write("api/.env", "A=1\n");
    expect((await rig.ask("reload", "--dry-run")).stdout).toContain("front:web");
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    await rig.child("front:web.1");
    const again = await rig.child("api:web.1", 2);
    expect(web.isGone).toBe(true);
    expect(again.variable("A")).toBe("1");
    await rig.write("api/Procfile", "web\n");
    const refused = await rig.ask("reload");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain("api/Procfile:1:1");
    await rig.write("api/Procfile", procfile("web"));
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    await rig.line(/api:worker\.1 stopped/);
    expect(again.isGone).toBe(false);
    await rig.stop();
  });

  it("runs a one-off as the type would be run", async () => {
    await using rig = await app({
      "api/Procfile": "web: sleep 1000\nshow: pwd; echo $A $B\n",
      ".env": "A=root\n",
      "api/.env": "A=api\nB=api\n",
    });
    rig.procman(["run", "api:show"]);
    const { code, stdout } = await rig.end();
    expect(code).toBe(0);
    expect(stdout).toBe(`${join(rig.folder, "api")}\nroot api\n`);
  });

  it("is counted by check, with what is wrong in it", async () => {
    await using rig = await app({ "front/procman.yml": "types: {wbe: {}}\n" });
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    expect(code).toBe(1);
    expect(stdout).toContain('front/procman.yml:1:9: error: no process type "front:wbe"');
  });
});
