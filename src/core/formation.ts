/**
 * How many instances of each process type run: reads `web=2,worker=1,all=1` and what `start` was
 * given, and answers with a count for every type of the Procfile.
 */
import { type Diagnostic, type Result, resultOf } from "./diagnostic.ts";
import { findNearest } from "./nearest.ts";
import { quote } from "./text-file.ts";
import { isRelease, releaseType } from "./type-name.ts";

/** Every process type that `start` may run, in the order of the Procfile. */
export type Formation = ReadonlyMap<string, number>;

/** A word that asked for something, and where it stood: `--formation`, `.foreman:3`, `start`. */
export interface Asked {
  readonly text: string;
  readonly source: string;
}

export interface FormationRequest {
  /** `web` or `web=2`, each. Not empty: what is not named does not run. */
  readonly types: readonly string[];
  /** `web=2,worker=1,all=1`. As in Foreman, what it does not name does not run, unless by `all`. */
  readonly formation?: Asked | undefined;
  readonly except?: Asked | undefined;
  /** The release is started, too, once. */
  readonly release?: boolean;
  /** What procman.yml says, where nothing else does. */
  readonly usual?: Formation | undefined;
}

export function chooseFormation(
  typeNames: readonly string[],
  request: FormationRequest,
): Result<Formation> {
  const problems: Diagnostic[] = [];
  const formation = countTypes(typeNames, request, problems);
  return resultOf(formation, problems);
}

/** How many of a type that was not there when this was asked for. */
export function quantityOfLater(typeName: string, request: FormationRequest): number {
  // What was asked for by name is another type: the complaints about that are not for now.
  return countTypes([typeName], request, []).get(typeName) ?? 0;
}

function countTypes(
  typeNames: readonly string[],
  request: FormationRequest,
  problems: Diagnostic[],
): Formation {
  const known = typeNames.filter((name) => !isRelease(name));
  const counts = request.formation
    ? readCounts(request.formation.text.split(","), request.formation.source, problems)
    : new Map([["all", 1], ...(request.usual ?? [])]);
  if (request.formation) checkNames(counts, [...known, "all"], request.formation.source, problems);
  const asked = readCounts(request.types, "start", problems, (name) => counts.get(name));
  checkNames(asked, known, "start", problems);
  // To leave out what is never started anyway is no mistake.
  const left = words(request.except).filter((name) => !isRelease(name));
  const except = new Map(left.map((name) => [name, 0]));
  checkNames(except, known, request.except?.source ?? "", problems);

  const everyType = counts.get("all") ?? 0;
  const formation = new Map<string, number>();
  for (const name of known) {
    const count = asked.size > 0 ? (asked.get(name) ?? 0) : (counts.get(name) ?? everyType);
    formation.set(name, except.has(name) ? 0 : count);
  }
  if (request.release) startRelease(typeNames, formation, problems);
  return formation;
}

function startRelease(
  typeNames: readonly string[],
  formation: Map<string, number>,
  problems: Diagnostic[],
): void {
  const releases = typeNames.filter(isRelease);
  for (const name of releases) formation.set(name, 1);
  if (releases.length > 0) return;
  problems.push({
    severity: "error",
    file: "--release",
    message: `no process type "${releaseType}" in the Procfile`,
    hint: `add one, as in ${releaseType}: rake db:migrate`,
  });
}

/** Names of process types in a list such as `--quiet` has, each of which must be known. */
export function readTypeNames(
  typeNames: readonly string[],
  asked: Asked | undefined,
): Result<readonly string[]> {
  const problems: Diagnostic[] = [];
  const names = words(asked);
  checkNames(new Map(names.map((name) => [name, 0])), typeNames, asked?.source ?? "", problems);
  return resultOf(names, problems);
}

function words(asked: Asked | undefined): readonly string[] {
  return (asked?.text ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** A name alone means 1, or what `countOf` says. */
function readCounts(
  pairs: readonly string[],
  source: string,
  problems: Diagnostic[],
  countOf?: (name: string) => number | undefined,
): Map<string, number> {
  const counts = new Map<string, number>();
  const complain = (message: string, hint: string) =>
    problems.push({ severity: "error", file: source, message, hint });
  for (const pair of pairs) {
    const [name = "", amount, ...rest] = pair.split("=").map((part) => part.trim());
    if (name === "" && amount === undefined && pairs.length > 1) continue;
    const count = amount === undefined && countOf ? (countOf(name) ?? 1) : readCount(amount ?? "");
    if (count === undefined || rest.length > 0 || name === "") {
      complain(`${quote(pair.trim())} is not TYPE=N`, "N is a whole number from 0, as in web=2");
    } else if (counts.has(name)) {
      complain(`${quote(name)} is given twice`, "name each process type once");
    } else {
      counts.set(name, count);
    }
  }
  return counts;
}

function readCount(text: string): number | undefined {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

function checkNames(
  counts: ReadonlyMap<string, number>,
  known: readonly string[],
  source: string,
  problems: Diagnostic[],
): void {
  for (const name of counts.keys()) {
    if (!known.includes(name)) problems.push(explainUnknownType(name, known, source));
  }
}

export function explainUnknownType(
  name: string,
  known: readonly string[],
  source: string,
): Diagnostic {
  if (isRelease(name)) {
    return {
      severity: "error",
      file: source,
      message: `${quote(name)} is not started with the app`,
      hint: `run it by itself: procman run ${name}; or before all else: procman start --release`,
    };
  }
  const nearest = findNearest(name, known);
  return {
    severity: "error",
    file: source,
    message: `no process type ${quote(name)} in the Procfile`,
    hint: nearest ? `did you mean "${nearest}"?` : `it has ${known.join(", ") || "none"}`,
  };
}
