/** What is wrong with the memory limits of a procman.yml, each with its place. */
import { existsSync } from "node:fs";
import type { Diagnostic } from "../core/diagnostic.ts";
import { formatBytes } from "../core/memory.ts";
import type { SettingsFile } from "./settings-file.ts";

export function findMemoryProblems(
  { values: { types }, placeOf }: SettingsFile,
  isMeasured = () => existsSync("/proc/self/stat"),
): readonly Diagnostic[] {
  return [...(types ?? [])].flatMap(([type, { memory }]): readonly Diagnostic[] => {
    if (memory === undefined) return [];
    const { warn, limit } = memory;
    const place = placeOf(["types", type, "memory"]);
    if (warn === undefined && limit === undefined) {
      const message = `the memory of ${type} needs warn, limit or both`;
      return [{ severity: "error", ...place, message }];
    }
    if (warn !== undefined && limit !== undefined && warn > limit) {
      const message = `warn is ${formatBytes(warn)}, above the limit of ${formatBytes(limit)}`;
      const hint = "it would never be told";
      return [{ severity: "error", ...placeOf(["types", type, "memory", "warn"]), message, hint }];
    }
    if (isMeasured()) return [];
    const message = `the memory of ${type} is not measured on this system, which has no /proc`;
    return [{ severity: "warning", ...place, message, hint: "nothing comes of the setting" }];
  });
}
