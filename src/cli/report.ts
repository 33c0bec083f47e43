/** Diagnostics for people, on stderr, one a line. */
import { type Diagnostic, formatDiagnostic } from "../core/diagnostic.ts";

export function reportDiagnostics(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) complain(formatDiagnostic(diagnostic));
}

export function complain(text: string): void {
  process.stderr.write(`procman: ${text}\n`);
}
