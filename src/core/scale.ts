/**
 * Changes of a formation while the app runs: reads `web=2 worker+1 clock-1` and what the API is
 * given, and applies all of it or nothing.
 */
import { collectFindings, type Findings, type Result, resultOf } from "./diagnostic.ts";
import { explainUnknownType, type Formation } from "./formation.ts";
import { quote } from "./text-file.ts";
import { isRelease } from "./type-name.ts";

export interface ScaleChange {
  readonly type: string;
  readonly how: "set" | "add";
  /** Whole; below 0 only to take away. */
  readonly amount: number;
}

/** More digits than this are no count of processes. */
const amountPattern = /^(?:[+-]?[0-9]{1,9})$/;
const wordPattern = /^([A-Za-z0-9_:-]+?)(?:=([0-9]+)(?::[^=:\s]*)?|([+-][0-9]+))$/;

/**
 * Words such as `web=2`, `web+1` or `web-1`. `web=2:local`, with a size as Heroku has it, is
 * `web=2`. A type's name may hold `-` and digits, so `a-1` takes one from `a`.
 */
export function readScaleWords(
  words: readonly string[],
  source: string,
): Result<readonly ScaleChange[]> {
  const findings = collectFindings();
  const changes: ScaleChange[] = [];
  for (const word of words) {
    const [, type, set, add] = wordPattern.exec(word) ?? [];
    const change = type === undefined ? undefined : readChange(type, set ?? add ?? "");
    if (change) {
      changes.push(change);
    } else {
      findings.add("error", () => ({
        file: source,
        message: `${quote(word)} is not TYPE=N, TYPE+N or TYPE-N`,
        hint: "N is a whole number from 0, as in web=2 or worker+1",
      }));
    }
  }
  noteTwice(changes, source, findings);
  return resultOf(changes, findings.all());
}

/** A quantity as the API has it: `3`, `"3"`, `"+1"` or `"-1"`. Undefined when it is none. */
export function readChange(type: string, quantity: unknown): ScaleChange | undefined {
  const text = typeof quantity === "number" ? `${quantity}` : quantity;
  if (typeof text !== "string" || !amountPattern.test(text)) return undefined;
  if (!/^[+-]/.test(text)) return { type, how: "set", amount: Number(text) };
  // A number below 0 is no way to say "one less": only text says that.
  return typeof quantity === "string" ? { type, how: "add", amount: Number(text) } : undefined;
}

/** `formation` as it is after the changes, checked whole. */
export function applyScale(
  formation: Formation,
  changes: readonly ScaleChange[],
  source: string,
): Result<Formation> {
  const findings = collectFindings();
  noteTwice(changes, source, findings);
  const next = new Map(formation);
  const known = [...formation.keys()];
  for (const { type, how, amount } of changes) {
    const now = formation.get(type);
    if (now === undefined) {
      findings.add("error", () => explainUnknownType(type, known, source));
      continue;
    }
    if (isRelease(type)) {
      const message = `"${type}" is run once, and never twice at the same time`;
      findings.add("error", () => ({
        file: source,
        message,
        hint: `procman restart ${type} does`,
      }));
      continue;
    }
    const quantity = how === "set" ? amount : now + amount;
    if (quantity < 0) {
      const message = `${type} is at ${now}, which is less than ${-amount}`;
      const hint = `take away at most ${now}, or say ${type}=0`;
      findings.add("error", () => ({ file: source, message, hint }));
    }
    next.set(type, Math.max(0, quantity));
  }
  return resultOf(next, findings.all());
}

function noteTwice(changes: readonly ScaleChange[], source: string, findings: Findings): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { type } of changes) (seen.has(type) ? twice : seen).add(type);
  const hint = "name each process type once";
  for (const type of twice) {
    const message = `${quote(type)} is given twice`;
    findings.add("error", () => ({ file: source, message, hint }));
  }
}

/** `clock=1 web=2`: sorted by name, ready to be given back. */
export function formatFormation(formation: Formation): string {
  return [...formation]
    .map(([type, quantity]) => `${type}=${quantity}`)
    .sort()
    .join(" ");
}
