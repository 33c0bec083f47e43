/**
 * What an instance's environment is made of, and in which order: built-in values, the .env files,
 * the shell procman was started from, and last what procman itself sets.
 */
export type Environment = ReadonlyMap<string, string>;

/** What is set where nobody else sets it. `isColourShown`: on a terminal that shows colours. */
export function builtInVariables(isColourShown: boolean): Environment {
  // Python holds its output back in a pipe, where nobody would see it until it is full.
  const variables = new Map([["PYTHONUNBUFFERED", "1"]]);
  if (isColourShown) variables.set("FORCE_COLOR", "1").set("CLICOLOR_FORCE", "1");
  return variables;
}

export interface EnvironmentLayers {
  readonly builtIn: Environment;
  /** The .env files, merged. */
  readonly files: Environment;
  readonly shell: Environment;
  /** `--env-override`: the files beat the shell, as in Foreman. */
  readonly filesWin: boolean;
}

export function mergeLayers({ builtIn, files, shell, filesWin }: EnvironmentLayers): Environment {
  const [below, above] = filesWin ? [shell, files] : [files, shell];
  return new Map([...builtIn, ...below, ...above]);
}

/** The keys that a file sets and the shell sets otherwise: the file's value is not used. */
export function findOverridden({ files, shell, filesWin }: EnvironmentLayers): readonly string[] {
  if (filesWin) return [];
  return [...files.keys()].filter((key) => shell.has(key) && shell.get(key) !== files.get(key));
}

/** What every process of the app gets: its name, and the first port of each type. */
export function appVariables(app: string, firstPorts: ReadonlyMap<string, number>): Environment {
  const variables = new Map([["PROCMAN_APP", app]]);
  for (const [type, port] of firstPorts) {
    const key = portVariable(type);
    if (!variables.has(key)) variables.set(key, String(port));
  }
  return variables;
}

/** `PROCMAN_PORT_WEB`: upper case, and `_` for what a variable's name may not have. */
export function portVariable(type: string): string {
  return `PROCMAN_PORT_${type.toUpperCase().replace(/[-:]/g, "_")}`;
}

/** Groups of types that would share one variable; the first of each group has it. */
export function findPortVariableClashes(types: Iterable<string>): readonly (readonly string[])[] {
  const byVariable = new Map<string, string[]>();
  for (const type of types) {
    const key = portVariable(type);
    byVariable.set(key, [...(byVariable.get(key) ?? []), type]);
  }
  return [...byVariable.values()].filter((group) => group.length > 1);
}

/** The two marks by which procman finds its own. */
export interface Marks {
  /** This supervisor. */
  readonly id: string;
  /** This run of this process. */
  readonly run: string;
}

export const idVariable = "PROCMAN_ID";
export const runVariable = "PROCMAN_RUN";

/** The marks of the procmans around this one, with blanks between and around them. */
export const outerVariable = "PROCMAN_OUTER";

/** Kept beside our own, so that who started us still finds what we leave behind. */
export function outerMarks(shell: Environment): Environment {
  const marks = [outerVariable, idVariable, runVariable]
    .map((name) => shell.get(name)?.trim() ?? "")
    .filter((mark) => mark !== "");
  return new Map(marks.length > 0 ? [[outerVariable, ` ${marks.join(" ")} `]] : []);
}

interface Named {
  readonly name: string;
  readonly port: number | undefined;
}

export function instanceVariables({ name, port }: Named, marks: Marks): Environment {
  const variables = new Map([
    ["PS", name],
    [idVariable, marks.id],
    [runVariable, marks.run],
  ]);
  return port === undefined ? variables : variables.set("PORT", String(port));
}
