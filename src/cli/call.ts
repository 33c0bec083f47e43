/** What a command line is made of, and what comes out of reading one. */

export interface OptionSpec {
  /** The long name. `no-…` is a name like any other, and switches something off. */
  readonly name: string;
  readonly short?: string;
  /** What stands behind it; absent for a switch. */
  readonly value?: string;
  /** It needs no value: only what matches is one, and without it `given` is. */
  readonly bare?: { readonly value: RegExp; readonly given: string };
  /** May be given several times, which is the same as all values at once with commas between. */
  readonly isList?: boolean;
  readonly help: string;
}

/**
 * Put by `start -D` before all other words for the procman that it leaves in the background. No
 * option that a person gives has dashes in its name.
 */
export const daemonChildMark = "--daemon-child";

/** By long name: what was given, or true for a switch. */
export type Options = ReadonlyMap<string, string | true>;

export interface CommandSpec {
  readonly name: string;
  /** Names that people have in their fingers. */
  readonly aliases?: readonly string[];
  /** What stands behind the name, as commander writes it. */
  readonly words: string;
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** From the first word on, everything belongs to the word. */
  readonly takesAll: boolean;
  readonly after: string;
  /** Loads what the command needs, and resolves with the exit code. */
  readonly run: (words: readonly string[], options: Options) => Promise<number>;
}

export interface Call {
  readonly command: CommandSpec;
  readonly words: readonly string[];
  readonly options: Options;
}
