/** What a process type's command is run with, as far as procman.yml says. */

export interface Launch {
  /** Absolute. The app's folder without it. */
  readonly cwd?: string;
  /** The words before the command, as in `bash -lc`. `/bin/sh -c` without it. */
  readonly shell?: string;
  /** Absolute paths, lowest first. */
  readonly envFiles?: readonly string[];
  /** Above these, and all that is not procman's own. */
  readonly env?: ReadonlyMap<string, string>;
}
