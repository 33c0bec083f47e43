/** The app's .env files, from disk to one set of variables, as often as it is asked for. */
import { relative, resolve } from "node:path";
import type { Diagnostic, Result } from "../core/diagnostic.ts";
import type { Environment } from "../core/environment.ts";
import { type EnvEntry, expandVariables } from "../core/expand-variables.ts";
import { showAll } from "../core/text-file.ts";
import { type Files, NotInTime } from "./files.ts";

export interface EnvFiles {
  /** Absolute paths, lowest first. */
  readonly paths: readonly string[];
  /** Whether a file that is not there is a mistake. */
  readonly mustExist: boolean;
  /** Where paths are shown from. */
  readonly cwd: string;
  /** `--env-expand`: which shell a `${NAME}` is looked up in, and whether the files go first. */
  readonly expand: { readonly shell: Environment; readonly filesWin: boolean } | undefined;
}

export async function readEnvFiles(files: EnvFiles, disk: Files): Promise<Result<Environment>> {
  const read = await Promise.all(files.paths.map((path) => readEnvFile(path, files, disk)));
  const entries = read.flatMap((result) => (result.ok ? result.value : []));
  const diagnostics = read.flatMap((result) => result.diagnostics);
  if (read.some((result) => !result.ok)) return { ok: false, diagnostics };
  if (files.expand === undefined || entries.length === 0) {
    return { ok: true, value: new Map(entries.map(({ key, value }) => [key, value])), diagnostics };
  }
  const { shell, filesWin } = files.expand;
  const expanded = expandVariables(entries, (name, earlier) =>
    filesWin ? (earlier ?? shell.get(name)) : (shell.get(name) ?? earlier),
  );
  return { ...expanded, diagnostics: [...diagnostics, ...expanded.diagnostics] };
}

async function readEnvFile(
  path: string,
  files: EnvFiles,
  disk: Files,
): Promise<Result<readonly EnvEntry[]>> {
  const file = showPath(files.cwd, path);
  try {
    const bytes = await disk.read(path);
    const { parseEnvFile } = await import("./env-file.ts");
    return await parseEnvFile(bytes, file, { willExpand: files.expand !== undefined });
  } catch (error) {
    if (isMissing(error) && !files.mustExist) return { ok: true, value: [], diagnostics: [] };
    return { ok: false, diagnostics: [unreadable(file, error)] };
  }
}

export function unreadable(file: string, error: unknown): Diagnostic {
  const message = isMissing(error) ? "there is no such file" : `cannot be read: ${reasonOf(error)}`;
  const hint = "have somebody write it, or put a file in its place, and try again";
  return { severity: "error", file, message, ...(error instanceof NotInTime && { hint }) };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission denied";
  const reason = error instanceof Error ? error.message : String(error);
  // Which file it is has been said, and its name may be anything.
  return showAll(reason.replace(/(, open|\. Received) '.*$/s, ""));
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** A path as the person in `cwd` would write it. */
export function showPath(cwd: string, path: string): string {
  return showAll(relative(cwd, resolve(cwd, path))) || ".";
}
