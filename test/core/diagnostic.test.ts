import { describe, expect, it, vi } from "vitest";
import {
  collectFindings,
  type Diagnostic,
  formatDiagnostic,
  isError,
  resultOf,
} from "../../src/core/diagnostic.ts";

const error: Diagnostic = { severity: "error", file: "Procfile", message: "no colon" };
const warning: Diagnostic = { severity: "warning", file: ".env", message: "odd" };

describe("formatDiagnostic", () => {
  it.each<[name: string, diagnostic: Diagnostic, text: string]>([
    ["a file", error, "Procfile: error: no colon"],
    ["a line", { ...error, line: 3 }, "Procfile:3: error: no colon"],
    ["a column", { ...error, line: 3, column: 14 }, "Procfile:3:14: error: no colon"],
    ["a warning", warning, ".env: warning: odd"],
    [
      "a hint",
      { ...error, line: 3, column: 1, hint: "write web: x" },
      "Procfile:3:1: error: no colon; write web: x",
    ],
  ])("%s", (_, diagnostic, text) => {
    expect(formatDiagnostic(diagnostic)).toBe(text);
  });
});

describe("resultOf", () => {
  it.each<[name: string, diagnostics: readonly Diagnostic[], ok: boolean]>([
    ["nothing to say", [], true],
    ["a warning", [warning], true],
    ["an error", [error], false],
    ["an error among warnings", [warning, error, warning], false],
  ])("%s", (_, diagnostics, ok) => {
    expect(resultOf("value", diagnostics)).toEqual(
      ok ? { ok, value: "value", diagnostics } : { ok, diagnostics },
    );
    expect(diagnostics.some(isError)).toBe(!ok);
  });
});

describe("collectFindings", () => {
  it.each<[name: string, errors: number, warnings: number, counts: readonly string[]]>([
    ["nothing", 0, 0, []],
    ["as many as are shown", 50, 50, []],
    ["an error more", 51, 0, ["Procfile: error: and 1 more error"]],
    ["errors more", 52, 50, ["Procfile: error: and 2 more errors"]],
    ["a warning more", 0, 51, ["Procfile: warning: and 1 more warning"]],
    [
      "many",
      1_050,
      2_050,
      ["Procfile: warning: and 2000 more warnings", "Procfile: error: and 1000 more errors"],
    ],
  ])("shows fifty of each, and counts the rest: %s", (_, errors, warnings, counts) => {
    const { add, all } = collectFindings();
    const describeOne = vi.fn((message: string) => ({ file: "Procfile", message }));
    for (let count = 0; count < errors; count += 1) add("error", () => describeOne("no colon"));
    for (let count = 0; count < warnings; count += 1) add("warning", () => describeOne("odd"));
    const shown = Math.min(50, errors) + Math.min(50, warnings);
    expect(all().slice(shown).map(formatDiagnostic)).toEqual(counts);
    expect(describeOne).toHaveBeenCalledTimes(shown);
  });
});
