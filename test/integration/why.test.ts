import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

/** `text` has come to the log on disk, which is written a moment after the terminal. */
function logged(rig: Rig, text: string): Promise<boolean> {
  return rig.poll(`${text} in the log`, () => rig.log().includes(text) || undefined);
}

describe.concurrent("procman why", () => {
  it("tells the cause, the last lines of that run and what comes next", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const first = await rig.child("worker.1");
    await first.print(...Array.from({ length: 20 }, (_, index) => `line ${index + 1}`));
    await first.writeError("no \x1b]52;clipboard\x07 café\n");
    await first.exit(7);
    const second = await rig.child("worker.1", 2);
    await second.print("all is well again");
    await logged(rig, "all is well again");
    await rig.client();
    const { code, stdout, stderr } = await rig.ask("why", "worker");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^=== worker\.1: (starting|up)\ncause {5}exited with code 7 after \d.*\nended .* ago\)\nrestarts {2}1\nnext {6}none; it is /,
    );
    expect(stdout).toMatch(
      /\nprinted {3}line 14\n(.*\n)* {10}line 20\n {10}no .*clipboard.* café\n$/,
    );
    const own = await rig.ask("why", "worker.1", "--json");
    expect(JSON.parse(own.stdout)).toMatchObject([
      {
        name: "worker.1",
        restarts: 1,
        failures: 1,
        last_end: { code: 7, text: "exited with code 7", asked: false },
        ran_well: null,
        changes: null,
        lines: [...Array.from({ length: 7 }, (_, index) => ({ text: `line ${index + 14}` })), {}],
      },
    ]);
    await rig.stop();
  });

  it("tells what is parked and what was meant", async () => {
    await using rig = await Rig.create({
      Procfile: `bad: noed index.js\n${procfile("web")}`,
      ".env": "API_KEY=sesame\n",
    });
    rig.start();
    await rig.child("web.1");
    await rig.line(/bad\.1 .*parked/);
    await logged(rig, "noed: not found");
    await rig.client();
    const { code, stdout } = await rig.ask("why");
    expect(code).toBe(0);
    expect(stdout).toContain(": command not found: noed; did you mean node?\n");
    expect(stdout).toContain("mend what is wrong, then: procman restart bad.1\n");
    expect(stdout).toMatch(/\nprinted {3}.*noed: not found\n$/);
    expect(stdout).not.toContain("web.1");
    const { stdout: json } = await rig.ask("why", "--json");
    expect(JSON.parse(json)).toMatchObject([
      { name: "bad.1", state: "parked", reason: "command not found: noed; did you mean node?" },
      { name: "web.1", last_end: null, lines: [] },
    ]);
    expect(`${stdout}${json}`).not.toContain("sesame");
    await rig.stop();
  });

  it("says that nothing is wrong, or that nothing is there", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start(["worker=0", "web"]);
    await rig.child("web.1");
    await rig.client();
    const well = await rig.ask("why", "web.1");
    expect(well).toMatchObject({ code: 0, stderr: "" });
    expect(well.stdout).toMatch(/^web\.1 is (starting|up) since .*; nothing is wrong with it\n$/);
    expect(await rig.ask("why", "worker")).toMatchObject({
      code: 0,
      stdout: "nothing runs of worker; start it with: procman scale worker=1\n",
    });
    await rig.stop();
  });

  it("knows a mistyped name, and that nothing runs", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const none = await rig.ask("why", "web");
    expect(none).toMatchObject({ code: 3, stdout: "" });
    expect(none.stderr).toContain("procman is not running in ");
    rig.start();
    await rig.child("web.1");
    await rig.client();
    expect(await rig.ask("why", "wbe")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: 'procman: no process type "wbe" in the Procfile; did you mean "web"?\n',
    });
    await rig.stop();
  });
});
