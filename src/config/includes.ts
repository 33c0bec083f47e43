/**
 * Apps that are part of another one: their process types get the name of the app before their own,
 * and what their procman.yml says of them is as if the including one said it. Loaded where something
 * is included.
 */
import { join, resolve } from "node:path";
import { type Diagnostic, type Result, resultOf } from "../core/diagnostic.ts";
import type { ProcessType } from "../core/procfile.ts";
import type { AppSettings, TypeSettings } from "../core/settings-schema.ts";
import { quote } from "../core/text-file.ts";
import type { TypeFiles } from "../core/type-files.ts";
import { isRelease, qualify } from "../core/type-name.ts";
import { showPath } from "./env-files.ts";
import type { Files } from "./files.ts";
import { noOptions } from "./options-file.ts";
import { readProcessTypes } from "./process-types.ts";
import { readSettingsFile } from "./read-settings.ts";
import { settingsFileName } from "./root.ts";
import type { Place, SettingsFile } from "./settings-file.ts";

export interface Included {
  readonly types: readonly ProcessType[];
  /** The procman.yml of all: where two speak of one type, each setting of the including one holds. */
  readonly file: SettingsFile;
  /** What it was read from, absolute, whether it is there or not. */
  readonly paths: readonly string[];
  readonly notes: readonly string[];
}

export interface Where {
  /** Where paths are shown from. */
  readonly cwd: string;
  /** Of the app that includes. */
  readonly root: string;
  /** Whether .env files are read. */
  readonly hasEnv: boolean;
  readonly disk: Files;
}

/** All of them, or all that is wrong with any. */
export async function readIncludes(file: SettingsFile, where: Where): Promise<Result<Included>> {
  const names = [...(file.values.include ?? [])];
  const read = await Promise.all(
    names.map(([name, path]) =>
      readInclude(name, resolve(where.root, path), file.placeOf(["include", name]), where),
    ),
  );
  const includes = read.flatMap((result) => (result.ok ? [result.value] : []));
  const all: Included = {
    types: includes.flatMap(({ types }) => types),
    file: includes.reduce(merge, file),
    paths: includes.flatMap(({ paths }) => paths),
    notes: includes.flatMap(({ notes }) => notes),
  };
  return resultOf(
    all,
    read.flatMap(({ diagnostics }) => diagnostics),
  );
}

/** One that is read, with its names and paths as the including app sees them. */
interface Include extends Included {
  readonly name: string;
}

async function readInclude(
  name: string,
  folder: string,
  place: Place,
  { cwd, root, hasEnv, disk }: Where,
): Promise<Result<Include>> {
  const fail = (message: string, hint: string): Result<Include> => ({
    ok: false,
    diagnostics: [{ severity: "error", ...place, message, hint }],
  });
  if (!/^[\w-]+$/.test(name)) {
    const message = `${quote(name)} cannot stand before the names of process types`;
    return fail(message, "use letters, digits, _ and -");
  }
  if (folder === root) {
    const message = `the folder of ${name} is that of this app itself`;
    return fail(message, "its process types are there without that");
  }
  if ((await disk.namesIn(folder)).length === 0) {
    const message = `there is no app in the folder of ${name}, ${showPath(cwd, folder)}`;
    return fail(message, "write a Procfile there, or mend the path");
  }
  const settingsPath = join(folder, settingsFileName);
  const settings = await readSettingsFile({ cwd, path: settingsPath }, disk);
  const { procfile: named } = settings.ok ? settings.value.values : {};
  const search = { cwd, root: folder, folder, options: noOptions, environment: new Map() };
  const { types, note, path } = await readProcessTypes(
    { ...search, named, isOptional: false },
    disk,
  );
  const diagnostics = [...types.diagnostics, ...settings.diagnostics];
  if (!(types.ok && settings.ok)) return { ok: false, diagnostics };
  const env = hasEnv && { includedEnv: envOf(settings.value.values, folder) };
  const include: Include = {
    name,
    types: types.value.map((type) => ({ ...type, name: qualify(name, type.name), ...env })),
    file: seenFromOutside(settings.value, { name, folder, types: types.value }),
    paths: [path, settingsPath],
    notes: note === undefined ? [] : [`${name}: ${note}`],
  };
  return resultOf(include, [...diagnostics, ...findNested(settings.value)]);
}

function findNested({ values, placeOf }: SettingsFile): readonly Diagnostic[] {
  return [...(values.include?.keys() ?? [])].map((name) => ({
    severity: "error",
    ...placeOf(["include", name]),
    message: "an app that is included cannot include another",
    hint: "include that one beside it",
  }));
}

function envOf({ env }: AppSettings, folder: string): TypeFiles {
  const paths = (env ?? [".env"]).map((path) => resolve(folder, path));
  return { paths, mustExist: env !== undefined };
}

// -- Its settings ----------------------------------------------------------------------------

interface From {
  readonly name: string;
  readonly folder: string;
  /** By their own names. */
  readonly types: readonly ProcessType[];
}

/** What is said of the app as a whole holds where it runs by itself. */
function seenFromOutside({ values, placeOf }: SettingsFile, from: From): SettingsFile {
  const { name } = from;
  const own = new Map([
    ...from.types.map((type) => [type.name, {}] as const),
    ...(values.types ?? []),
  ]);
  const types = new Map(
    [...own].map(([type, settings]) => [
      qualify(name, type),
      settingsFromOutside(settings, values.shell, from),
    ]),
  );
  const prefix = qualify(name, "");
  const ownName = (text: string) => (text.startsWith(prefix) ? text.slice(prefix.length) : text);
  return {
    values: { types, formation: formationFromOutside(values.formation, from) },
    placeOf: (path) => placeOf(path.map(ownName)),
  };
}

function settingsFromOutside(
  settings: TypeSettings,
  shell: string | undefined,
  { name, folder }: From,
): TypeSettings {
  const { cwd = ".", env_file: envFiles, depends_on: dependsOn, watch } = settings;
  const within = (path: string) => resolve(folder, path);
  const globWithin = (glob: string) => join(escapeGlob(folder), glob);
  return {
    ...(shell !== undefined && { shell }),
    ...settings,
    cwd: within(cwd),
    ...(envFiles && { env_file: envFiles.map(within) }),
    ...(dependsOn && {
      depends_on: new Map([...dependsOn].map(([type, rule]) => [qualify(name, type), rule])),
    }),
    ...(watch && {
      watch: {
        ...watch,
        ...(watch.paths && { paths: watch.paths.map(globWithin) }),
        ...(watch.ignore && { ignore: watch.ignore.map(globWithin) }),
      },
    }),
  };
}

function escapeGlob(folder: string): string {
  return folder.replace(/[\\*?()[\]{}!+@]/g, "\\$&");
}

/** Its `all` stands for its own types only. */
function formationFromOutside(
  formation: AppSettings["formation"],
  { name, types }: From,
): ReadonlyMap<string, number> {
  const all = formation?.get("all");
  const startable = types.map((type) => type.name).filter((type) => !isRelease(type));
  const counts = new Map(all === undefined ? [] : startable.map((type) => [type, all] as const));
  for (const [type, count] of formation ?? []) if (type !== "all") counts.set(type, count);
  return new Map([...counts].map(([type, count]) => [qualify(name, type), count]));
}

// -- Both together ---------------------------------------------------------------------------

function merge(outer: SettingsFile, { name, file }: Include): SettingsFile {
  const { types = new Map<string, TypeSettings>() } = outer.values;
  const merged = [...(file.values.types ?? [])].map(([type, inner]) => {
    const own = types.get(type) ?? {};
    const env = inner.env && own.env ? { env: new Map([...inner.env, ...own.env]) } : {};
    return [type, { ...inner, ...own, ...env }] as const;
  });
  return {
    values: {
      ...outer.values,
      types: new Map([...types, ...merged]),
      formation: new Map([...(file.values.formation ?? []), ...(outer.values.formation ?? [])]),
    },
    placeOf(path) {
      const [, type = ""] = path;
      const isInner = type.startsWith(qualify(name, "")) && !isSaid(outer.values, path);
      return isInner ? file.placeOf(path) : outer.placeOf(path);
    },
  };
}

/** Whether the setting stands there. */
function isSaid(values: AppSettings, [section, type = "", setting]: readonly string[]): boolean {
  if (section === "formation") return values.formation?.has(type) ?? false;
  const own = values.types?.get(type);
  return own !== undefined && (setting === undefined || Object.hasOwn(own, setting));
}
