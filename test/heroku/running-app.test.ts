import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../../src/control/client.ts";
import { describeHerokuCli, type HerokuApp } from "../support/heroku-suite.ts";
import { Rig } from "../support/rig.ts";
import { childCommand } from "../support/scripted-child.ts";

interface Dyno {
  readonly name: string;
  readonly type: string;
  readonly pid: number | null;
}

/** Heroku's client takes seconds for each of a dozen tests, on a busy machine a minute in all. */
const suiteMs = 600_000;

/** A real procman, with children that the test drives. */
async function startReal(): Promise<HerokuApp> {
  // The client groups processes by their commands.
  const lines = ["web", "worker", "clock"].map((type) => `${type}: ${childCommand} ${type}\n`);
  const rig = await Rig.create({ Procfile: lines.join("") }, "app", suiteMs);
  rig.start(["web=2", "worker=1", "clock=0", "--api", "127.0.0.1:0"]);
  const [, port] = await rig.line(/the API is on http:\/\/127\.0\.0\.1:(\d+)/);
  const token = (await readFile(join(rig.ownFolder, "api-token"), "utf8")).trim();
  const client = await rig.client();
  const listening = new Set<number>();

  function child(pid: number | null) {
    return rig.poll(`a call of process ${pid}`, () => rig.children.find((one) => one.pid === pid));
  }

  return {
    port: Number(port),
    token,
    app: "app",
    async settled() {
      await wait(client, "settled", []);
      const running = (await dynosOf(client)).filter(({ pid }) => pid !== null);
      for (const { type, pid } of running) {
        if (type !== "web" || listening.has(pid ?? 0)) continue;
        listening.add(pid ?? 0);
        await (await child(pid)).listen();
      }
      await wait(
        client,
        "ready",
        running.map(({ name }) => name),
      );
    },
    async print(name, ...lines) {
      const dyno = (await dynosOf(client)).find((one) => one.name === name);
      await (await child(dyno?.pid ?? null)).print(...lines);
      const last = ` app[${name}]: ${lines.at(-1)}\n`;
      await rig.poll(`"${lines.at(-1)}" in the log`, () => rig.log().includes(last) || undefined);
    },
    async [Symbol.asyncDispose]() {
      await rig.stop();
      await rig[Symbol.asyncDispose]();
    },
  };
}

async function wait(client: Client, what: "settled" | "ready", names: readonly string[]) {
  const answer = await client.askAndWait("POST", "/procman/v1/wait", { what, names });
  if (answer.is !== "answered") throw new Error(`cannot wait: ${answer.is}`);
}

async function dynosOf(client: Client): Promise<readonly Dyno[]> {
  const answer = await client.ask("GET", "/procman/v1/status");
  if (answer.is !== "answered") throw new Error(`no status: ${answer.is}`);
  return (answer.body as { readonly dynos: readonly Dyno[] }).dynos;
}

describeHerokuCli("a running app", startReal);
