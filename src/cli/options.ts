/** From the options of a command line to what `loadApp` is asked for. */
import { isatty } from "node:tty";
import type { LoadRequest } from "../config/load.ts";
import type { RootRequest } from "../config/root.ts";
import { builtInVariables, type Environment } from "../core/environment.ts";
import type { Given, GivenSettings } from "../core/settings.ts";
import type { Options } from "./call.ts";

export function loadRequest(
  options: Options,
  types: readonly string[],
  isColourShown: boolean,
): LoadRequest {
  return {
    ...rootRequest(options),
    app: textOf(options, "app"),
    env: options.has("no-env") ? "none" : textOf(options, "env")?.split(",").filter(Boolean),
    filesWin: options.has("env-override"),
    expand: options.has("env-expand"),
    settings: settingsOf(options),
    router: {
      router: textOf(options, "router"),
      host: textOf(options, "router-host"),
      tls: textOf(options, "router-tls"),
    },
    types,
    shell: shellEnvironment(),
    builtIn: builtInVariables(isColourShown),
  };
}

export function rootRequest(options: Options): RootRequest {
  return {
    cwd: process.cwd(),
    root: textOf(options, "root"),
    procfile: textOf(options, "procfile"),
  };
}

export function textOf(options: Options, name: string): string | undefined {
  const value = options.get(name);
  return typeof value === "string" ? value : undefined;
}

function settingsOf(options: Options): GivenSettings {
  const given = (name: string, value: Given["value"] | undefined = textOf(options, name)) =>
    value === undefined ? undefined : { value, source: `--${name}` };
  const off = (name: string) => given(`no-${name}`, options.has(`no-${name}`) ? false : undefined);
  const formations = [textOf(options, "formation"), textOf(options, "concurrency")].filter(Boolean);
  return {
    formation: given("formation", formations.length > 0 ? formations.join(",") : undefined),
    except: given("except"),
    release: given("release", options.has("release") ? true : undefined),
    port: given("port"),
    timeout: given("timeout"),
    restart: off("restart"),
    "exit-on": given("exit-on"),
    timestamps: given("timestamps"),
    prefix: off("prefix"),
    cgroup: given("cgroup", options.has("cgroup") ? true : undefined),
    log: off("log"),
    watch: off("watch"),
    "log-format": given("log-format") ?? given("json", options.has("json") ? "json" : undefined),
    quiet: given("quiet"),
  };
}

function shellEnvironment(): Environment {
  const variables = new Map<string, string>();
  for (const [key, value] of Object.entries(process.env)) {
    if (value !== undefined) variables.set(key, value);
  }
  return variables;
}

export type TerminalKind = "colour" | "plain" | "none";

/** Whether stdout is a terminal, and one that colours may be written to. */
export function stdoutKind(options: Options): TerminalKind {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  // Not process.stdout, which would be built for nothing else: lines go past it.
  const kind = isatty(1) ? "plain" : "none";
  if (options.has("no-color") || NO_COLOR) return kind;
  if (FORCE_COLOR !== undefined) return /^(0|false)$/.test(FORCE_COLOR) ? kind : "colour";
  return kind === "plain" && TERM !== "dumb" ? "colour" : kind;
}
