/** Which folder an app is in. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Diagnostic, Result } from "../core/diagnostic.ts";
import { ownFolderName } from "../core/own-folder-name.ts";
import { isMissing, showPath, unreadable } from "./env-files.ts";
import { filesAtOnce } from "./files.ts";
import { type FileOptions, noOptions, optionsFileName } from "./options-file.ts";

/** What the command line says. Relative paths are seen from `cwd`. */
export interface RootRequest {
  readonly cwd: string;
  readonly root?: string | undefined;
  readonly procfile?: string | undefined;
}

export interface Root {
  /** Absolute. */
  readonly root: string;
  /** None, when the options file cannot be read. */
  readonly options: FileOptions;
  /** What is wrong with the options file. */
  readonly diagnostics: readonly Diagnostic[];
}

export const procfileName = "Procfile";
export const settingsFileName = "procman.yml";

/** The app's folder, and what its options file says. */
export async function readRoot(request: RootRequest): Promise<Root> {
  return withOptions(request, await findRoot(request, [procfileName, settingsFileName]));
}

/** The same for who asks about a running app, or one that ran: it may have been started by `-f`. */
export async function readRunningRoot(request: RootRequest): Promise<Root> {
  return withOptions(
    request,
    await findRoot(request, [ownFolderName, procfileName, settingsFileName]),
  );
}

/** Whether something in it says that it is an app's folder, whatever its files are worth. */
export function isApp(root: string): boolean {
  return [procfileName, settingsFileName, ownFolderName].some((name) =>
    existsSync(join(root, name)),
  );
}

/** The nearest folder upward with one of these; `-d` and the folder of `-f` need no search. */
async function findRoot(
  { cwd, root, procfile }: RootRequest,
  names: readonly string[],
): Promise<string> {
  if (root !== undefined) return resolve(cwd, root);
  if (procfile !== undefined) return dirname(resolve(cwd, procfile));
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = await filesAtOnce.namesIn(folder);
    if (names.some((name) => found.includes(name))) return folder;
    if (folder === dirname(folder)) return resolve(cwd);
  }
}

async function withOptions(request: RootRequest, found: string): Promise<Root> {
  const read = await readOptions(found, request.cwd);
  const options = read.ok ? read.value : noOptions;
  const isChosen = request.root !== undefined || request.procfile !== undefined;
  const root =
    isChosen || options.root === undefined ? found : resolve(found, String(options.root.value));
  return { root, options, diagnostics: read.diagnostics };
}

async function readOptions(root: string, cwd: string): Promise<Result<FileOptions>> {
  const path = join(root, optionsFileName);
  try {
    const bytes = await filesAtOnce.read(path);
    const { parseOptionsFile } = await import("./options-file.ts");
    return await parseOptionsFile(bytes, showPath(cwd, path));
  } catch (error) {
    if (isMissing(error)) return { ok: true, value: noOptions, diagnostics: [] };
    return { ok: false, diagnostics: [unreadable(showPath(cwd, path), error)] };
  }
}
