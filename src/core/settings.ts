/**
 * The settings of `start`: their defaults, their units, and how a word from the command line or
 * from the `.foreman` file becomes one. Flags beat the file, the file beats the defaults.
 */
import { type Diagnostic, type Result, resultOf } from "./diagnostic.ts";
import type { ExitOn } from "./ends-all.ts";
import type { Asked } from "./formation.ts";
import type { Isolation } from "./isolation.ts";
import { quote } from "./text-file.ts";

export type Timestamps = "time" | "iso" | "off";
export type LogFormat = "text" | "heroku" | "json";

/** What an option was given, and where. `value` is as commander or YAML have it. */
export interface Given {
  readonly value: string | number | boolean;
  readonly source: string;
}

export interface Settings {
  /** Undefined: that of the environment, else the default. */
  readonly port: number | "auto" | undefined;
  readonly graceMs: number;
  readonly restart: "on-failure" | "never";
  readonly exitOn: ExitOn;
  readonly timestamps: Timestamps;
  readonly prefix: boolean;
  readonly logFormat: LogFormat;
  /** For each run whose type does not say. */
  readonly isolation: Isolation | undefined;
  /** Whose lines the log on disk has. */
  readonly log: "all" | "procman";
}

/** What names process types, and can be checked only against a Procfile. */
export interface Selection {
  readonly formation: Asked | undefined;
  readonly except: Asked | undefined;
  /** Whether the release is run before all else. */
  readonly release: boolean;
  /** Whether process types are restarted when their files change. */
  readonly watch: boolean;
  /** Whose output is not shown. */
  readonly quiet: Asked | undefined;
}

const defaultGraceMs = 10_000;

/** The options that settings are read from, by their long names. */
export const settingNames = [
  "port",
  "timeout",
  "restart",
  "exit-on",
  "timestamps",
  "prefix",
  "log-format",
  "log",
  "cgroup",
  "quiet",
  "formation",
  "except",
  "release",
  "watch",
] as const;
export type SettingName = (typeof settingNames)[number];

export type GivenSettings = { readonly [Name in SettingName]?: Given | undefined };

export function readSettings(given: GivenSettings): Result<Settings> {
  const problems: Diagnostic[] = [];
  const value = <T>(
    name: SettingName,
    fallback: T,
    read: (text: string) => T | undefined,
    want: string,
  ) => readOne(given[name], fallback, read, want, problems);
  const settings: Settings = {
    port: value<Settings["port"]>("port", undefined, readPort, "a port from 1 to 65535, or auto"),
    graceMs: value("timeout", defaultGraceMs, readSecondsAsMs, "a number of seconds from 0"),
    restart: value("restart", true, readSwitch, "true or false") ? "on-failure" : "never",
    exitOn: value("exit-on", "all", readExitOn, "all or parked"),
    timestamps: value("timestamps", "time", readTimestamps, "time, iso or off"),
    prefix: value("prefix", true, readSwitch, "true or false"),
    logFormat: value("log-format", "text", readLogFormat, "text, heroku or json"),
    isolation: value("cgroup", false, readSwitch, "true or false") ? "cgroup" : undefined,
    log: value("log", true, readSwitch, "true or false") ? "all" : "procman",
  };
  return resultOf(settings, problems);
}

export function readSelection(given: GivenSettings): Selection {
  return {
    formation: askedOf(given.formation),
    except: askedOf(given.except),
    release: given.release?.value === true,
    watch: given.watch?.value !== false,
    quiet: askedOf(given.quiet),
  };
}

function readOne<T>(
  given: Given | undefined,
  fallback: T,
  read: (text: string) => T | undefined,
  want: string,
  problems: Diagnostic[],
): T {
  if (given === undefined) return fallback;
  const value = read(String(given.value).trim());
  if (value !== undefined) return value;
  problems.push({
    severity: "error",
    file: given.source,
    message: `${quote(String(given.value))} is not ${want}`,
  });
  return fallback;
}

/** A whole number from 1 to 65535. */
export function readPortNumber(text: string): number | undefined {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function readPort(text: string): number | "auto" | undefined {
  return text === "auto" ? "auto" : readPortNumber(text);
}

function readSecondsAsMs(text: string): number | undefined {
  return /^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text) ? Math.round(Number(text) * 1_000) : undefined;
}

function readSwitch(text: string): boolean | undefined {
  if (text === "true") return true;
  return text === "false" ? false : undefined;
}

function readExitOn(text: string): ExitOn | undefined {
  return text === "all" || text === "parked" ? text : undefined;
}

function readTimestamps(text: string): Timestamps | undefined {
  // Foreman's own option file says true or false.
  if (text === "true") return "time";
  if (text === "false") return "off";
  return text === "time" || text === "iso" || text === "off" ? text : undefined;
}

function readLogFormat(text: string): LogFormat | undefined {
  return text === "text" || text === "heroku" || text === "json" ? text : undefined;
}

function askedOf(given: Given | undefined): Asked | undefined {
  return given && { text: String(given.value), source: given.source };
}
