/**
 * What is wrong with something a person wrote, and where. A mistake is a value: it is collected
 * with its siblings and shown with them, never thrown.
 */

export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** The file as the person would name it, or what else was read: `--formation`, `environment`. */
  readonly file: string;
  /** From 1. Absent where the mistake is not on a line. */
  readonly line?: number;
  /** From 1, in characters. Only with a line. */
  readonly column?: number;
  /** What happened, to what. No final stop. */
  readonly message: string;
  /** What to do now. */
  readonly hint?: string;
}

/** `diagnostics` holds only warnings when `ok`, and at least one error when not. */
export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** `value` when nothing among `diagnostics` is an error. */
export function resultOf<T>(value: T, diagnostics: readonly Diagnostic[]): Result<T> {
  return diagnostics.some(isError) ? { ok: false, diagnostics } : { ok: true, value, diagnostics };
}

export function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === "error";
}

/** Nobody reads more of a kind; the rest is counted. */
const maxShown = 50;

export interface Findings {
  /** `describe` is called only if there is room to show it: a million bad lines must stay cheap. */
  readonly add: (
    severity: Diagnostic["severity"],
    describe: () => Omit<Diagnostic, "severity">,
  ) => void;
  readonly all: () => readonly Diagnostic[];
}

/** Keeps the first fifty errors and the first fifty warnings, and says how many more there are. */
export function collectFindings(): Findings {
  const shown: Diagnostic[] = [];
  const found = { warning: 0, error: 0 };
  const countHidden = (severity: Diagnostic["severity"]): readonly Diagnostic[] => {
    const hidden = found[severity] - maxShown;
    const file = shown.at(-1)?.file;
    if (file === undefined || hidden <= 0) return [];
    return [{ severity, file, message: `and ${hidden} more ${severity}${hidden > 1 ? "s" : ""}` }];
  };
  return {
    add: (severity, describe) => {
      found[severity] += 1;
      if (found[severity] <= maxShown) shown.push({ severity, ...describe() });
    },
    all: () => [...shown, ...countHidden("warning"), ...countHidden("error")],
  };
}

/** One line: `Procfile:3:1: error: message; hint`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return `${describePlace(diagnostic)}: ${diagnostic.severity}: ${describeProblem(diagnostic)}`;
}

/** `Procfile:3:1`, or as much of it as is known. */
export function describePlace({ file, line, column }: Diagnostic): string {
  return [file, line, column].filter((part) => part !== undefined).join(":");
}

/** `message; hint` */
export function describeProblem({ message, hint }: Diagnostic): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}
