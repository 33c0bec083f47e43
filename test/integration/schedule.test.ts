import { describe, expect, it, vi } from "vitest";
import { Rig, testTimeout } from "../support/rig.ts";
import { childCommand } from "../support/scripted-child.ts";

vi.setConfig({ testTimeout });

/** Every second. */
const often = '"* * * * * *"';
/** Far enough away for any test. */
const yearly = '"0 0 1 1 *"';

function app(schedule: string, command = "echo has run", more = "") {
  return Rig.create({
    Procfile: `job: ${command}\n`,
    "procman.yml": `types: {job: {schedule: ${schedule}${more}}}\n`,
  });
}

describe.concurrent("schedule", () => {
  it("runs a type when it is due, again and again, and waits in between", async () => {
    await using rig = await app(often);
    rig.start();
    await rig.line(/procman .*scheduled: job \(next \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d [+-]\d{4}\)$/);
    await rig.line(/job\.1 .*has run$/);
    await rig.line(/job\.1 .*has run$/, 3);
    await rig.stop();
    expect(rig.log()).toContain("procman[job.1]: State changed from down to scheduled");
  });

  it("does not run it at the start, but for who asks, and says when it is next", async () => {
    await using rig = await app(yearly, "echo has run");
    rig.start();
    await rig.line(/scheduled: job/);
    const next = /job\.1: scheduled .*, next \d{4}\/01\/01 00:00:00 [+-]\d{4}/;
    expect((await rig.ask("ps")).stdout).toMatch(new RegExp(`${next.source}\n`));
    expect(rig.count(/has run$/)).toBe(0);
    expect(await rig.ask("restart", "job")).toMatchObject({ code: 0 });
    await rig.line(/job\.1 exited with code 0/);
    const [job] = JSON.parse((await rig.ask("ps", "--json")).stdout);
    expect(job).toMatchObject({ state: "scheduled", last_run: { text: "exited with code 0" } });
    expect((await rig.ask("ps")).stdout).toMatch(
      new RegExp(`${next.source}, last exited with code 0 `),
    );
    await rig.stop();
  });

  it("keeps what failed until it is due again, and says why", async () => {
    await using rig = await app(often, "echo has run; exit 3");
    rig.start();
    await rig.line(/job\.1 exited with code 3 .*; not started again before it is due$/);
    await rig.line(/job\.1 .*has run$/, 2);
    const { stdout } = await rig.ask("why", "job");
    expect(stdout).toMatch(/=== job\.1: /);
    expect(stdout).toMatch(/cause +exited with code 3/);
    await rig.stop();
  });

  it("overlap: skip leaves the run alone that is not over", async () => {
    await using rig = await app(often, childCommand);
    rig.start();
    const child = await rig.child("job.1");
    await rig.line(/job\.1 is due, but the run before is not over; skipped$/, 2);
    expect(child.isGone).toBe(false);
    await child.exit(0);
    await rig.child("job.1", 2);
    await rig.stop();
  });

  it("overlap: queue starts one run after it, at once", async () => {
    await using rig = await app(`{cron: ${often}, overlap: queue}`, childCommand);
    rig.start();
    const child = await rig.child("job.1");
    await rig.line(/job\.1 is due, but the run before is not over; started after it$/);
    await rig.line(/job\.1 is due, but the run before is not over; skipped$/);
    await child.exit(0);
    await rig.line(/job\.1 exited with code 0/);
    await rig.child("job.1", 2);
    await rig.stop();
  });

  it("overlap: kill stops it, and starts the new one", async () => {
    await using rig = await app(`{cron: ${often}, overlap: kill}`, childCommand);
    rig.start();
    const child = await rig.child("job.1");
    await rig.line(/job\.1 is due, but the run before is not over; stopping that$/);
    await rig.child("job.1", 2);
    expect(child.isGone).toBe(true);
    await rig.stop();
  });

  it("is turned off by stop, and on again by restart", async () => {
    await using rig = await app(yearly, childCommand);
    rig.start();
    await rig.line(/scheduled: job/);
    expect(await rig.ask("stop", "job")).toMatchObject({ code: 0 });
    expect((await rig.ask("ps")).stdout).toContain("job.1: down");
    expect(await rig.ask("restart", "job")).toMatchObject({ code: 0 });
    await rig.child("job.1");
    await rig.stop();
  });

  it("is taken over by reload, and touches no run", async () => {
    await using rig = await app(yearly, childCommand);
    rig.start();
    await rig.line(/scheduled: job/);
    await rig.write("procman.yml", `types: {job: {schedule: {cron: ${often}, overlap: skip}}}\n`);
    const reloaded = await rig.ask("reload");
    expect(reloaded).toMatchObject({ code: 0 });
    expect(reloaded.stdout).toContain("schedule changed in procman.yml");
    const child = await rig.child("job.1");
    await rig.write("procman.yml", "types: {job: {}}\n");
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    expect((await rig.ask("ps")).stdout).not.toContain("next");
    expect(child.isGone).toBe(false);
    await rig.write("procman.yml", `types: {job: {schedule: "never"}}\n`);
    const refused = await rig.ask("reload");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('procman.yml:1:25: "never" is no cron expression');
    await rig.stop();
  });

  it("waits for what it depends on, when it is due", async () => {
    await using rig = await Rig.create({
      Procfile: `job: echo has run\ndb: ${childCommand}\n`,
      "procman.yml": `types:
  job: {schedule: ${often}, depends_on: {db: ready}}
  db: {ready: {log: listening}}
`,
    });
    rig.start();
    const db = await rig.child("db.1");
    await rig.line(/job\.1 waits for db to be ready$/);
    await rig.line(/job\.1 is due, but the run before is not over; skipped$/);
    expect(rig.count(/has run$/)).toBe(0);
    await db.print("listening\n");
    await rig.line(/job\.1 .*has run$/);
    await rig.stop();
  });

  it("is ready in the background when it waits to be due", async () => {
    await using rig = await app(yearly);
    expect(await rig.startDaemon()).toMatchObject({ code: 0 });
    expect(await rig.ask("stop")).toMatchObject({ code: 0 });
  });

  it("is meant in its time zone, and told in that of the system", async () => {
    await using rig = await app(`{cron: "0 3 * * *", tz: America/New_York}`);
    rig.start([], { env: { TZ: "Asia/Tokyo" } });
    // Where it is 17 o'clock then or, in summer, 16.
    await rig.line(/scheduled: job \(next \d{4}\/\d\d\/\d\d 1[67]:00:00 \+0900\)$/);
    await rig.stop();
  });

  it("is told by check, with the next run", async () => {
    await using rig = await app(`{cron: "0 3 * * *", tz: UTC}`);
    rig.procman(["check"]);
    const { code, stdout } = await rig.end();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^job is due next on \d{4}\/\d\d\/\d\d \d\d:\d\d:00 [+-]\d{4}$/m);
  });
});
