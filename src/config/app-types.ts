/**
 * The process types of the whole app: its own and those of the apps that it includes, with what
 * each procman.yml says of them.
 */
import { type Diagnostic, type Result, resultOf } from "../core/diagnostic.ts";
import type { FormationRequest } from "../core/formation.ts";
import type { ProcessType } from "../core/procfile.ts";
import type { Selection } from "../core/settings.ts";
import type { AppSettings } from "../core/settings-schema.ts";
import { applySettings } from "./apply-settings.ts";
import type { Files } from "./files.ts";
import type { Included } from "./includes.ts";
import { type ProcfileSearch, readProcessTypes } from "./process-types.ts";
import { noSettings } from "./read-settings.ts";
import type { SettingsFile } from "./settings-file.ts";

export interface AppTypes {
  readonly types: Result<readonly ProcessType[]>;
  /** With what the included apps say of their types. */
  readonly values: AppSettings;
  /** The app's Procfile. */
  readonly file: string;
  /** There is no Procfile, and nothing that names another one. */
  readonly isMissing: boolean;
  /** What they were read from, absolute, whether it is there or not; without the app's procman.yml. */
  readonly paths: readonly string[];
  readonly notes: readonly string[];
}

export interface AppTypesSearch extends Omit<ProcfileSearch, "named" | "isOptional"> {
  /** Whether .env files are read. */
  readonly hasEnv: boolean;
}

/** `settings` is undefined where procman.yml is invalid, which has been said then. */
export async function readAppTypes(
  search: AppTypesSearch,
  settings: SettingsFile | undefined,
  selection: Selection & FormationRequest,
  disk: Files,
): Promise<AppTypes> {
  const { procfile: named, include } = settings?.values ?? {};
  const isOptional = settings === undefined || (include !== undefined && include.size > 0);
  const own = await readProcessTypes({ ...search, named, isOptional }, disk);
  const included = await readIncluded(settings ?? noSettings, search, disk);
  const { file, isMissing, note } = own;
  const paths = [own.path, ...(included.ok ? included.value.paths : [])];
  const found = { file, isMissing, paths, notes: note === undefined ? [] : [note] };
  const diagnostics = [...own.types.diagnostics, ...included.diagnostics];
  if (!(own.types.ok && included.ok) || (settings === undefined && isMissing)) {
    return { ...found, types: { ok: false, diagnostics }, values: settings?.values ?? {} };
  }
  const { file: merged, notes } = included.value;
  const together = [...own.types.value, ...included.value.types];
  const applied = applySettings(together, merged, search.folder, selection);
  const scheduled = await findScheduleProblems(merged);
  const all = [...diagnostics, ...applied.diagnostics, ...scheduled];
  const types = applied.ok ? resultOf(applied.value, all) : { ...applied, diagnostics: all };
  return { ...found, types, values: merged.values, notes: [...found.notes, ...notes] };
}

async function readIncluded(
  file: SettingsFile,
  { cwd, folder: root, hasEnv }: AppTypesSearch,
  disk: Files,
): Promise<Result<Included>> {
  if (!file.values.include?.size) return resultOf({ types: [], file, paths: [], notes: [] }, []);
  const { readIncludes } = await import("./includes.ts");
  return readIncludes(file, { cwd, root, hasEnv, disk });
}

/** Whoever schedules nothing needs no library for it. */
async function findScheduleProblems(file: SettingsFile): Promise<readonly Diagnostic[]> {
  const settings = [...(file.values.types?.values() ?? [])];
  if (!settings.some(({ schedule }) => schedule)) return [];
  return (await import("./schedule-problems.ts")).findScheduleProblems(file);
}
