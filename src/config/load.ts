/**
 * Finds and reads what an app is made of, and answers with all of it or with every mistake that
 * is in it. Starts nothing, prints nothing.
 */
import { basename, join, resolve } from "node:path";
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
import { type ProcessType, parseProcfile } from "../core/procfile.ts";
import {
  type Given,
  type GivenSettings,
  readPortNumber,
  readSelection,
  readSettings,
  type Selection,
  type Settings,
} from "../core/settings.ts";
import { type EnvFiles, isMissing, readEnvFiles, showPath, unreadable } from "./env-files.ts";
import { createFilesInTime, type Files, filesAtOnce } from "./files.ts";
import type { FileOptions } from "./options-file.ts";
import { procfileName, type Root, type RootRequest, readRoot } from "./root.ts";

/** What the command line says. */
export interface LoadRequest extends RootRequest {
  readonly app?: string | undefined;
  /** `--env`; `none` for `--no-env`. */
  readonly env?: readonly string[] | "none" | undefined;
  readonly filesWin: boolean;
  readonly expand: boolean;
  readonly settings: GivenSettings;
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
  readonly settings: Settings;
  readonly basePort: number;
  readonly formation: Formation;
  readonly specs: readonly InstanceSpec[];
  /** Process types whose output is not shown. */
  readonly quiet: readonly string[];
  readonly layers: EnvironmentLayers;
  /** Reads the files anew. */
  readonly readLayers: () => Promise<Result<EnvironmentLayers>>;
  /** Reads the Procfile anew. */
  readonly readTypes: () => Promise<Result<FreshTypes>>;
  /** What was taken for granted and a person should know. */
  readonly notes: readonly string[];
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
  const givenSettings = { ...options.settings, ...given(request.settings) };
  const settings = collect(readSettings(givenSettings));

  const envFiles = chooseEnvFiles(request, options, root, filesWin);
  const { builtIn, shell } = request;
  const others = { builtIn, shell, filesWin };
  const layers = collect(withLayers(await readEnvFiles(envFiles, filesAtOnce), others));
  const disk = createFilesInTime();
  const readLayers = async () => withLayers(await readEnvFiles(envFiles, disk), others);
  const environment = layers ? mergeLayers(layers) : request.shell;

  const search = { ...request, options, folder: root, environment };
  const read = await readProcessTypes(search, filesAtOnce);
  // An invalid .env file may be the one that names the Procfile.
  const types = layers || !read.isMissing ? collect(read.types) : undefined;
  const basePort = collect(chooseBasePort(settings, environment));
  const wanted = { ...readSelection(givenSettings), types: request.types };
  const readTypes = async () => freshTypes(await readProcessTypes(search, disk), wanted);
  const plan = types && collect(planApp(types, wanted, basePort ?? defaultPort, read.file));
  if (!(layers && types && settings && basePort && plan)) {
    return { ok: false, diagnostics: problems };
  }
  const name = request.app ?? String(options.app?.value ?? basename(root));
  const notes = read.note === undefined ? [] : [read.note];
  const files = { types, layers, readLayers, readTypes };
  return resultOf({ name, root, settings, basePort, notes, ...files, ...plan }, problems);
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
  const formation = chooseFormation(names, wanted);
  const ports = firstPorts(types, basePort);
  const specs = formation.ok ? planInstances(types, formation.value, ports) : formation;
  const clashes = warnOfClashes(ports, file);
  const problems = [...clashes, ...quiet.diagnostics, ...specs.diagnostics];
  if (!(quiet.ok && formation.ok && specs.ok)) return { ok: false, diagnostics: problems };
  const plan = { quiet: quiet.value, formation: formation.value, specs: specs.value };
  return resultOf(plan, problems);
}

function given(settings: GivenSettings): GivenSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

// -- The environment -------------------------------------------------------------------------

function chooseEnvFiles(
  request: LoadRequest,
  options: FileOptions,
  root: string,
  filesWin: boolean,
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

function chooseBasePort(settings: Settings | undefined, environment: Environment): Result<number> {
  if (typeof settings?.port === "number")
    return { ok: true, value: settings.port, diagnostics: [] };
  const text = environment.get("PORT") ?? "";
  const port = text === "" ? defaultPort : readPortNumber(text);
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

// -- The process types -----------------------------------------------------------------------

interface ReadTypes {
  readonly types: Result<readonly ProcessType[]>;
  readonly file: string;
  /** There is no Procfile, and nothing that names another one. */
  readonly isMissing: boolean;
  readonly note?: string;
}

/** Where a Procfile is looked for. */
interface ProcfileSearch extends RootRequest {
  readonly options: FileOptions;
  /** Found or chosen. */
  readonly folder: string;
  readonly environment: Environment;
}

async function readProcessTypes(search: ProcfileSearch, disk: Files): Promise<ReadTypes> {
  const { cwd, procfile, options, folder, environment } = search;
  const named = options.procfile?.value || environment.get("PROCFILE") || undefined;
  const path = procfile ? resolve(cwd, procfile) : resolve(folder, String(named ?? procfileName));
  const file = showPath(cwd, path);
  try {
    const types = parseProcfile(await disk.read(path), file);
    return { types, file, isMissing: false };
  } catch (error) {
    const isDefault = procfile === undefined && named === undefined;
    if (isDefault && isMissing(error)) return withoutProcfile(search, file, disk);
    const types = { ok: false, diagnostics: [unreadable(file, error)] } as const;
    return { types, file, isMissing: false };
  }
}

function freshTypes({ types }: ReadTypes, wanted: FormationRequest): Result<FreshTypes> {
  if (!types.ok) return types;
  const quantityOf = (type: string) => quantityOfLater(type, wanted);
  return { ...types, value: { types: types.value, quantityOf } };
}

/** Heroku's rule: a package with a start script is a web process. */
async function withoutProcfile(
  { cwd, root: chosenRoot, folder }: ProcfileSearch,
  file: string,
  disk: Files,
): Promise<ReadTypes> {
  const names = await disk.namesIn(folder);
  const fail = (message: string, hint: string): ReadTypes => ({
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
