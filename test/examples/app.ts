import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const procfile = readFileSync(join(root, "Procfile.example"), "utf8");
const storeUrl = new URL("../../examples/shared/store.js", import.meta.url).href;

const enqueueScript = `
  import * as store from ${JSON.stringify(storeUrl)};
  await store.open();
  for (const payload of JSON.parse(process.argv[1])) console.log(await store.enqueue(payload));
`;

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Started {
  readonly pid: number;
  readonly lines: readonly string[];
  readonly exit: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** The first group of each line that matches, in order. */
  matches(pattern: RegExp): string[];
  /** Resolves with the first group of the first line that matches; rejects if there is none. */
  line(pattern: RegExp): Promise<string>;
}

/** The processes of Procfile.example, on a data folder of their own. */
export class App {
  readonly folder: string;
  readonly #children: { readonly child: ChildProcess; readonly started: Started }[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<App> {
    return new App(await mkdtemp(join(tmpdir(), "examples-test-")));
  }

  /** Kills what still runs and removes the data. */
  async dispose(): Promise<void> {
    for (const { child } of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#children.map(({ started }) => started.exit));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs the command that Procfile.example has for a process type. */
  start(type: "web" | "worker" | "clock", env: NodeJS.ProcessEnv = {}): Started {
    const command = new RegExp(`^${type}: node (\\S+)$`, "m").exec(procfile)?.[1];
    if (command === undefined) throw new Error(`Procfile.example has no ${type}`);
    return this.#spawn([command], env);
  }

  /** Enqueues jobs by way of the store, and returns their ids. */
  async enqueue(payloads: readonly { durationMs: number }[]): Promise<readonly string[]> {
    const args = ["--input-type=module", "--eval", enqueueScript, JSON.stringify(payloads)];
    const started = this.#spawn(args, {});
    const { code } = await started.exit;
    if (code !== 0) throw new Error(`enqueuing failed:\n${started.lines.join("\n")}`);
    return started.lines;
  }

  /** Resolves when a condition on the output holds; it is checked whenever there is more of it. */
  async until(condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** The names of the files in one of the store's folders, which need not exist yet. */
  async files(state: string): Promise<string[]> {
    await mkdir(join(this.folder, state), { recursive: true });
    return (await readdir(join(this.folder, state))).sort();
  }

  #spawn(args: readonly string[], env: NodeJS.ProcessEnv): Started {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, EXAMPLE_DATA: this.folder, PORT: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    let ended = false;
    const changed = () => {
      for (const check of [...this.#waiting]) check();
    };
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        lines.push(line);
        changed();
      });
    }
    const exit = once(child, "close").then(([code, signal]): Exit => {
      ended = true;
      changed();
      return { code, signal };
    });
    const matches = (pattern: RegExp) =>
      lines.flatMap((line) => {
        const match = pattern.exec(line);
        return match === null ? [] : [match[1] ?? match[0]];
      });
    const line = async (pattern: RegExp) => {
      await this.until(() => ended || matches(pattern).length > 0);
      const first = matches(pattern)[0];
      if (first === undefined) throw new Error(`no ${pattern} in:\n${lines.join("\n")}`);
      return first;
    };
    const started: Started = {
      pid: child.pid ?? 0,
      lines,
      exit,
      kill: (signal) => child.kill(signal),
      matches,
      line,
    };
    this.#children.push({ child, started });
    return started;
  }
}
