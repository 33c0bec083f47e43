import { describe, expect, it } from "vitest";
import { type FileOptions, parseOptionsFile } from "../../src/config/options-file.ts";
import { formatDiagnostic, type Result } from "../../src/core/diagnostic.ts";

function read(text: string): Promise<Result<FileOptions>> {
  return parseOptionsFile(Buffer.from(text), ".foreman");
}

/** Every option that is given, with its value and where it stands. */
function valuesOf(options: FileOptions): Readonly<Record<string, string>> {
  const { settings, root, procfile, env, app } = options;
  return Object.fromEntries(
    Object.entries({ ...settings, root, procfile, env, app }).flatMap(([name, given]) =>
      given ? [[name, `${JSON.stringify(given.value)} at ${given.source}`]] : [],
    ),
  );
}

describe("options", () => {
  it.each<[name: string, text: string, values: Readonly<Record<string, string>>]>([
    ["nothing", "", {}],
    ["only a comment", "# port: 3000\n", {}],
    ["a number", "port: 3000\n", { port: "3000 at .foreman:1" }],
    ["no newline at the end", "port: 3000", { port: "3000 at .foreman:1" }],
    ["a switch that is off", "no-restart: true", { restart: "false at .foreman:1" }],
    ["a switch that is not off", "no-prefix: false", { prefix: "true at .foreman:1" }],
    ["no files", "no-env: true", { env: "false at .foreman:1" }],
    ["the app's name", "app: shop", { app: '"shop" at .foreman:1' }],
    ["a word", "port: auto", { port: '"auto" at .foreman:1' }],
    [
      "a switch",
      "restart: false\nprefix: true",
      { restart: "false at .foreman:1", prefix: "true at .foreman:2" },
    ],
    // Not a switch in YAML 1.2.
    ["off", "timestamps: off", { timestamps: '"off" at .foreman:1' }],
    ["quotes", "formation: 'web=2, worker=1'", { formation: '"web=2, worker=1" at .foreman:1' }],
    ["no quotes", "formation: web=2,worker=1", { formation: '"web=2,worker=1" at .foreman:1' }],
    ["Foreman's --- at the start", "---\nport: 3000\n", { port: "3000 at .foreman:2" }],
    ["a comment behind", "port: 3000 # web\n", { port: "3000 at .foreman:1" }],
    [
      "CRLF",
      "port: 3000\r\ntimeout: 5\r\n",
      { port: "3000 at .foreman:1", timeout: "5 at .foreman:2" },
    ],
    ["a byte order mark", "\ufeffport: 3000\n", { port: "3000 at .foreman:1" }],
    [
      "braces",
      "{ port: 3000, timeout: 5 }",
      { port: "3000 at .foreman:1", timeout: "5 at .foreman:1" },
    ],
    [
      "concurrency, Foreman's older name",
      "concurrency: web=2",
      { formation: '"web=2" at .foreman:1' },
    ],
    ["timestamp, Foreman's name", "timestamp: false", { timestamps: "false at .foreman:1" }],
    [
      "files and folders",
      "root: app\nprocfile: Procfile.dev\nenv: .env,.env.local\n",
      {
        root: '"app" at .foreman:1',
        procfile: '"Procfile.dev" at .foreman:2',
        env: '".env,.env.local" at .foreman:3',
      },
    ],
    [
      "the rest",
      "timeout: 2.5\nlog-format: json\nquiet: web\nexcept: clock\n",
      {
        timeout: "2.5 at .foreman:1",
        "log-format": '"json" at .foreman:2',
        quiet: '"web" at .foreman:3',
        except: '"clock" at .foreman:4',
      },
    ],
  ])("%s", async (_, text, values) => {
    const result = await read(text);
    expect(result.diagnostics.map(formatDiagnostic)).toEqual([]);
    expect(result.ok && valuesOf(result.value)).toEqual(values);
  });
});

describe("what is not used", () => {
  it.each<[name: string, text: string, said: readonly string[]]>([
    [
      "an unknown option",
      "color: true",
      ['.foreman:1:1: warning: "color" is not used by procman; it is an option of another tool'],
    ],
    [
      "a slip",
      "port: 1\ntimeuot: 3",
      ['.foreman:2:1: warning: "timeuot" is not used by procman; did you mean "timeout"?'],
    ],
    [
      "a name of every object",
      "__proto__: 1\nconstructor: 2",
      [
        '.foreman:1:1: warning: "__proto__" is not used by procman; it is an option of another tool',
        '.foreman:2:1: warning: "constructor" is not used by procman; it is an option of another tool',
      ],
    ],
  ])("is a warning: %s", async (_, text, said) => {
    const { ok, diagnostics } = await read(text);
    expect(diagnostics.map(formatDiagnostic)).toEqual(said);
    expect(ok).toBe(true);
  });
});

describe("a mistake", () => {
  it.each<[name: string, text: string, said: readonly (string | RegExp)[]]>([
    ["no value", "port:\n", ['.foreman:1:1: error: "port" needs one value behind it']],
    ["null", "port: ~\n", ['.foreman:1:1: error: "port" needs one value behind it']],
    ["a list", "quiet:\n  - web\n", ['.foreman:1:1: error: "quiet" needs one value behind it']],
    [
      "a table",
      "formation:\n  web: 2\n",
      ['.foreman:1:1: error: "formation" needs one value behind it'],
    ],
    [
      "too many options for a person",
      `a: ${"x".repeat(64 * 1024)}`,
      [".foreman: error: the file is larger than 64 KiB; is it the right one?"],
    ],
    ["a NUL", "port: \0\n", [/^\.foreman:1:7: error: a NUL byte/]],
    ["a list of options", "- port: 3000\n", [".foreman:1:1: error: not a list of NAME: VALUE"]],
    ["a word", "port 3000\n", [".foreman:1:1: error: not a list of NAME: VALUE"]],
    ["command line options", "--port 3000\n", [/^\.foreman:1:1: error: not a list of NAME: VALUE/]],
    ["twice", "port: 1\nport: 2\n", [/^\.foreman:2:1: error: Map keys must be unique$/]],
    ["a tab", "a:\n\tport: 1\n", [/^\.foreman:2:\d+: error: [^\n]*[Tt]ab/]],
    ["an open quote", 'port: "3000\n', [/^\.foreman:\d+:\d+: error: [^\n]*"/]],
    [
      "an unknown option and a mistake, both",
      "colour: 1\nport: []\n",
      [/^\.foreman:1:1: warning: "colour"/, /^\.foreman:2:1: error: "port"/],
    ],
  ])("%s", async (_, text, said) => {
    const { ok, diagnostics } = await read(text);
    expect(ok).toBe(false);
    const lines = diagnostics.map(formatDiagnostic);
    // The parser may add what follows from the mistake.
    for (const [index, line] of said.entries()) expect(lines[index]).toMatch(line);
    for (const line of lines) expect(line).not.toMatch(/\n| at line /);
  });

  it("with a name that moves the cursor is shown as what it is", async () => {
    const { diagnostics } = await read('"po\\e[2Jrt": 1\n');
    expect(diagnostics.map(({ message }) => message)).toEqual([
      '"po<U+001B>[2Jrt" is not used by procman',
    ]);
  });

  it("of the syntax is shown short and as what it is", async () => {
    const { diagnostics } = await read(`port: |\u001a${"x".repeat(1_000)}\n`);
    expect(diagnostics[0]?.message).toMatch(/^Block scalar .*<U\+001A>x+$/);
    for (const { message } of diagnostics) expect(message.length).toBeLessThan(300);
  });

  it("is shown fifty times", async () => {
    const { diagnostics } = await read("port: 1\n".repeat(1_000));
    expect(diagnostics.length).toBeLessThan(100);
  });

  it("is none where a switch is on", async () => {
    const result = await read("env-override: true\nenv-expand: true\n");
    expect(result.ok && [result.value.filesWin, result.value.expand]).toEqual([true, true]);
  });

  it("by two names is one too", async () => {
    const { ok } = await read("formation: web=1\nconcurrency: web=2\n");
    expect(ok).toBe(false);
  });
});
