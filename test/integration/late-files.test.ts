import { execFileSync } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const idle = "w: sleep 1000\n";
const done = { code: 0, signal: null, stderr: "" };

/** In place of what may be there: nobody writes to it. */
async function putPipe(rig: Rig, file: string): Promise<void> {
  if (file === "Procfile") await rig.remove(file);
  execFileSync("mkfifo", [join(rig.folder, file)]);
}

const late =
  "cannot be read: it is a pipe, and nobody has written all of it within 3 s; have somebody write it, or put a file in its place, and try again";

/** When each of these has reached `goal`. */
async function wait(rig: Rig, what: "settled" | "ready", names: readonly string[]): Promise<void> {
  const answer = await (await rig.client()).askAndWait("POST", "/procman/v1/wait", { what, names });
  expect(answer).toMatchObject({ body: { outcome: "done" } });
}

async function dynosOf(
  rig: Rig,
): Promise<readonly { name: string; state: string; pid: unknown }[]> {
  const answer = await (await rig.client()).ask("GET", "/procman/v1/status");
  if (answer.is !== "answered") throw new Error(answer.is);
  return (answer.body as { dynos: { name: string; state: string; pid: unknown }[] }).dynos;
}

describe.concurrent("a pipe that nobody writes to", () => {
  it.each([".env", "Procfile"])(
    "as %s makes a restart and a reload be refused, until it is gone",
    async (file) => {
      await using rig = await Rig.create({ Procfile: idle });
      rig.start();
      await wait(rig, "ready", []);
      const before = await dynosOf(rig);
      await putPipe(rig, file);
      for (const refused of await Promise.all([rig.ask("restart"), rig.ask("reload")])) {
        const stderr = `procman: ${file}: ${late}\n`;
        expect(refused).toMatchObject({ code: 1, stdout: "", stderr });
      }
      expect(await dynosOf(rig)).toEqual(before);
      await rig.remove(file);
      await rig.write(file, file === ".env" ? "A=1\n" : idle);
      expect(await rig.ask("restart")).toMatchObject(done);
      expect(await rig.ask("reload")).toMatchObject({ ...done, stdout: "Nothing has changed\n" });
      expect((await rig.ask("stop")).code).toBe(0);
      expect((await rig.end()).status).toBe(0);
    },
  );

  it("as .env is no reason not to start again what has crashed, with what was there before", async () => {
    await using rig = await Rig.create({ Procfile: procfile("w"), ".env": "KEY=one\n" });
    rig.start();
    const first = await rig.child("w.1");
    await rig.remove(".env");
    await putPipe(rig, ".env");
    await first.exit(1);
    const second = await rig.child("w.1", 2);
    expect(second.variable("KEY")).toBe("one");
    const [said] = await rig.line(/w\.1 is started with the environment it had before: .*/);
    expect(said).toContain(`.env: error: ${late}`);
    // Whoever writes gives other values each time.
    await second.exit(1);
    const writer = await open(join(rig.folder, ".env"), "w");
    await writer.write("KEY=two\n");
    await writer.close();
    expect((await rig.child("w.1", 3)).variable("KEY")).toBe("two");
    await rig.stop();
  });

  it.each<[how: string, stop: (rig: Rig) => unknown, status: number]>([
    ["a stop", (rig) => rig.ask("stop"), 0],
    ["SIGTERM", (rig) => rig.signal("SIGTERM"), 143],
  ])("as .env keeps nobody from being ended by %s", async (_, stop, status) => {
    await using rig = await Rig.create({ Procfile: idle });
    rig.start();
    await wait(rig, "ready", []);
    await putPipe(rig, ".env");
    const scaled = rig.beside(["scale", "w=3"]).ended;
    // To open it waits for who reads it: they are being prepared then.
    const writer = await open(join(rig.folder, ".env"), "w");
    expect(await dynosOf(rig)).toMatchObject([
      { name: "w.1", state: "up" },
      { name: "w.2", state: "starting", pid: null },
      { name: "w.3", state: "starting", pid: null },
    ]);
    await stop(rig);
    const end = await rig.end();
    expect(end.status).toBe(status);
    expect(end.stdout).toMatch(/procman +\| w\.2 was stopped before it had started\n/);
    expect(rig.log()).not.toContain("environment it had before");
    await writer.close();
    await scaled;
  });
});
