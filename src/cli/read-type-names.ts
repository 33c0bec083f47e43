/** The process types of an app, for who can do without them. */
import { resolve } from "node:path";
import { filesAtOnce } from "../config/files.ts";
import { procfileName, type Root, type RootRequest } from "../config/root.ts";
import { parseProcfile } from "../core/procfile.ts";

/** In the Procfile's order; undefined when there is none, or one with mistakes. */
export async function readTypeNames(
  { cwd, procfile }: RootRequest,
  { root, options }: Root,
): Promise<readonly string[] | undefined> {
  const named = String(options.procfile?.value ?? procfileName);
  const path = procfile === undefined ? resolve(root, named) : resolve(cwd, procfile);
  try {
    const types = parseProcfile(await filesAtOnce.read(path), path);
    return types.ok ? types.value.map(({ name }) => name) : undefined;
  } catch {
    return undefined;
  }
}
