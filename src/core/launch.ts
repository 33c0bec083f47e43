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

const names: readonly (keyof Launch)[] = ["cwd", "shell", "envFiles", "env"];
const settings: { readonly [Name in keyof Launch]-?: string } = {
  cwd: "cwd",
  shell: "shell",
  envFiles: "env_file",
  env: "env",
};

/** The settings by which the two differ. Whoever runs has to be started anew to get them. */
export function compareLaunches(one: Launch = {}, other: Launch = {}): readonly string[] {
  return names.filter((name) => !isSame(one[name], other[name])).map((name) => settings[name]);
}

function isSame(one: Launch[keyof Launch], other: Launch[keyof Launch]): boolean {
  const plain = (value: Launch[keyof Launch]) =>
    JSON.stringify(value instanceof Map ? [...value] : value);
  return plain(one) === plain(other);
}
