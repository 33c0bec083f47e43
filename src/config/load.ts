/**
 * Finds and reads what an app is made of, and answers with all of it or with every mistake that
 * is in it. Starts nothing, prints nothing.
 */
import { basename, join, resolve } from "node:path";
import { boundQuantity } from "../core/autoscale.ts";
import type { FreshTypes } from "../core/desired.ts";
import { type Diagnostic, type Result, resultOf } from "../core/diagnostic.ts";
import {
  type Environment,
  type EnvironmentLayers,
  findPortVariableClashes,
  mergeLayers,
  portVariable,
} from "../core/environment.ts";
import {
  chooseFormation,
  type Formation,
  type FormationRequest,
  quantityOfLater,
  readTypeNames,
} from "../core/formation.ts";
import { defaultPort, firstPorts, type InstanceSpec, planInstances } from "../core/plan.ts";
import type { ProcessType } from "../core/procfile.ts";
import {
  type GivenRouter,
  type RouterSettings,
  readRouterSettings,
} from "../core/router-settings.ts";
import {
  type Given,
  type GivenSettings,
  readPortNumber,
  readSelection,
  readSettings,
  type Selection,
  type Settings,
} from "../core/settings.ts";
import type { AppSettings, ColourName } from "../core/settings-schema.ts";
import { keyOfFiles, type TypeFiles, typeFilesOf } from "../core/type-files.ts";
import { type AppTypes, readAppTypes } from "./app-types.ts";
import { type EnvFiles, readEnvFiles } from "./env-files.ts";
import { createFilesInTime, filesAtOnce } from "./files.ts";
import type { FileOptions } from "./options-file.ts";
import { noSettings, readSettingsFile } from "./read-settings.ts";
import { type Root, type RootRequest, readRoot, settingsFileName } from "./root.ts";
import type { SettingsFile } from "./settings-file.ts";

/** What the command line says. */
export interface LoadRequest extends RootRequest {
  readonly app?: string | undefined;
  /** `--env`; `none` for `--no-env`. */
  readonly env?: readonly string[] | "none" | undefined;
  readonly filesWin: boolean;
  readonly expand: boolean;
  readonly settings: GivenSettings;
  readonly router: GivenRouter;
  /** `web`, `worker=2`. */
  readonly types: readonly string[];
  readonly shell: Environment;
  readonly builtIn: Environment;
}

export interface App {
  readonly name: string;
  /** Absolute. */
  readonly root: string;
  readonly types: readonly ProcessType[];
  /** Of the files that it is made of, absolute, whether they are there or not. */
  readonly paths: readonly string[];
  readonly settings: Settings;
  readonly basePort: number;
  /** Undefined where nobody wants one. */
  readonly router: RouterSettings | undefined;
  readonly formation: Formation;
  readonly specs: readonly InstanceSpec[];
  /** Process types whose output is not shown. */
  readonly quiet: readonly string[];
  /** Those that have one of their own. */
  readonly colours: ReadonlyMap<string, ColourName>;
  /** For what is no process type; undefined for the system's. */
  readonly shell: string | undefined;
  /** Whether each process is told its name as `DYNO`, too. */
  readonly isDyno: boolean;
  readonly logSize: LogSize;
  readonly layers: EnvironmentLayers;
  /** Reads the files anew. */
  readonly readLayers: () => Promise<Result<EnvironmentLayers>>;
  /** Reads files that only some types have. */
  readonly readTypeFiles: (files: TypeFiles) => Promise<Result<Environment>>;
  /** Reads the Procfile and procman.yml anew. */
  readonly readTypes: () => Promise<Result<FreshApp>>;
  /** What was taken for granted and a person should know. */
  readonly notes: readonly string[];
}

export interface FreshApp extends FreshTypes {
  readonly paths: readonly string[];
}

/** Undefined where nothing is said. */
export interface LogSize {
  /** Of a file. */
  readonly segmentBytes: number | undefined;
  /** How many files. */
  readonly segments: number | undefined;
}

/** `found` spares the search for the app's folder, where that has been done. */
export async function loadApp(request: LoadRequest, found?: Root): Promise<Result<App>> {
  const problems: Diagnostic[] = [];
  const collect = <T>(result: Result<T>): T | undefined => {
    problems.push(...result.diagnostics);
    return result.ok ? result.value : undefined;
  };
  const { root, options, diagnostics } = found ?? (await readRoot(request));
  problems.push(...diagnostics);
  const filesWin = request.filesWin || options.filesWin;
  const settingsPath = { cwd: request.cwd, path: join(root, settingsFileName) };
  const settingsFile = collect(await readSettingsFile(settingsPath, filesAtOnce));
  const { values } = settingsFile ?? noSettings;
  const givenSettings = {
    ...givenBy(settingsFile ?? noSettings),
    ...options.settings,
    ...given(request.settings),
  };
  const settings = collect(readSettings(givenSettings));

  const envFiles = chooseEnvFiles(request, { options, values, root, filesWin });
  const { builtIn, shell } = request;
  const others = { builtIn, shell, filesWin };
  const layers = collect(withLayers(await readEnvFiles(envFiles, filesAtOnce), others));
  const disk = createFilesInTime();
  const readLayers = async () => withLayers(await readEnvFiles(envFiles, disk), others);
  const environment = layers ? mergeLayers(layers) : request.shell;

  const hasEnv = request.env ? request.env !== "none" : options.env?.value !== false;
  const search = { ...request, options, folder: root, environment, hasEnv };
  const selection = { ...readSelection(givenSettings), types: request.types };
  const read = await readAppTypes(search, settingsFile, selection, filesAtOnce);
  // An invalid .env file may be the one that names the Procfile.
  const types = layers || !read.isMissing ? collect(read.types) : undefined;
  const readTypeFiles = ({ paths, mustExist }: TypeFiles) =>
    readEnvFiles({ ...envFiles, paths, mustExist }, disk);
  problems.push(...(await findFileProblems(types ?? [], readTypeFiles)));
  const basePort = collect(chooseBasePort(settings, environment, values.port));
  const router = collect(readRouterSettings(request.router, values.router));
  const wanted = { ...selection, usual: read.values.formation };
  const pathsOf = (read: AppTypes) => {
    const own = read.types.ok ? read.types.value.flatMap(typeFilesOf) : [];
    const files = [envFiles, ...own].flatMap(({ paths }) => paths);
    return [...new Set([settingsPath.path, ...read.paths, ...files])];
  };
  const readTypes = async () => {
    const file = await readSettingsFile(settingsPath, disk);
    const fresh = await readAppTypes(search, file.ok ? file.value : undefined, selection, disk);
    return freshTypesOf(fresh, file, { paths: pathsOf(fresh), selection });
  };
  const plan = types && collect(planApp(types, wanted, basePort ?? defaultPort, read.file));
  if (!(layers && types && settings && basePort && plan)) {
    return { ok: false, diagnostics: problems };
  }
  const name = request.app ?? String(options.app?.value ?? values.name ?? basename(root));
  const { notes } = read;
  const files = { types, paths: pathsOf(read), layers, readLayers, readTypes, readTypeFiles };
  const looks = looksOf(read.values, plan.quiet);
  const own = { name, root, settings, basePort, router, notes };
  return resultOf({ ...own, ...files, ...plan, ...looks }, problems);
}

/** `file` is the app's procman.yml, read anew like all else. */
function freshTypesOf(
  { types, values }: AppTypes,
  file: Result<SettingsFile>,
  { paths, selection }: Pick<App, "paths"> & { readonly selection: Selection & FormationRequest },
): Result<FreshApp> {
  const diagnostics = [...types.diagnostics, ...file.diagnostics];
  if (!(types.ok && file.ok)) return { ok: false, diagnostics };
  const wanted = { ...selection, usual: values.formation };
  const ruleOf = (name: string) => types.value.find((type) => type.name === name)?.autoscale;
  const quantityOf = (type: string) => boundQuantity(ruleOf(type), quantityOfLater(type, wanted));
  return resultOf({ types: types.value, paths, quantityOf }, diagnostics);
}

/** Of the files that types have of their own. */
async function findFileProblems(
  types: readonly ProcessType[],
  read: App["readTypeFiles"],
): Promise<readonly Diagnostic[]> {
  // Many types may have the same.
  const lists = new Map(types.flatMap(typeFilesOf).map((files) => [keyOfFiles(files), files]));
  const all = await Promise.all([...lists.values()].map(read));
  return all.flatMap(({ diagnostics }) => diagnostics);
}

/** What of it flags can say too. */
function givenBy({ values, placeOf }: SettingsFile): GivenSettings {
  const { timestamps, log } = values;
  const from = <T>(path: readonly string[], value: T) => {
    const { file, line } = placeOf(path);
    return { value, source: line === undefined ? file : `${file}:${line}` };
  };
  return {
    ...(timestamps && { timestamps: from(["timestamps"], timestamps) }),
    ...(log?.keep !== undefined && { log: from(["log"], log.keep) }),
  };
}

function looksOf(
  { dyno = false, log, shell, types }: AppSettings,
  quiet: readonly string[],
): Pick<App, "isDyno" | "shell" | "logSize" | "colours" | "quiet"> {
  const own = [...(types ?? [])];
  return {
    isDyno: dyno,
    shell,
    logSize: { segmentBytes: log?.size, segments: log?.files },
    colours: new Map(own.flatMap(([name, { color }]) => (color ? [[name, color] as const] : []))),
    quiet: [...quiet, ...own.filter(([, settings]) => settings.quiet).map(([name]) => name)],
  };
}

/** What follows from the files and the command line, once all of them can be read. */
function planApp(
  types: readonly ProcessType[],
  wanted: Selection & FormationRequest,
  basePort: number,
  file: string,
): Result<Pick<App, "formation" | "specs" | "quiet">> {
  const names = types.map(({ name }) => name);
  const quiet = readTypeNames(names, wanted.quiet);
  const formation = withinBounds(types, chooseFormation(names, wanted));
  const ports = firstPorts(types, basePort);
  const specs = formation.ok ? planInstances(types, formation.value, ports) : formation;
  const clashes = warnOfClashes(ports, file);
  const problems = [...clashes, ...quiet.diagnostics, ...specs.diagnostics];
  if (!(quiet.ok && formation.ok && specs.ok)) return { ok: false, diagnostics: problems };
  const plan = { quiet: quiet.value, formation: formation.value, specs: specs.value };
  return resultOf(plan, problems);
}

/** Who is scaled by a number begins between its bounds. */
function withinBounds(
  types: readonly ProcessType[],
  formation: Result<Formation>,
): Result<Formation> {
  if (!formation.ok) return formation;
  const counts = [...formation.value].map(([name, count]) => {
    const rule = types.find((type) => type.name === name)?.autoscale;
    return [name, boundQuantity(rule, count)] as const;
  });
  return { ...formation, value: new Map(counts) };
}

function given(settings: GivenSettings): GivenSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

// -- The environment -------------------------------------------------------------------------

interface FoundSettings {
  readonly options: FileOptions;
  readonly values: AppSettings;
  readonly root: string;
  readonly filesWin: boolean;
}

function chooseEnvFiles(
  request: LoadRequest,
  { options, values, root, filesWin }: FoundSettings,
): EnvFiles {
  const { cwd, shell } = request;
  const expand = request.expand || options.expand ? { shell, filesWin } : undefined;
  const files = (from: string, paths: readonly string[], mustExist: boolean): EnvFiles => ({
    paths: paths.map((path) => resolve(from, path)),
    mustExist,
    cwd,
    expand,
  });
  if (request.env === "none") return files(cwd, [], true);
  if (request.env) return files(cwd, request.env, true);
  if (options.env?.value === false) return files(root, [], true);
  if (options.env) return files(root, splitPaths(options.env), true);
  if (values.env) return files(root, values.env, true);
  return files(root, [".env"], false);
}

function splitPaths({ value }: Given): readonly string[] {
  return String(value)
    .split(",")
    .map((path) => path.trim())
    .filter((path) => path !== "");
}

function withLayers(
  files: Result<Environment>,
  { builtIn, shell, filesWin }: Omit<EnvironmentLayers, "files">,
): Result<EnvironmentLayers> {
  return files.ok ? { ...files, value: { builtIn, files: files.value, shell, filesWin } } : files;
}

function chooseBasePort(
  settings: Settings | undefined,
  environment: Environment,
  usual = defaultPort,
): Result<number> {
  if (typeof settings?.port === "number")
    return { ok: true, value: settings.port, diagnostics: [] };
  const text = environment.get("PORT") ?? "";
  const port = text === "" ? usual : readPortNumber(text);
  if (port !== undefined) return { ok: true, value: port, diagnostics: [] };
  const message = "PORT is not a port from 1 to 65535";
  const hint = "mend it in the shell or the .env file, or give --port";
  return { ok: false, diagnostics: [{ severity: "error", file: "environment", message, hint }] };
}

function warnOfClashes(ports: ReadonlyMap<string, number>, file: string): readonly Diagnostic[] {
  return findPortVariableClashes(ports.keys()).map((group) => ({
    severity: "warning",
    file,
    message: `${group.join(" and ")} share the variable ${portVariable(group[0] ?? "")}`,
    hint: `it holds the port of ${group[0]}`,
  }));
}
