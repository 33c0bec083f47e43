/** What a procman that is no more has left running, found by what it still holds. */
import { type Environment, idVariable } from "../core/environment.ts";
import { hashText } from "../core/hash-text.ts";
import { readSupervisorId } from "../core/supervisor-id.ts";
import { findPortHolder } from "./ports.ts";
import { hasEnded } from "./process-table.ts";

/**
 * The mark of the procman that started whoever holds this port, if it ran the app of this folder
 * and has ended. Where nobody can tell whether it has, it counts as running.
 */
export async function findStraggler(port: number, root: string): Promise<string | undefined> {
  const holder = findPortHolder(port);
  if (holder === undefined) return undefined;
  const id = (await readEnvironment(holder)).get(idVariable) ?? "";
  const owner = readSupervisorId(id);
  // By the folder: the names of two apps may be the same.
  if (owner?.rootHash !== hashText(root)) return undefined;
  return hasEnded(owner.pid) ? `${idVariable}=${id}` : undefined;
}

/** Of a process; empty where it may not be read. */
async function readEnvironment(pid: number): Promise<Environment> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  const pairs = text.split("\0").map((row): [string, string] => {
    const [key = "", ...rest] = row.split("=");
    return [key, rest.join("=")];
  });
  return new Map(pairs);
}
