/**
 * Why sh could not run a command: which program is not there or may not be run, and what was
 * probably meant. Looks on disk, so that it is only asked when sh has said so.
 */
import type { Dirent, Stats } from "node:fs";
import { access, constants, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { findNearest } from "../core/nearest.ts";
import { findPrograms } from "./programs.ts";
import { quoteWord } from "./shell.ts";

export interface CommandPlace {
  readonly command: string;
  readonly cwd: string;
  /** Its own `PATH`. */
  readonly path: string | undefined;
}

const localBin = "node_modules/.bin";
const systemPath = "/usr/local/bin:/usr/bin:/bin";

/** 127 and 126 are what sh says. Undefined when the command line does not tell. */
export async function explainCommand(
  code: 126 | 127,
  { command, cwd, path = systemPath }: CommandPlace,
): Promise<string | undefined> {
  const folders = path.split(":").map((folder) => resolve(cwd, folder));
  for (const program of findPrograms(command)) {
    const file = await findFile(program, cwd, folders);
    const problem =
      code === 127
        ? await explainMissing(program, file, cwd, folders)
        : file && (await explainUnusable(program, file, folders, cwd));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

interface Found {
  readonly path: string;
  readonly stats: Stats;
}

/** As sh looks for it: what may be run comes before what may not. */
async function findFile(
  program: string,
  cwd: string,
  folders: readonly string[],
): Promise<Found | undefined> {
  const paths = program.includes("/")
    ? [resolve(cwd, program)]
    : folders.map((folder) => join(folder, program));
  let unusable: Found | undefined;
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) continue;
    if (stats.isFile() && (await mayBeRun(path))) return { path, stats };
    unusable ??= { path, stats };
  }
  return unusable;
}

function mayBeRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

// -- 127 ---------------------------------------------------------------------------------------

async function explainMissing(
  program: string,
  file: Found | undefined,
  cwd: string,
  folders: readonly string[],
): Promise<string | undefined> {
  if (file === undefined) {
    return `command not found: ${program}${await findHint(program, cwd, folders)}`;
  }
  const interpreter = await readInterpreter(file);
  if (interpreter === undefined) return undefined;
  if (interpreter.endsWith("\r")) {
    return `command not found: the first line of ${program} ends in a carriage return, as on Windows; save it with plain line ends`;
  }
  if ((await findFile(interpreter, cwd, folders)) !== undefined) return undefined;
  const hint = await findHint(interpreter, cwd, folders);
  return `command not found: ${interpreter}, which is to run ${program}${hint}`;
}

async function findHint(program: string, cwd: string, folders: readonly string[]): Promise<string> {
  if (program.includes("/")) {
    const names = await namesIn(dirname(resolve(cwd, program)));
    const nearest = findNearest(basename(program), names);
    return nearest === undefined
      ? ""
      : `; did you mean ${program.slice(0, -basename(program).length)}${nearest}?`;
  }
  if ((await namesIn(join(cwd, localBin))).includes(program)) {
    return `; it is in ${localBin}, which is not on the PATH: write npx ${program}`;
  }
  const nearest = findNearest(program, (await Promise.all(folders.map(namesIn))).flat());
  return nearest === undefined ? "" : `; did you mean ${nearest}?`;
}

/** Those that are no folders. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

/** As long as the kernel takes a first line to be. */
const maxFirstLineBytes = 256;

/** The program that the file's first line names, or undefined when it names none. */
async function readInterpreter({ path, stats }: Found): Promise<string | undefined> {
  if (!stats.isFile()) return undefined;
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxFirstLineBytes));
    const [line = ""] = buffer.toString("latin1", 0, bytesRead).split("\n");
    const [, program = "", argument] = /^#![ \t]*([^ \t]+)(?:[ \t]+([^ \t-]+))?/.exec(line) ?? [];
    if (program === "") return undefined;
    return basename(program) === "env" ? argument : program;
  } finally {
    await file.close();
  }
}

// -- 126 ---------------------------------------------------------------------------------------

async function explainUnusable(
  program: string,
  file: Found,
  folders: readonly string[],
  cwd: string,
): Promise<string | undefined> {
  const is = "command not executable";
  if (file.stats.isDirectory()) return `${is}: ${program} is a folder`;
  if (!(await mayBeRun(file.path))) {
    const shown = program.includes("/") ? program : file.path;
    return `${is}: ${shown}; allow it with: chmod +x ${quoteWord(shown)}`;
  }
  const interpreter = await readInterpreter(file);
  const found = interpreter && (await findFile(interpreter, cwd, folders));
  if (!found || (found.stats.isFile() && (await mayBeRun(found.path)))) return undefined;
  return `${is}: ${interpreter}, which is to run ${program}`;
}
