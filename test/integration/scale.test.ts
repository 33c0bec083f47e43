import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import type { Client } from "../../src/control/client.ts";
import { Rig, testTimeout } from "../support/rig.ts";
import { type Command, WantedModel } from "../support/wanted-model.ts";

vi.setConfig({ testTimeout });

interface Dyno {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
  readonly port: number;
}

interface Status {
  readonly formation: readonly { readonly type: string; readonly quantity: number }[];
  readonly dynos: readonly Dyno[];
}

async function statusOf(client: Client): Promise<Status> {
  const settled = await client.askAndWait("POST", "/procman/v1/wait", { what: "settled" });
  expect(settled).toMatchObject({ body: { outcome: "done" } });
  const answer = await client.ask("GET", "/procman/v1/status");
  if (answer.is !== "answered") throw new Error(answer.is);
  return answer.body as Status;
}

/** Undefined, too, when the process has ended meanwhile. */
function variableOf(pid: number, name: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return variables.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);
  } catch {
    return undefined;
  }
}

/** `web.1 5006 431`, of all that runs, as the kernel has it. */
function running(rig: Rig): readonly string[] {
  return rig
    .processes()
    .map(({ pid }) => `${variableOf(pid, "PS")} ${variableOf(pid, "PORT")} ${pid}`)
    .sort();
}

/** Until that is what procman has, too: whoever has just been started has no environment for a moment. */
async function sameRun(rig: Rig, status: Status): Promise<readonly string[]> {
  const expected = claimed(status);
  await rig.poll(`exactly ${expected.join(", ")} to run`, () =>
    running(rig).join() === expected.join() ? true : undefined,
  );
  return expected;
}

/** The same as procman has it. */
function claimed({ dynos }: Status): readonly string[] {
  return dynos
    .filter(({ pid }) => pid !== null)
    .map(({ name, port, pid }) => `${name} ${port} ${pid}`)
    .sort();
}

/** Mulberry32: numbers in [0, 1) that the seed alone decides. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const types = ["one", "two", "three"];

function randomCommand(random: () => number): Command {
  const below = (count: number) => Math.floor(random() * count);
  const type = () => types[below(types.length)] ?? "";
  const name = () => (random() < 0.5 ? type() : `${type()}.${1 + below(3)}`);
  const kind = random();
  if (kind < 0.5) {
    const first = type();
    const others = types.filter((other) => other !== first && random() < 0.3);
    const changes = [first, ...others].map((changed) =>
      random() < 0.5
        ? ({ type: changed, how: "set", amount: below(4) } as const)
        : ({ type: changed, how: "add", amount: below(5) - 2 } as const),
    );
    return { what: "scale", changes };
  }
  const names = Array.from({ length: 1 + below(2) }, name);
  if (kind < 0.75) return { what: "stop", names };
  return { what: "restart", names: random() < 0.2 ? [] : names, procfile: types };
}

function send(client: Client, command: Command) {
  switch (command.what) {
    case "scale": {
      const updates = command.changes.map(({ type, how, amount }) => ({
        type,
        quantity: how === "set" ? amount : `${amount < 0 ? "" : "+"}${amount}`,
      }));
      return client.ask("POST", "/procman/v1/scale", { updates });
    }
    case "restart":
    case "stop":
      return client.ask("POST", `/procman/v1/${command.what}`, { names: command.names });
  }
}

const commandCount = 500;
const clientCount = 8;

describe.concurrent("commands of many at once", () => {
  // Drawn anew each time, so that every run looks elsewhere; set it to run one again.
  const seed = Number(process.env["PROCMAN_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

  it(`leave what replaying them by their numbers gives (PROCMAN_TEST_SEED=${seed})`, async () => {
    await using rig = await Rig.create({
      Procfile: types.map((type) => `${type}: sleep 1000\n`).join(""),
    });
    rig.start(["-q", types.join(",")]);
    const random = randomOf(seed);
    const clients = await Promise.all(
      Array.from({ length: clientCount }, (_, index) => rig.client(`client ${index}`)),
    );
    const left = Array.from({ length: commandCount }, () => randomCommand(random));
    const carriedOut: (readonly [number: number, command: Command])[] = [];
    await Promise.all(
      clients.map(async (client) => {
        for (let command = left.shift(); command; command = left.shift()) {
          const answer = await send(client, command);
          if (answer.is === "refused") expect([404, 422]).toContain(answer.status);
          else if (answer.is === "answered") carriedOut.push([answer.number ?? 0, command]);
          else throw new Error(answer.is);
        }
      }),
    );
    carriedOut.sort(([one], [other]) => one - other);
    expect(carriedOut.map(([number]) => number)).toEqual(carriedOut.map((_, index) => index + 1));
    const model = new WantedModel({ one: 1, two: 1, three: 1 });
    for (const [number, command] of carriedOut) {
      expect([number, command, model.apply(command)]).toEqual([number, command, true]);
    }

    const [client] = clients;
    if (client === undefined) throw new Error("there is no client");
    const status = await statusOf(client);
    expect(status.formation.map(({ type, quantity }) => [type, quantity])).toEqual([
      ...model.formation,
    ]);
    const { dynos } = status;
    expect(dynos.map(({ name, pid }) => [name, pid !== null])).toEqual(
      model.instances().map((name) => [name, model.isWanted(name)]),
    );
    expect(new Set(dynos.map(({ port }) => port)).size).toBe(dynos.length);
    await sameRun(rig, status);
    await rig.stop();
  });
});

describe.concurrent("a formation", () => {
  it("goes from 1 to 50, to 0 and back, with no process more or less", async () => {
    await using rig = await Rig.create({ Procfile: "worker: sleep 1000\n" });
    rig.start();
    const client = await rig.client();
    for (const quantity of [50, 0, 1]) {
      const scaled = await rig.ask("scale", `worker=${quantity}`);
      const stdout = `Scaling processes... done, now running worker at ${quantity}\n`;
      expect(scaled).toMatchObject({ code: 0, stdout, stderr: "" });
      // It has come about when the command returns.
      const status = await statusOf(client);
      expect(status.dynos.filter(({ pid }) => pid === null)).toEqual([]);
      const now = await sameRun(rig, status);
      expect(now.map((row) => row.split(" ", 2).join(" "))).toEqual(
        Array.from(
          { length: quantity },
          (_, index) => `worker.${index + 1} ${rig.port + 100 + index}`,
        ).sort(),
      );
    }
    await rig.stop();
  });

  it("is changed whole or not at all, also by two who contradict each other", async () => {
    await using rig = await Rig.create({ Procfile: "one: sleep 1000\ntwo: sleep 1000\n" });
    rig.start();
    const client = await rig.client();
    const formations = [
      ["one=3", "two=0"],
      ["one=0", "two=3"],
    ];
    const asked = Array.from({ length: 6 }, (_, index) => formations[index % 2] ?? []);
    const answers = await Promise.all(asked.map((words) => rig.ask("scale", ...words)));
    for (const { code } of answers) expect(code).toBe(0);
    const status = await statusOf(client);
    const { formation } = status;
    const words = formation.map(({ type, quantity }) => `${type}=${quantity}`);
    expect(formations).toContainEqual(words);
    expect(await sameRun(rig, status)).toHaveLength(3);
    await rig.stop();
  });
});
