/** Finds and reads the procman.yml of a folder, where there is one. */
import type { Result } from "../core/diagnostic.ts";
import { isMissing, showPath, unreadable } from "./env-files.ts";
import type { Files } from "./files.ts";
import { settingsFileName } from "./root.ts";
import type { SettingsFile } from "./settings-file.ts";

export const noSettings: SettingsFile = {
  values: {},
  placeOf: () => ({ file: settingsFileName }),
};

export interface SettingsPath {
  readonly cwd: string;
  readonly path: string;
}

export async function readSettingsFile(
  { cwd, path }: SettingsPath,
  disk: Files,
): Promise<Result<SettingsFile>> {
  const file = showPath(cwd, path);
  try {
    const bytes = await disk.read(path);
    const { parseSettingsFile } = await import("./settings-file.ts");
    return await parseSettingsFile(bytes, file);
  } catch (error) {
    if (isMissing(error)) return { ok: true, value: noSettings, diagnostics: [] };
    return { ok: false, diagnostics: [unreadable(file, error)] };
  }
}
