/** What is wrong with what the probes of a procman.yml ask for, as far as it can be known before. */
import type { Diagnostic } from "../core/diagnostic.ts";
import { readAddress, readUrl } from "../core/probe.ts";
import { quote } from "../core/text-file.ts";
import type { SettingsFile } from "./settings-file.ts";

type Problem = Pick<Diagnostic, "message" | "hint">;

export function findProbeProblems({
  values: { types },
  placeOf,
}: SettingsFile): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  for (const [type, { ready, live, port }] of types ?? []) {
    const isPortless = port === "none";
    const add = (path: readonly string[], problem: Problem | undefined) => {
      const place = placeOf(["types", type, ...path]);
      if (problem) problems.push({ severity: "error", ...place, ...problem });
    };
    add(["ready", "http"], findUrlProblem(type, ready?.http, isPortless));
    add(["ready", "tcp"], findAddressProblem(type, ready?.tcp, isPortless));
    add(["live", "http"], findUrlProblem(type, live?.http, isPortless));
    add(["live", "tcp"], findAddressProblem(type, live?.tcp, isPortless));
  }
  return problems;
}

function findUrlProblem(
  type: string,
  url: string | undefined,
  isPortless: boolean,
): Problem | undefined {
  if (url === undefined) return undefined;
  if (isPortless && (url.startsWith("/") || namesPort(url))) {
    return { message: `${type} has port: none`, hint: "write the whole URL" };
  }
  // What a variable makes of it is seen when it is asked for.
  if (url.includes("$") || readUrl(url, 1) !== undefined) return undefined;
  const hint = "as in /health, or http://localhost:$PORT/health";
  return { message: `${quote(url)} is neither a path nor a URL`, hint };
}

function findAddressProblem(
  type: string,
  address: string | undefined,
  isPortless: boolean,
): Problem | undefined {
  if (address === undefined) return undefined;
  if (isPortless && namesPort(address)) {
    return { message: `${type} has port: none`, hint: "write the port that it listens on" };
  }
  if (address.includes("$") || readAddress(address).is === "address") return undefined;
  return { message: `${quote(address)} is no port`, hint: "as in 5432, $PORT or localhost:5432" };
}

function namesPort(text: string): boolean {
  return /\$(PORT\b|\{PORT\})/.test(text);
}
