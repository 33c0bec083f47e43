import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

describe.concurrent("what the app is made of, when it changes", () => {
  it("is told with what reload will do, and nothing is done", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const web = await rig.child("web.1");
    // As an editor saves it.
    writeFileSync(join(rig.folder, "Procfile~"), procfile("web", "clock"));
    renameSync(join(rig.folder, "Procfile~"), join(rig.folder, "Procfile"));
    await rig.line(
      /procman .*Procfile changed; procman reload will remove worker \(it left the Procfile\), add clock \(it is new in the Procfile\)$/,
    );
    expect(web.isGone).toBe(false);
    expect(rig.count(/clock\.1/)).toBe(0);
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    await rig.child("clock.1");
    await rig.stop();
  });

  it("is told with what is wrong with it, and changes nothing", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await rig.write("procman.yml", "types: {web: {cwdd: x}}\n");
    await rig.line(
      /procman\.yml changed, and cannot be taken over as it is: procman\.yml:1:15: .*"cwdd"/,
    );
    await rig.write(".env", "A=1\n");
    await rig.line(/\.env changed, and cannot be taken over/);
    rmSync(join(rig.folder, "procman.yml"));
    await rig.line(/procman\.yml changed; procman reload will replace web \(A changed in the env/);
    expect(web.isGone).toBe(false);
    await rig.stop();
  });

  it("is followed where it is included, also what reload has brought", async () => {
    await using rig = await Rig.create({
      "api/Procfile": procfile("web"),
      "front/Procfile": procfile("web"),
      "procman.yml": "include: {api: api}\n",
    });
    rig.start();
    await rig.child("api:web.1");
    await rig.write("procman.yml", "include: {api: api, front: front}\n");
    await rig.line(/procman\.yml changed; procman reload will add front:web/);
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    await rig.child("front:web.1");
    await rig.write("front/.env", "A=1\n");
    await rig.line(/\.env changed; procman reload will replace front:web \(A changed/);
    await rig.write("api/Procfile", "web\n");
    await rig.line(/Procfile changed, and cannot be taken over as it is: api\/Procfile:1:1: /);
    await rig.stop();
  });
});
