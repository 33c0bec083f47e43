/** Heroku's own command line client, unchanged, talking to an API on this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Waiter } from "./wait.ts";

const loopbackOnly = fileURLToPath(new URL("./loopback-only.cjs", import.meta.url));
const deadlineMs = 60_000;

/** Where it is: as PROCMAN_TEST_HEROKU says, or on the PATH. Undefined when it is not installed. */
export function findHerokuCli(): string | undefined {
  const named = process.env["PROCMAN_TEST_HEROKU"];
  if (named !== undefined && !existsSync(named)) {
    throw new Error(`PROCMAN_TEST_HEROKU is ${named}, where nothing is`);
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return named ?? folders.map((folder) => join(folder, "heroku")).find((path) => existsSync(path));
}

/** What the client talks to. */
export interface HerokuApi {
  readonly port: number;
  readonly token: string;
  readonly app: string;
}

export interface HerokuResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class HerokuCli {
  readonly #program: string;
  readonly #api: HerokuApi;
  readonly #home: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(program: string, api: HerokuApi, home: string) {
    this.#program = program;
    this.#api = api;
    this.#home = home;
  }

  static async create(program: string, api: HerokuApi): Promise<HerokuCli> {
    return new HerokuCli(program, api, await mkdtemp(join(tmpdir(), "heroku-")));
  }

  /** `heroku ARGS -a APP`, until it ends. */
  async run(...args: readonly string[]): Promise<HerokuResult> {
    return this.start(...args).ended;
  }

  start(...args: readonly string[]): HerokuRun {
    const child = spawn(this.#program, [...args, "-a", this.#api.app], {
      cwd: this.#home,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.add(child);
    child.once("close", () => this.#running.delete(child));
    return new HerokuRun(child, args.join(" "));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    await rm(this.#home, { recursive: true, force: true });
  }

  #environment(): Record<string, string> {
    return {
      PATH: [dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
      HOME: this.#home,
      XDG_CACHE_HOME: join(this.#home, "cache"),
      XDG_CONFIG_HOME: join(this.#home, "config"),
      XDG_DATA_HOME: join(this.#home, "data"),
      HEROKU_HOST: `http://127.0.0.1:${this.#api.port}`,
      HEROKU_API_KEY: this.#api.token,
      HEROKU_DISABLE_AUTOUPDATE: "true",
      HEROKU_SKIP_NEW_VERSION_CHECK: "true",
      DISABLE_TELEMETRY: "true",
      NO_COLOR: "1",
      NODE_OPTIONS: `--require=${loopbackOnly}`,
    };
  }
}

/** One command under way. */
export class HerokuRun {
  readonly ended: Promise<HerokuResult>;
  readonly #child: ChildProcess;
  readonly #waiter: Waiter;
  #stdout = "";
  #stderr = "";

  constructor(child: ChildProcess, name: string) {
    this.#child = child;
    const story = () => `heroku ${name}\n${this.#stdout}\n${this.#stderr}`;
    this.#waiter = new Waiter(deadlineMs, story);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#waiter.changed();
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Until it has printed this. */
  async printed(text: string): Promise<void> {
    await this.#waiter.until(text, () => (this.#stdout.includes(text) ? true : undefined));
  }

  /** As Ctrl-C does it. */
  interrupt(): Promise<HerokuResult> {
    this.#child.kill("SIGINT");
    return this.ended;
  }
}
