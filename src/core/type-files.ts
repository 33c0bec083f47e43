/** Files like .env that only some process types have, and the environment that comes of them. */
import { type Environment, type EnvironmentLayers, mergeLayers } from "./environment.ts";
import type { Launch } from "./launch.ts";

export interface TypeFiles {
  /** Absolute, lowest first. */
  readonly paths: readonly string[];
  /** Whether a file that is not there is a mistake. */
  readonly mustExist: boolean;
}

export interface OwnEnvironment {
  /** The .env files of the app that the type comes from, when that is included. */
  readonly includedEnv?: TypeFiles;
  readonly launch?: Launch;
}

export function typeFilesOf(type: OwnEnvironment): readonly TypeFiles[] {
  return [type.includedEnv, ownFilesOf(type)].filter((files) => files !== undefined);
}

function ownFilesOf({ launch }: OwnEnvironment): TypeFiles | undefined {
  return launch?.envFiles && { paths: launch.envFiles, mustExist: true };
}

export function keyOfFiles({ paths }: TypeFiles): string {
  return paths.join("\0");
}

/**
 * The files of an included app lie below the app's own files; those of the type, and its variables,
 * above all else. `readingOf` has what was read of files, where they could be.
 */
export function environmentOfType(
  layers: EnvironmentLayers,
  type: OwnEnvironment,
  readingOf: (files: TypeFiles) => Environment | undefined,
): Environment {
  const read = (files: TypeFiles | undefined) => [...((files && readingOf(files)) ?? [])];
  const files = new Map([...read(type.includedEnv), ...layers.files]);
  const merged = mergeLayers({ ...layers, files });
  return new Map([...merged, ...read(ownFilesOf(type)), ...(type.launch?.env ?? [])]);
}
