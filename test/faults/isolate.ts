/**
 * A row runs in a process of its own and, where that may be had, with its own process ids and
 * mounts: whoever it leaves is counted exactly, and gone with it. Elsewhere all carry a mark.
 */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Fault, Outcome } from "./fault.ts";
import type { Form } from "./form.ts";
import { createStage, isolationVariable, type Stage } from "./stage.ts";

export interface Isolation {
  readonly description: string;
  /** What stands before a command. */
  readonly words: readonly string[];
}

// A shell is the first process there, because Node would not reap whoever loses its parent.
const ownNamespaces = [
  ...["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"],
  ...["sh", "-c", '"$@"; exit $?', "sh"],
];

const folderVariable = "FAULTS_FOLDER";
const answerName = "outcome.json";

export function chooseIsolation(): Isolation {
  const [program = "", ...words] = ownNamespaces;
  const canUnshare = spawnSync(program, [...words, "true"]).status === 0;
  return canUnshare
    ? { description: "each with its own process ids and mounts", words: ownNamespaces }
    : { description: "told apart by a mark (own process ids need root)", words: [] };
}

/** Nobody is to wait for a row that hangs. */
const rowMs = 120_000;

export async function runIsolated(
  { name }: Fault,
  form: Form,
  { words }: Isolation,
): Promise<Outcome> {
  // Short: the path of a socket has room for a hundred bytes.
  const folder = await mkdtemp(join(tmpdir(), "f-"));
  await chmod(folder, 0o711);
  const [program = "", ...rest] = [...words, process.execPath, process.argv[1] ?? ""];
  const args = ["--row", name, "--seed", String(form.seed)];
  if (form.isLong) args.push("--minutes", String(form.minutes));
  const child = spawn(program, [...rest, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      [folderVariable]: folder,
      [isolationVariable]: words.length > 0 ? "namespaces" : "mark",
    },
  });
  const limitMs = rowMs + (form.isLong ? 4 : 1) * form.minutes * 60_000;
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  clearTimeout(timer);
  try {
    return JSON.parse(readFileSync(join(folder, answerName), "utf8"));
  } catch {
    return { is: "failed", problem: `it gave no answer within ${limitMs / 1_000} s` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In the process of the row itself. */
export async function runRow(fault: Fault, form: Form): Promise<void> {
  const folder = process.env[folderVariable] ?? "";
  const stage = await createStage(folder, form, fault.name);
  const outcome = await play(fault, stage);
  await writeFile(join(folder, answerName), JSON.stringify(outcome));
  // Something may still be open that would keep it here.
  process.exit(0);
}

async function play(fault: Fault, stage: Stage): Promise<Outcome> {
  try {
    const figure = await fault.run(stage);
    await stage.end();
    return { is: "held", figure };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { is: "failed", problem };
  } finally {
    await stage.clear();
  }
}
