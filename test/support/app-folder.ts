/** Loads an app from files that a test writes, in a folder of its own. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type App, type LoadRequest, loadApp } from "../../src/config/load.ts";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";

export type Contents = Readonly<Record<string, string>>;

/** `cwd` is seen from the test's folder, all else as in a request. */
export interface Words extends Partial<Omit<LoadRequest, "shell">> {
  readonly shell?: Contents;
}

export interface Loaded {
  readonly app: App | undefined;
  readonly said: readonly string[];
}

export class AppFolder implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "procman-test-")));

  write(contents: Contents): void {
    for (const [name, text] of Object.entries(contents)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), text);
    }
  }

  async load(contents: Contents, words: Words = {}): Promise<Loaded> {
    this.write(contents);
    const { cwd = ".", shell = {}, ...others } = words;
    mkdirSync(join(this.path, cwd), { recursive: true });
    const result = await loadApp({
      filesWin: false,
      expand: false,
      settings: {},
      router: {},
      types: [],
      builtIn: new Map(),
      cwd: join(this.path, cwd),
      shell: new Map(Object.entries(shell)),
      ...others,
    });
    const said = result.diagnostics.map(formatDiagnostic);
    return { app: result.ok ? result.value : undefined, said };
  }

  /** The same, of what must be right. */
  async loadGood(contents: Contents, words: Words = {}): Promise<App> {
    const { app, said } = await this.load(contents, words);
    if (!app) throw new Error(said.join("\n"));
    return app;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
