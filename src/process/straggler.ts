/** What a procman that is no more has left running, found by what it still holds. */
import { type Environment, idVariable } from "../core/environment.ts";
import { hashText } from "../core/hash-text.ts";
import { readSupervisorId } from "../core/supervisor-id.ts";
import { findPortHolder } from "./port-holder.ts";
import { hasEnded, processTable } from "./process-table.ts";
import { createSweeper } from "./sweep.ts";

/**
 * Ends whoever holds this port, if `findStraggler` knows it, and all that has the same mark. It has
 * as long for that as when procman stops it. Gives those that have ended.
 */
export async function endStraggler(
  port: number,
  root: string,
  graceMs: number,
): Promise<readonly string[]> {
  const mark = await findStraggler(port, root);
  if (mark === undefined) return [];
  return (await createSweeper(processTable).sweep({ mark }, () => false, graceMs)).ended;
}

/**
 * The mark of the procman that started whoever holds this port, if it ran the app of this folder
 * and has ended. Where nobody can tell whether it has, it counts as running.
 */
async function findStraggler(port: number, root: string): Promise<string | undefined> {
  const { pid } = await findPortHolder(port);
  if (pid === undefined) return undefined;
  const id = (await readEnvironment(pid)).get(idVariable) ?? "";
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
