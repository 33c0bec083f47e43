/** Where a row plays: folders of its own, procmans in them, and who is there. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Client, findClient } from "../../src/control/client.ts";
import { readOwner } from "../../src/control/owner.ts";
import { findGiven, findSurvivors, isAlive, type Survivor } from "../support/survivors.ts";
import type { Form } from "./form.ts";
import { checkTalk } from "./oracles.ts";
import { type Chance, createChance } from "./random.ts";
import { type End, type How, startTalk, type Talk } from "./talk.ts";
import { pause, until } from "./until.ts";

/** `namespaces` where all that is there is the row's own. */
export const isolationVariable = "FAULTS_ISOLATION";

export const program = fileURLToPath(new URL("../../bin/procman.js", import.meta.url));
const programs = fileURLToPath(new URL("programs", import.meta.url));

export interface Stage {
  readonly form: Form;
  readonly chance: Chance;
  /** Others may pass through it, and not look into it. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A folder with these files. All procmans there run as this user, to whom it belongs. */
  app(files: Readonly<Record<string, string>>, user?: number): Promise<Place>;
  /** Any other program, which is none that procman could leave behind. */
  spawn(words: readonly string[], how?: How): Talk;
  /** A file system of so many kilobytes over a folder, until it is undone. */
  mount(folder: string, kilobytes: number): () => void;
  /** A folder that nobody may write to, until it is undone. */
  bindReadOnly(folder: string): () => void;
  /** What must hold after each row. */
  end(): Promise<void>;
  clear(): Promise<void>;
}

/** An app's folder. */
export interface Place {
  readonly folder: string;
  readonly ownFolder: string;
  readonly port: number;
  /** In this terminal, on free ports, with a second of grace. */
  start(args?: readonly string[], how?: Start): Talk;
  ask(...args: readonly string[]): Promise<End>;
  /** The same, for who does not wait at once. */
  beside(args: readonly string[], how?: Start): Talk;
  client(): Client | undefined;
  /** The path of the control socket, while procman runs. */
  socket(): string | undefined;
  /** Waits until all, or these, are up. */
  up(...names: readonly string[]): Promise<void>;
  /** Of all that is on the disk. */
  log(): string;
  write(path: string, text: string): Promise<void>;
  /** Everybody that procman has started and that is alive, guardians apart. */
  left(): readonly Survivor[];
  guardians(): readonly number[];
  /** How long it took. */
  nobodyLeft(withinMs: number): Promise<number>;
  /** The next start needs nobody's help, and the stop after it neither. */
  startsAgain(): Promise<void>;
}

export interface Start extends How {
  /** What stands before procman on the command line. */
  readonly under?: readonly string[];
  /** The code of a process that it ends with, as `start` does. */
  readonly mayEndWith?: number;
  /** Of Node. */
  readonly flags?: readonly string[];
}

export const graceMs = 1_000;
/** What must be over by then is over `grace + 1 s` after procman has died. */
export const endMs = graceMs + 1_000;
/** A guardian has no work that takes longer, whoever keeps the processor from it. */
const guardianMs = 8_000;
const startMs = 10_000;
/** The exit code of who found nobody to ask. */
const notRunning = 3;

/** A program of the suite, as a command for a Procfile. */
export function run(name: string, ...args: readonly (string | number)[]): string {
  return [process.execPath, join(programs, name), ...args].join(" ");
}

export async function createStage(folder: string, form: Form, name: string): Promise<Stage> {
  const mark = `FAULTS_MARK=${folder.slice(folder.lastIndexOf("-") + 1)}`;
  const talks: { readonly talk: Talk; readonly mayEndWith: number | undefined }[] = [];
  const others = new Set<number>([1, process.pid]);
  const places: Place[] = [];
  const undo = new Set<() => void>();
  const home = join(folder, "home");
  const temporary = join(folder, "tmp");
  for (const path of [home, temporary]) await mkdir(path);
  const [markName = "", markValue = ""] = mark.split("=");
  const environment = {
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: home,
    TMPDIR: temporary,
    LANG: "C.UTF-8",
    NO_COLOR: "1",
    [markName]: markValue,
  };

  function begin(words: readonly string[], how: How): Talk {
    const talk = startTalk(words, { env: environment, ...how });
    others.add(talk.pid);
    void talk.ended.then(() => others.delete(talk.pid));
    return talk;
  }

  function everybody(): readonly Survivor[] {
    const found =
      process.env[isolationVariable] === "namespaces" ? allProcesses() : findSurvivors(mark);
    return found.filter(({ pid }) => !others.has(pid));
  }

  async function makePlace(files: Readonly<Record<string, string>>, user?: number): Promise<Place> {
    const own = join(folder, `app${places.length + 1}`);
    const ownFolder = join(own, ".procman");
    const port = await freePort();
    const asUser =
      user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];

    function beside(args: readonly string[], how: Start = {}): Talk {
      const { under = [], flags = [], mayEndWith, ...rest } = how;
      const words = [...asUser, ...under, process.execPath, ...flags, program, ...args];
      const talk = begin(words, { cwd: own, ...rest });
      talks.push({ talk, mayEndWith });
      return talk;
    }

    const place: Place = {
      folder: own,
      ownFolder,
      port,
      beside,
      start: (args = [], how = {}) =>
        beside(["start", "-p", `${port}`, "-t", `${graceMs / 1_000}`, ...args], how),
      ask: (...args) => beside(args).ended,
      client: () => findClient({ folder: ownFolder, name: "procman faults" }),
      socket: () => readOwner(ownFolder)?.socket,
      async up(...names) {
        const { status, stderr } = await until("procman to answer", startMs, async () => {
          const end = await place.ask("wait", ...names);
          return end.status === notRunning ? undefined : end;
        });
        if (status !== 0) throw new Error(`not all became ready: ${stderr}`);
      },
      log: () => readLogFolder(join(ownFolder, "log")),
      async write(path, text) {
        await mkdir(dirname(join(own, path)), { recursive: true });
        await writeFile(join(own, path), text);
      },
      left: () => everybody().filter((one) => !isOfGuardian(one)),
      guardians: () => findGiven(join(ownFolder, "log")),
      async nobodyLeft(withinMs) {
        const beganMs = performance.now();
        const look = () => (place.left().length === 0 ? true : undefined);
        const who = () =>
          place
            .left()
            .map(({ pid, command }) => `${pid} ${command}`)
            .join("\n");
        const tookMs = () => Math.round(performance.now() - beganMs);
        await until("nobody to be left", withinMs, look, who).catch(async (problem: Error) => {
          const fate = await until("their end", guardianMs, look).then(
            () => `gone after ${tookMs()} ms`,
            () => `still there after ${tookMs()} ms`,
          );
          throw new Error(`${problem.message}\n${fate}`);
        });
        return performance.now() - beganMs;
      },
      async startsAgain() {
        const again = place.start();
        await again.line(/started with pid/, startMs);
        again.child.kill("SIGTERM");
        const { status, stderr } = await again.ended;
        if (status !== 143) throw new Error(`the next start ended with ${status}\n${stderr}`);
        await place.nobodyLeft(endMs);
      },
    };
    places.push(place);
    await mkdir(own);
    for (const [path, text] of Object.entries(files)) await place.write(path, text);
    if (user !== undefined) {
      await mkdir(ownFolder, { mode: 0o700 });
      for (const path of [own, ownFolder, home, temporary]) await chown(path, user, user);
    }
    return place;
  }

  function mountOver(path: string, words: readonly string[]): () => void {
    runOrThrow("mount", words);
    const unmount = () => {
      undo.delete(unmount);
      spawnSync("umount", ["--lazy", path]);
    };
    undo.add(unmount);
    return unmount;
  }

  return {
    form,
    // Another one for each row, and the same for it whichever rows run.
    chance: createChance(form.seed ^ hashOf(name)),
    folder,
    environment,
    app: makePlace,
    spawn: (words, how = {}) => begin(words, { cwd: folder, ...how }),
    mount: (path, kilobytes) =>
      mountOver(path, ["-t", "tmpfs", "-o", `size=${kilobytes}k,mode=700`, "none", path]),
    bindReadOnly(path) {
      const undo = mountOver(path, ["--bind", path, path]);
      runOrThrow("mount", ["-o", "remount,ro,bind", path]);
      return undo;
    },
    async end() {
      for (const { talk, mayEndWith } of talks) {
        if (!talk.hasEnded()) throw new Error(`${talk.words.slice(1).join(" ")} did not end`);
        if (!talk.wasKilled()) checkTalk(await talk.ended, mayEndWith);
      }
      for (const place of places) {
        await place.nobodyLeft(endMs);
        await until("the guardians to end", guardianMs, () =>
          place.guardians().length === 0 ? true : undefined,
        );
      }
    },
    async clear() {
      for (const { talk } of talks) if (!talk.hasEnded()) talk.child.kill("SIGKILL");
      // Twice, as somebody may have been forking.
      for (let pass = 0; pass < 2; pass += 1) {
        const marked = [...everybody(), ...findSurvivors(mark)].map(({ pid }) => pid);
        const all = [...marked, ...places.flatMap(({ guardians }) => guardians())];
        for (const pid of all.filter((other) => other !== process.pid)) killQuietly(pid);
        await pause(20);
      }
      for (const unmount of undo) unmount();
    },
  };
}

function runOrThrow(program: string, words: readonly string[]): void {
  const { status, stderr } = spawnSync(program, words);
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
}

export function killQuietly(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** It, or what it waits with. */
function isOfGuardian({ pid, command }: Survivor): boolean {
  return isGuardian(command) || isGuardian(commandOf(parentOf(pid)));
}

function isGuardian(command: string): boolean {
  return command.includes("procman-guardian");
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readOr(`/proc/${pid}/status`))?.[1]);
}

function commandOf(pid: number): string {
  return readOr(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
}

function allProcesses(): readonly Survivor[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isAlive)
    .map((pid) => ({ pid, command: commandOf(pid) }));
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** All segments, the oldest first. */
function readLogFolder(folder: string): string {
  if (!existsSync(folder)) return "";
  const full = readdirSync(folder).filter((name) => /^app\.\d+\.log$/.test(name));
  return [...full.sort(), "app.log"].map((name) => readOr(join(folder, name))).join("");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      // All types have their places above it.
      server.close(() => resolve(Math.min(port, 60_000)));
    });
  });
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
