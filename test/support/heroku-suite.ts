/**
 * What Heroku's command line client must be able to do with an app that has the types web, worker
 * and clock, started as `web=2 worker=1 clock=0`, whoever serves its API.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findHerokuCli, type HerokuApi, HerokuCli, type HerokuResult } from "./heroku-cli.ts";

export interface HerokuApp extends HerokuApi, AsyncDisposable {
  /** When nothing is being started or stopped any more. */
  settled(): Promise<void>;
  /** Lets a process print lines. */
  print(name: string, ...lines: readonly string[]): Promise<void>;
}

const testTimeoutMs = 90_000;

export function describeHerokuCli(server: string, start: () => Promise<HerokuApp>): void {
  const program = findHerokuCli();
  const how = "npm install heroku@11, and PROCMAN_TEST_HEROKU=…/node_modules/.bin/heroku";
  const why = program ? "" : ` (SKIPPED, it is not installed: ${how})`;
  if (why !== "") process.stderr.write(`the Heroku CLI with ${server}${why}\n`);

  describe.skipIf(!program)(
    `the Heroku CLI with ${server}${why}`,
    { timeout: testTimeoutMs },
    () => {
      let app: HerokuApp;
      let heroku: HerokuCli;

      beforeAll(async () => {
        app = await start();
        heroku = await HerokuCli.create(program ?? "", app);
        await app.settled();
      }, testTimeoutMs);

      afterAll(async () => {
        await heroku[Symbol.asyncDispose]();
        await app[Symbol.asyncDispose]();
      });

      /** What it prints when all goes well. */
      async function output(...args: readonly string[]): Promise<string> {
        return outputOf(await heroku.run(...args));
      }

      async function processes(): Promise<readonly Process[]> {
        await app.settled();
        const response = await fetch(`http://127.0.0.1:${app.port}/apps/${app.app}/dynos`, {
          headers: { Authorization: `Bearer ${app.token}` },
        });
        return (await response.json()) as readonly Process[];
      }

      it("lists the processes", async () => {
        const all = await output("ps");
        expect(all).toMatch(/^=== web \(local\): .* \(2\)$/m);
        expect(all).toMatch(/^web\.1: up /m);
        expect(all).toMatch(/^web\.2: up /m);
        expect(all).toMatch(/^worker\.1: up /m);
        const workers = await output("ps", "worker");
        expect(workers).not.toContain("web");
      });

      it("prints the formation, ready to be given back", async () => {
        expect(await output("ps:scale")).toBe("clock=0:local web=2:local worker=1:local\n");
      });

      it("scales", async () => {
        const { code, stderr } = await heroku.run("ps:scale", "worker=3:local", "clock+1", "web-1");
        expect(stderr).toContain("now running web at 1:local, worker at 3:local, clock at 1:local");
        expect(code).toBe(0);
        const names = (await processes()).map(({ name }) => name);
        expect(names.sort()).toEqual(["clock.1", "web.1", "worker.1", "worker.2", "worker.3"]);
        await output("ps:scale", "web=2", "worker=1", "clock=0");
      });

      it("says why it does not scale", async () => {
        const { code, stderr } = await heroku.run("ps:scale", "wroker=3");
        expect(stderr.replace(/\n ›\s*/g, " ")).toContain('no process type "wroker"');
        expect(stderr).toContain("not_found");
        expect(code).not.toBe(0);
      });

      it.each<[who: string, args: readonly string[], restarted: readonly string[]]>([
        ["all", [], ["web.1", "web.2", "worker.1"]],
        ["a type", ["--process-type", "web"], ["web.1", "web.2"]],
        ["one", ["--dyno-name", "web.2"], ["web.2"]],
        ["a type by its old name", ["worker"], ["worker.1"]],
      ])("restarts %s", async (_, args, restarted) => {
        const before = new Map((await processes()).map(({ name, pid }) => [name, pid]));
        const { code, stderr } = await heroku.run("ps:restart", ...args);
        expect(stderr).toContain("done");
        expect(code).toBe(0);
        const changed = (await processes()).filter(({ name, pid }) => before.get(name) !== pid);
        expect(changed.map(({ name }) => name)).toEqual(restarted);
      });

      it("stops one, and a type", async () => {
        expect((await heroku.run("ps:stop", "--dyno-name", "web.2")).code).toBe(0);
        expect((await heroku.run("ps:stop", "--process-type", "worker")).code).toBe(0);
        const down = (await processes()).filter(({ state }) => state === "down");
        expect(down.map(({ name }) => name)).toEqual(["web.2", "worker.1"]);
        await output("ps:restart");
      });

      it("waits for the release", async () => {
        await app.settled();
        await output("ps:wait");
      });

      it("prints the log", async () => {
        await app.print("web.1", "one", "two", "three");
        await app.print("worker.1", "four");
        const [all, last, workers, worker, others] = await Promise.all([
          output("logs"),
          output("logs", "-n", "2", "-s", "app"),
          output("logs", "--ps", "worker", "--source", "app"),
          output("logs", "--dyno-name", "worker.1", "-s", "app"),
          output("logs", "--source", "heroku"),
        ]);
        for (const text of ["app[web.1]: one", "app[worker.1]: four"]) expect(all).toContain(text);
        expect(last.split("\n").map(textOf)).toEqual(["three", "four", ""]);
        for (const text of [workers, worker]) {
          expect(text).toContain("app[worker.1]: four");
          expect(text).not.toContain("app[web");
        }
        expect(others).not.toContain(" app[");
      });

      it("follows the log", async () => {
        await app.print("web.1", "old");
        const run = heroku.start("logs", "--tail", "-s", "app", "-n", "1");
        await run.printed("app[web.1]: old");
        for (let count = 1; count <= 20; count += 1) {
          await app.print("worker.1", `new ${count}`);
          await nextTurn();
        }
        await run.printed("app[worker.1]: new 20");
        const { stdout } = await run.interrupt();
        const news = Array.from({ length: 20 }, (_, index) => `new ${index + 1}`);
        expect(stdout.split("\n").map(textOf)).toEqual(["old", ...news, ""]);
      });
    },
  );
}

interface Process {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
}

function outputOf({ code, stdout, stderr }: HerokuResult): string {
  expect(stderr).not.toContain("a connection to");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

function textOf(line: string): string {
  return line.replace(/^\S+ \S+: /, "");
}
