/** What a person writes, through the functions that `procman check` and the commands use. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readLogRequest } from "../../src/cli/log-request.ts";
import { loadApp } from "../../src/config/load.ts";
import type { Diagnostic, Result } from "../../src/core/diagnostic.ts";
import { parseHerokuLine } from "../../src/core/log-format.ts";
import { applyScale, readScaleWords } from "../../src/core/scale.ts";

/** Nobody reads more, and a terminal shall not be flooded. */
const maxMessage = 2_000;

export type FileName = "Procfile" | ".env" | ".foreman";

const usual: Readonly<Record<FileName, string>> = {
  Procfile: "web: node web.js\nworker: node worker.js\n",
  ".env": "A=1\n",
  ".foreman": "timeout: 5\n",
};

/** Loads an app one of whose files has these bytes; the others are right. */
export async function checkFile(folder: string, name: FileName, bytes: Buffer): Promise<void> {
  for (const [one, text] of Object.entries(usual)) writeFileSync(join(folder, one), text);
  writeFileSync(join(folder, name), bytes);
  const result = await loadApp({
    cwd: folder,
    root: folder,
    filesWin: false,
    expand: true,
    settings: {},
    router: {},
    types: [],
    builtIn: new Map(),
    shell: new Map([["HOME", "/home/marc"]]),
  });
  for (const one of Object.keys(usual)) rmSync(join(folder, one));
  // Somebody who opens the file has at least one line before him, and one behind the last end.
  const lines = bytes.toString("latin1").split(/\r\n|\r|\n/).length;
  expectTold(result);
  for (const found of result.diagnostics) expectPlace(found, name, lines);
}

function expectTold({ ok, diagnostics }: Result<unknown>): void {
  const hasError = diagnostics.some(({ severity }) => severity === "error");
  if (ok === hasError) throw new Error(`ok is ${ok}, with an error: ${hasError}`);
  for (const found of diagnostics) {
    const { message, hint = "" } = found;
    if (message === "") throw new Error("a diagnostic without a message");
    const text = `${message}${hint}`;
    if (text.length > maxMessage) throw new Error(`a message of ${text.length} characters`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\u0000-\u001f\u007f-\u009f\u202e]/.test(text))
      throw new Error(`controls in ${JSON.stringify(text)}`);
  }
}

function expectPlace({ file, line, column, message }: Diagnostic, name: FileName, lines: number) {
  if (file === "") throw new Error(`no file in ${message}`);
  if (line === undefined) return;
  const isOwn = file === name;
  if (line < 1 || (isOwn && line > lines)) throw new Error(`line ${line} of ${lines}: ${message}`);
  if (column !== undefined && column < 1) throw new Error(`column ${column}: ${message}`);
}

/** `web=2 worker+1`; the kernel has no room for a longer argument. */
export function checkScaleWords(bytes: Buffer): void {
  const changes = readScaleWords(bytes.toString("utf8", 0, 128 * 1024).split(/\s+/), "scale");
  expectTold(changes);
  if (!changes.ok) return;
  expectTold(applyScale(new Map([["web", 1]]), changes.value, "scale"));
}

/** The options of `procman logs`, a word each. */
export function checkLogWords(bytes: Buffer): void {
  // Each is a call of its own: the same one a million times is no longer input.
  const words = new Set(bytes.toString().split(" "));
  for (const name of ["since", "ps", "source", "grep", "num"]) {
    for (const word of words) {
      const read = readLogRequest(new Map([[name, word]]), Date.UTC(2026, 10, 21));
      if ("problem" in read && read.problem === "") throw new Error(`no reason for ${word}`);
    }
  }
}

export function checkLogLines(bytes: Buffer): void {
  for (const line of bytes.toString("latin1").split("\n")) {
    const read = parseHerokuLine(line);
    if (read && !line.endsWith(read.text)) throw new Error("another text than that of the line");
  }
}
