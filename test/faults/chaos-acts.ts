/** What chance does to a running app, one act at a time. Each ends by itself. */
import { connect } from "node:net";
import { emptyDisk, fillDisk } from "./disk.ts";
import type { Chance } from "./random.ts";
import { killQuietly, type Place } from "./stage.ts";
import { pause } from "./until.ts";

export interface Target {
  readonly place: Place;
  readonly chance: Chance;
  /** Whether it has a disk of its own, which may be filled. */
  readonly hasDisk: boolean;
}

const types = ["count", "flood", "quiet", "deaf", "away", "fails"] as const;
const most = { count: 4, flood: 2, quiet: 6, deaf: 2, away: 2, fails: 2 };

/** The name is what is counted. */
export const acts: readonly (readonly [
  name: string,
  weight: number,
  act: (target: Target) => Promise<void>,
])[] = [
  ["scale", 6, scale],
  ["restart", 4, restart],
  ["stop", 2, stop],
  ["reload", 2, reload],
  ["look", 3, look],
  ["kill a process", 6, killProcess],
  ["halt a process", 2, haltProcess],
  ["kill the guardian", 1, killGuardian],
  ["fill the disk", 1, fill],
  ["follow the log", 2, follow],
  ["hold connections", 2, holdConnections],
];

export function chooseAct(chance: Chance) {
  const all = acts.reduce((sum, [, weight]) => sum + weight, 0);
  let left = chance.next() * all;
  for (const act of acts) {
    left -= act[1];
    if (left < 0) return act;
  }
  throw new Error("the weights do not add up");
}

async function scale({ place, chance }: Target): Promise<void> {
  const type = chance.oneOf(types);
  await place.ask("scale", `${type}=${chance.between(0, most[type])}`);
}

async function restart({ place, chance }: Target): Promise<void> {
  await place.ask("restart", chance.oneOf(types));
}

async function stop({ place, chance }: Target): Promise<void> {
  await place.ask("stop", chance.oneOf(types));
}

async function reload({ place, chance }: Target): Promise<void> {
  await place.write(".env", `CHANCE=${chance.between(0, 3)}\n`);
  await place.ask("reload");
}

async function look({ place, chance }: Target): Promise<void> {
  const words = [["ps", "--wide"], ["scale"], ["logs", "-n", "50"], ["logs", "--grep", "x"]];
  await place.ask(...chance.oneOf(words));
}

async function killProcess({ place, chance }: Target): Promise<void> {
  const pids = await pidsOf(place);
  if (pids.length > 0) killQuietly(chance.oneOf(pids), chance.oneOf(["SIGKILL", "SIGTERM"]));
}

async function haltProcess({ place, chance }: Target): Promise<void> {
  const pids = await pidsOf(place);
  if (pids.length === 0) return;
  const pid = chance.oneOf(pids);
  killQuietly(pid, "SIGSTOP");
  await pause(chance.between(10, 500));
  killQuietly(pid, "SIGCONT");
}

async function killGuardian({ place }: Target): Promise<void> {
  for (const pid of place.guardians()) killQuietly(pid);
}

async function fill({ place, chance, hasDisk }: Target): Promise<void> {
  if (!hasDisk) return;
  await fillDisk(place.ownFolder);
  await pause(chance.between(100, 2_000));
  await emptyDisk(place.ownFolder);
}

async function follow({ place, chance }: Target): Promise<void> {
  const talk = place.beside(["logs", "-t"]);
  await pause(chance.between(50, 1_000));
  talk.child.kill(chance.oneOf(["SIGTERM", "SIGINT"]));
  await talk.ended;
}

/** Half-open, with half a request, and with none. */
async function holdConnections({ place, chance }: Target): Promise<void> {
  const path = place.socket();
  if (path === undefined) return;
  const words = ["", "GET /procman/v1/st", "nonsense\r\n\r\n", "GET /apps HTTP/1.1\r\nHost: x\r\n"];
  const sockets = Array.from({ length: chance.between(1, 30) }, () => {
    const socket = connect({ path });
    socket.on("error", () => {});
    socket.write(chance.oneOf(words));
    return socket;
  });
  await pause(chance.between(10, 500));
  for (const socket of sockets) socket.destroy();
}

async function pidsOf(place: Place): Promise<readonly number[]> {
  const answer = await place.client()?.ask("GET", "/procman/v1/status");
  if (answer?.is !== "answered") return [];
  const { dynos } = answer.body as { dynos: readonly { readonly pid: number | null }[] };
  return dynos.flatMap(({ pid }) => pid ?? []);
}
