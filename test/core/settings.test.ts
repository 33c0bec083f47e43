import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../src/core/diagnostic.ts";
import {
  type Given,
  type GivenSettings,
  readPortNumber,
  readSelection,
  readSettings,
  type SettingName,
  type Settings,
} from "../../src/core/settings.ts";

const defaults: Settings = {
  port: undefined,
  graceMs: 10_000,
  restart: "on-failure",
  exitOn: "all",
  timestamps: "time",
  prefix: true,
  logFormat: "text",
  isolation: undefined,
  log: "all",
};

function given(name: SettingName, value: Given["value"]): GivenSettings {
  return { [name]: { value, source: `--${name}` } };
}

describe("a selection", () => {
  it("is nothing by default", () => {
    const nothing = {
      formation: undefined,
      except: undefined,
      quiet: undefined,
      release: false,
      watch: true,
    };
    expect(readSelection({})).toEqual(nothing);
  });

  it.each<[name: SettingName, value: Given["value"], text: string]>([
    ["quiet", "web,worker", "web,worker"],
    ["quiet", 1, "1"],
    ["formation", "web=2", "web=2"],
    ["except", "web", "web"],
  ])("%s: %j", (name, value, text) => {
    expect(readSelection(given(name, value))).toMatchObject({
      [name]: { text, source: `--${name}` },
    });
  });
});

describe("a setting", () => {
  it("has a default", () => {
    expect(readSettings({})).toEqual({ ok: true, value: defaults, diagnostics: [] });
  });

  it.each<[name: SettingName, value: Given["value"], settings: Partial<Settings>]>([
    ["port", "3000", { port: 3000 }],
    ["port", 3000, { port: 3000 }],
    ["port", " 3000 ", { port: 3000 }],
    ["port", "1", { port: 1 }],
    ["port", "65535", { port: 65_535 }],
    ["port", "auto", { port: "auto" }],
    ["timeout", "5", { graceMs: 5_000 }],
    ["timeout", 5, { graceMs: 5_000 }],
    ["timeout", "0", { graceMs: 0 }],
    ["timeout", "0.25", { graceMs: 250 }],
    ["timeout", 1.5, { graceMs: 1_500 }],
    ["timeout", "999999", { graceMs: 999_999_000 }],
    ["restart", true, { restart: "on-failure" }],
    ["restart", false, { restart: "never" }],
    ["restart", "false", { restart: "never" }],
    ["exit-on", "parked", { exitOn: "parked" }],
    ["exit-on", "all", { exitOn: "all" }],
    ["timestamps", "time", { timestamps: "time" }],
    ["timestamps", "iso", { timestamps: "iso" }],
    ["timestamps", "off", { timestamps: "off" }],
    ["timestamps", true, { timestamps: "time" }],
    ["timestamps", false, { timestamps: "off" }],
    ["prefix", false, { prefix: false }],
    ["prefix", true, { prefix: true }],
    ["cgroup", true, { isolation: "cgroup" }],
    ["cgroup", false, {}],
    ["log", true, { log: "all" }],
    ["log", false, { log: "procman" }],
    ["log-format", "text", { logFormat: "text" }],
    ["log-format", "heroku", { logFormat: "heroku" }],
    ["log-format", "json", { logFormat: "json" }],
  ])("%s: %j", (name, value, settings) => {
    const result = readSettings(given(name, value));
    expect(result.diagnostics).toEqual([]);
    expect(result.ok && result.value).toEqual({ ...defaults, ...settings });
  });

  it.each<[name: SettingName, values: Given["value"][], want: string]>([
    [
      "port",
      ["", "0", "65536", "-1", "80.5", "1e3", "0x50", "web", "AUTO", "99999999", "8 0", false],
      "a port from 1 to 65535, or auto",
    ],
    [
      "timeout",
      ["", "-1", "soon", "5s", "1e3", ".5", "1.", "Infinity", "NaN", "1000000", true],
      "a number of seconds from 0",
    ],
    ["restart", ["", "yes", "no", "never", 1], "true or false"],
    ["exit-on", ["", "web", "crashed", true], "all or parked"],
    ["timestamps", ["", "utc", "ISO", 1], "time, iso or off"],
    ["prefix", ["", "off", 0], "true or false"],
    ["cgroup", ["", "on", 1], "true or false"],
    ["log", ["", "off", 0], "true or false"],
    ["log-format", ["", "xml", "JSON", true], "text, heroku or json"],
  ])("%s: refuses %j", (name, values, want) => {
    for (const value of values) {
      const { ok, diagnostics } = readSettings(given(name, value));
      expect(ok).toBe(false);
      expect(diagnostics.map(formatDiagnostic)).toEqual([
        `--${name}: error: "${value}" is not ${want}`,
      ]);
    }
  });

  it("is shown short and without what moves the cursor", () => {
    const { diagnostics } = readSettings(given("port", `\u001b[2J${"x".repeat(1_000)}`));
    expect(diagnostics[0]?.message).toMatch(/^"<U\+001B>\[2Jx{56}…" is not a port/);
  });

  it("is refused together with all others that are wrong, each by its place", () => {
    const { diagnostics } = readSettings({
      port: { value: "x", source: "--port" },
      timeout: { value: "y", source: ".foreman:3" },
      prefix: { value: true, source: ".foreman:4" },
      restart: { value: "z", source: ".foreman:5" },
    });
    expect(diagnostics.map(({ file }) => file)).toEqual(["--port", ".foreman:3", ".foreman:5"]);
  });
});

describe("readPortNumber", () => {
  it.each([
    ["1", 1],
    ["080", 80],
    ["65535", 65_535],
    ["65536", undefined],
    ["0", undefined],
    ["000080", undefined],
    ["", undefined],
    [" 80", undefined],
    ["80\n", undefined],
    ["٣", undefined],
  ])("%j: %s", (text, port) => {
    expect(readPortNumber(text)).toBe(port);
  });
});
