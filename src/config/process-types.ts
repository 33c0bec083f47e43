/**
 * Finds and reads what says which process types an app has of its own: the Procfile, or where there
 * is none the start script of package.json.
 */
import { join, resolve } from "node:path";
import type { Result } from "../core/diagnostic.ts";
import type { Environment } from "../core/environment.ts";
import { type ProcessType, parseProcfile } from "../core/procfile.ts";
import { isMissing, showPath, unreadable } from "./env-files.ts";
import type { Files } from "./files.ts";
import type { FileOptions } from "./options-file.ts";
import { procfileName, type RootRequest } from "./root.ts";

export interface ReadTypes {
  readonly types: Result<readonly ProcessType[]>;
  readonly file: string;
  /** Of the Procfile, absolute, whether it is there or not. */
  readonly path: string;
  /** There is no Procfile, and nothing that names another one. */
  readonly isMissing: boolean;
  readonly note?: string;
}

/** Where a Procfile is looked for. */
export interface ProcfileSearch extends RootRequest {
  readonly options: FileOptions;
  /** By procman.yml. */
  readonly named: string | undefined;
  /** Whether there may be none. */
  readonly isOptional: boolean;
  /** Found or chosen. */
  readonly folder: string;
  readonly environment: Environment;
}

export async function readProcessTypes(search: ProcfileSearch, disk: Files): Promise<ReadTypes> {
  const { cwd, procfile, options, folder, environment } = search;
  const named = options.procfile?.value || environment.get("PROCFILE") || search.named;
  const path = procfile ? resolve(cwd, procfile) : resolve(folder, String(named ?? procfileName));
  const file = showPath(cwd, path);
  try {
    const types = parseProcfile(await disk.read(path), file);
    return { types, file, path, isMissing: false };
  } catch (error) {
    const isDefault = procfile === undefined && named === undefined;
    if (isDefault && isMissing(error)) {
      if (!search.isOptional) return { ...(await withoutProcfile(search, file, disk)), path };
      return { types: { ok: true, value: [], diagnostics: [] }, file, path, isMissing: true };
    }
    const types = { ok: false, diagnostics: [unreadable(file, error)] } as const;
    return { types, file, path, isMissing: false };
  }
}

/** Heroku's rule: a package with a start script is a web process. */
async function withoutProcfile(
  { cwd, root: chosenRoot, folder }: ProcfileSearch,
  file: string,
  disk: Files,
): Promise<Omit<ReadTypes, "path">> {
  const names = await disk.namesIn(folder);
  const fail = (message: string, hint: string): Omit<ReadTypes, "path"> => ({
    types: { ok: false, diagnostics: [{ severity: "error", file, message, hint }] },
    file,
    isMissing: true,
  });
  if (names.includes("Procfile.txt")) {
    const message = "there is no Procfile, only a Procfile.txt";
    return fail(message, "rename it to Procfile, without an ending");
  }
  const isHere = chosenRoot !== undefined || folder === resolve(cwd);
  const script = isHere ? await findStartScript(join(folder, "package.json"), disk) : undefined;
  if (script !== undefined && isProcmanItself(script)) {
    const message = "there is no Procfile, and the start script of package.json is procman itself";
    return fail(message, "write a Procfile that says what to run, as in: web: node index.js");
  }
  if (script !== undefined) {
    const types = [{ name: "web", command: "npm start", line: 1 }];
    const note = "no Procfile here; running the start script of package.json as web: npm start";
    const value = { ok: true, value: types, diagnostics: [] } as const;
    return { types: value, file: "package.json", isMissing: false, note };
  }
  const other = names.find((name) => name !== procfileName && /^procfile(\.|$)/i.test(name));
  if (other !== undefined) {
    return fail(
      `there is no Procfile, only ${other}`,
      `start it with: procman start -f ${showPath(cwd, join(folder, other))}`,
    );
  }
  const hint = "it has lines like this one: web: node index.js";
  const above = chosenRoot === undefined ? " or above it" : "";
  return fail(`there is no Procfile in ${folder}${above}`, hint);
}

/** As `procman start`, which would run it again, but not `procman start -f Procfile.dev`. */
function isProcmanItself(script: string): boolean {
  const startsAnApp = /\bprocman(\.js)?\s([^;&|]*\s)?start(?![^\s;&|])/.test(script);
  return startsAnApp && !/\s(-[fd]|--procfile|--root)/.test(script);
}

async function findStartScript(path: string, disk: Files): Promise<string | undefined> {
  try {
    const { scripts } = JSON.parse(new TextDecoder().decode(await disk.read(path)));
    return typeof scripts?.start === "string" ? scripts.start.trim() || undefined : undefined;
  } catch {
    return undefined;
  }
}
